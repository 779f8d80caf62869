from typing import NamedTuple

import pytest

from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.verify import verify
from tests.infrastructure.ledger.tampering import P, content, deleted, events, places, tamper


class Case(NamedTuple):
    name: str
    changes: tuple[str, ...]
    broken: dict[str, str]
    """Each place that is named, with words of its reason; nothing else may be."""


CHANGED = "it was changed: its leaf"
FLIPPED = "set_byte(payload, 0, get_byte(payload, 0) # 1)"
CASES = [
    Case("a byte of a payload", (events(f"payload = {FLIPPED}"),), {"3-3": CHANGED}),
    Case("the first payload", (events(f"payload = {FLIPPED}", 1),), {"3-1": CHANGED}),
    Case("the last payload", (events("payload = payload || ' '", 9),), {"3-9": CHANGED}),
    Case("an empty payload", (events("payload = ''", 7),), {"3-7": CHANGED}),
    Case("a gateway", (events("gateway = 'other'"),), {"3-3": CHANGED}),
    Case("an engine key", (events("engine_key = engine_key || ' '", 1),), {"3-1": CHANGED}),
    Case("a type", (events("type = 'Other'"),), {"3-3": CHANGED}),
    Case("a version", (events("version = 99"),), {"3-3": CHANGED}),
    Case("a first version", (events("version = 99", 1),), {"3-1": CHANGED}),
    Case("a time", (events("recorded_at = recorded_at + 1"),), {"3-3": CHANGED}),
    Case("a time far ahead", (events("recorded_at = 9223372036854775807"),), {"3-3": CHANGED}),
    Case("a stream", (events("stream = gen_random_uuid()"),), {"3-3": "its stream's id is not that of attic"}),
    Case(
        "a leaf", (events("leaf = sha256(leaf)"),), {"3-3": CHANGED, "3-4": "does not bind the append from 2 to here"}
    ),
    Case("an empty leaf", (events("leaf = ''", 1),), {"3-1": CHANGED, "*3-1": "does not bind the append from 1"}),
    Case("a chain", (events("chain = sha256(chain)", 4),), {"3-4": "does not bind the append from 2 to here"}),
    Case("two chains", (events("chain = ''", 4), events("chain = ''", 6)), {"3-4": "from 2", "3-6": "from 5"}),
    Case("a chain too many", (events("chain = ''", 3),), {"3-3": "the append from 2 to here", "3-4": "from 4"}),
    Case("a chain too few", (events("chain = null", 4),), {"3-6": "does not bind the append from 2 to here"}),
    Case("the last chain", (events("chain = null", 9),), {"3-9": "ends inside an append that began at 9"}),
    Case(
        "a partition",
        (events("partition = 5", 9),),
        {"3-0": "no event recorded", "5-1": "missing", "5-9": CHANGED, "*5-9": "is gone"},
    ),
    Case(
        "a middle row is deleted",
        (deleted("position = 3"),),
        {"3-3": "it is missing", "3-4": "version 3 of its stream"},
    ),
    Case("a middle append is deleted", (deleted("position in (7, 8)"),), {"3-7": "positions 7 to 8 are missing"}),
    Case(
        "the first row is deleted",
        (deleted("position = 1"),),
        {"3-0": "versions 1 to 1", "3-1": "missing", "3-5": "begins with version 2"},
    ),
    Case(
        "the tail is cut inside an append",
        (deleted("position > 2"), "delete from heartline.content", "delete from heartline.deliveries"),
        {"3-2": "ends inside an append that began at 2: it was cut off"},
    ),
    Case(
        "delivered events are cut",
        (deleted("position > 1"), "delete from heartline.content"),
        {"3-0": "versions 1 to 3"},
    ),
    Case(
        "two rows change places",
        (events("position = 99", 3), events("position = 3", 4), events("position = 4", 99)),
        {"3-3": CHANGED, "*3-3": "the append from 2 to here", "3-4": CHANGED, "3-6": "the append from 4 to here"},
    ),
    Case(
        "two payloads change places",
        (events("payload = '8'", 7), events("payload = '7'", 8)),
        {"3-7": CHANGED, "3-8": CHANGED},
    ),
    Case(
        "a row before the first",
        (events("position = 0", 1),),
        {"3-0": "positions begin at 1", "*3-0": CHANGED, "3-1": "missing"},
    ),
    Case(
        "rows of a partition that does not exist",
        ("insert into heartline.events select 16, 1, stream, 1, '', '', '', 1, '', '' from heartline.events limit 1",),
        {"16-0": "the ledger has partitions 0 to 15 only"},
    ),
    Case("a content", (content("bytes = 'One'"),), {"3-5": "entry 1, revision 1 of stream"}),
    Case("a text", (content("bytes = bytes || ' '", 0),), {"3-9": "entry 0, revision 1"}),
    Case("a salt", (content("salt = sha256(salt)", 2),), {"3-5": "entry 2, revision 1"}),
    Case("a content is emptied", (content("bytes = ''"),), {"3-5": "was changed: its digest"}),
    Case("a content is erased", (content("bytes = null, salt = null, equality = null"),), {"3-5": "no event says"}),
    Case("a content is erased in part", (content("bytes = null"),), {"3-5": "in part only"}),
    Case("a content is deleted", ("delete from heartline.content where entry = 2",), {"3-5": "is gone, and no event"}),
    Case("a content is moved", (content("entry = 7"),), {"3-0": "entry 7", "3-5": "entry 1"}),
    Case(
        "a content is put in",
        (f"insert into heartline.content select {P}, stream, 9, 1, '', '', '' from heartline.content where entry = 1",),
        {"3-0": "is there, and no event recorded it"},
    ),
    Case("a delivery", ("update heartline.deliveries set last_version = 9 where last_version = 1",), {"3-0": "1 to 9"}),
    Case(
        "a delivery's start",
        ("update heartline.deliveries set first_version = 0 where last_version = 1",),
        {"3-0": "0 to 1"},
    ),
    Case(
        "a delivery's stream",
        ("update heartline.deliveries set stream = gen_random_uuid() where last_version = 1",),
        {"3-0": "1 to 0"},
    ),
    Case("a head is deleted", ("delete from heartline.heads where partition = 4",), {"4-0": "row in heartline.heads"}),
    Case(
        "a head is of another ledger",
        ("update heartline.heads set ledger_id = gen_random_uuid() where partition = 4",),
        {"4-0": "heads"},
    ),
    Case(
        "a trigger is off",
        ("alter table heartline.events disable trigger events_are_immutable",),
        {"0-0": "keeps heartline.events"},
    ),
    Case(
        "a trigger is for replicas",
        ("alter table heartline.events enable replica trigger events_are_immutable",),
        {"0-0": "keeps heartline.events"},
    ),
    Case(
        "a trigger is dropped",
        ("drop trigger deliveries_are_immutable on heartline.deliveries",),
        {"0-0": "keeps heartline.deliveries"},
    ),
    Case(
        "a trigger is narrowed",
        (
            "drop trigger events_are_immutable on heartline.events",
            "create trigger t before update or delete on heartline.events execute function heartline.refuse_change()",
        ),
        {"0-0": "keeps heartline.events"},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_verify_names_the_place_of_what_a_superuser_changed(filled: Ledger, case: Case) -> None:
    tamper(filled, *case.changes)
    verified = verify(filled)
    assert not verified.ok
    wanted = [(place.lstrip("*"), words) for place, words in case.broken.items()]
    assert places(verified) == [place for place, _words in wanted]
    for one, (_place, words) in zip(verified.broken, wanted, strict=True):
        assert words in one.reason
