"""What holds of every stream, whatever is observed and in whatever order."""

from typing import get_args

from hypothesis import given, settings
from msgspec.structs import replace

from domain import commands as ask
from domain import events as fact
from domain.context import Chain, digest_of, restore
from domain.decider import IllegalTransition, decide, observe
from domain.engine import FRESH, Engine, evolve, fold
from domain.entries import TEXTS
from tests.domain import asks
from tests.domain.anything import COMMANDS, FIELDS, WORK
from tests.domain.facts import message, text
from tests.domain.scenario import ENGINE_KEY


def _observed(commands: list[ask.Command]) -> list[fact.Event]:
    events: list[fact.Event] = []
    engine = FRESH
    for command in commands:
        happened = observe(engine, command, ENGINE_KEY)
        events += happened
        engine = fold(happened, engine)
    return events


def _decided(engine: Engine, command: ask.Command) -> tuple[list[fact.Event], str | None]:
    """What a command of our own comes to: events, or the rule for which it was refused."""
    try:
        return decide(engine, command), None
    except IllegalTransition as refused:
        return [], refused.rule


def _delivered_by_a_recorder(engine: Engine, command: ask.Command) -> ask.Command:
    """The same command with only those messages as novel that the stream does not hold."""
    if isinstance(command, ask.RecordEntries | ask.AssembleContext | ask.SubmitPrompt):
        return replace(command, novel=tuple(one for one in command.novel if one.digest not in engine.roster.references))
    return command


def test_the_strategies_know_every_command() -> None:
    assert set(FIELDS) == set(get_args(ask.Command))


@settings(max_examples=120, deadline=None)
@given(commands=WORK)
def test_any_facts_in_any_order_are_written_and_each_event_is_the_next_version(commands: list[ask.Command]) -> None:
    engine = FRESH
    for number, event in enumerate(_observed(commands), 1):
        engine = evolve(engine, event)
        assert engine.version == number
        assert engine.phase != "fresh"
        assert engine.last_at == event.occurred_at


@settings(max_examples=120, deadline=None)
@given(commands=WORK)
def test_every_event_reads_as_it_was_written(commands: list[ask.Command]) -> None:
    events = _observed(commands)
    payloads = [fact.encode(event) for event in events]
    assert [fact.decode(payload) for payload in payloads] == events
    assert [fact.encode(fact.decode(payload)) for payload in payloads] == payloads
    assert fold(fact.decode(payload) for payload in payloads) == fold(events)


@settings(max_examples=120, deadline=None)
@given(commands=WORK, command=COMMANDS)
def test_a_command_of_our_own_gives_events_or_is_refused_and_never_changes_the_state(
    commands: list[ask.Command], command: ask.Command
) -> None:
    events = _observed(commands)
    engine = fold(events)
    happened, refused = _decided(engine, command)
    assert (refused is None) or not happened
    assert engine == fold(events)
    assert fold(happened, engine) == fold([*events, *happened])


@settings(max_examples=120, deadline=None)
@given(commands=WORK, command=COMMANDS)
def test_both_authorities_write_the_same_but_for_the_anomaly_that_names_what_the_strict_one_refused(
    commands: list[ask.Command], command: ask.Command
) -> None:
    engine = fold(_observed([asks.opening(), *commands]))
    happened, refused = _decided(engine, command)
    observed = observe(engine, command, ENGINE_KEY)
    if refused is None:
        assert observed == happened
    elif observed:
        *written, noted = observed
        assert isinstance(noted, fact.AnomalyNoted)
        assert noted.rule == refused
        assert written
        assert not any(isinstance(event, fact.AnomalyNoted) for event in written)


@settings(max_examples=70, deadline=None)
@given(commands=WORK)
def test_messages_that_the_stream_holds_need_not_come_with_a_command_again(commands: list[ask.Command]) -> None:
    engine = FRESH
    for command in commands:
        happened = observe(engine, command, ENGINE_KEY)
        assert observe(engine, _delivered_by_a_recorder(engine, command), ENGINE_KEY) == happened
        engine = fold(happened, engine)


@settings(max_examples=70, deadline=None)
@given(commands=WORK)
def test_entries_are_numbered_without_a_gap_and_each_byte_form_is_written_once(commands: list[ask.Command]) -> None:
    events = _observed(commands)
    roster = fold(events).roster
    assert [roster.numbers[identity] for identity in roster.numbers] == list(range(1, len(roster) + 1))
    met = [event for event in events if isinstance(event, fact.EntriesRecorded | fact.TextsRecorded)]
    written = [revision for event in met for revision in event.revisions]
    assert len({one.digest for one in written}) == len(written) == len(roster.digests)
    for number in range(TEXTS, len(roster) + 1):
        forms = [one.revision for one in written if one.entry == number]
        assert forms == list(range(1, len(forms) + 1))
        assert roster.revisions_of(number) == len(forms)


@settings(max_examples=70, deadline=None)
@given(commands=WORK)
def test_every_context_is_rebuilt_from_the_stream_and_has_its_digest(commands: list[ask.Command]) -> None:
    events = _observed(commands)
    digests = fold(events).roster.digests
    for kind in (fact.ContextAssembled, fact.PromptSubmitted):
        chain = Chain()
        for number, event in enumerate((one for one in events if isinstance(one, kind)), 1):
            context = restore(event.delta, chain.base())
            chain = chain.extended(event.delta)
            assert chain.count == number
            assert len(context) == event.count
            assert digest_of([digests[reference] for reference in context]).hex() == event.digest


@settings(max_examples=70, deadline=None)
@given(commands=WORK)
def test_a_turn_is_committed_once_for_each_advancement_key_and_a_tick_dispatched_and_settled_once(
    commands: list[ask.Command],
) -> None:
    events = _observed(commands + commands)
    keys = [event.advancement_key for event in events if isinstance(event, fact.TurnCommitted)]
    assert len({key for key in keys if key}) == len([key for key in keys if key])
    for kind in (fact.TickDispatched, fact.TickSettled):
        ticks = [event.tick_id for event in events if isinstance(event, kind)]
        assert len(set(ticks)) == len(ticks)


def test_a_long_session_with_a_new_prompt_each_turn_is_folded_without_a_copy() -> None:
    engine = FRESH
    known = None
    for turn in range(300):
        for command in _turn(turn):
            engine = fold(decide(engine, command), engine)
        if turn:
            assert engine.roster.references._known is known
        known = engine.roster.references._known
    assert (engine.turns, len(engine.roster), engine.roster.revisions_of(TEXTS)) == (300, 300, 300)


def _turn(number: int) -> list[ask.Command]:
    beginning: list[ask.Command] = [asks.opening()] if number == 0 else []
    delivered = message(number)
    return [
        *beginning,
        asks.assembling(delivery=f"turn-{number}", prompt=text(f"prompt {number}")),
        asks.recording(delivered),
        asks.submitting(delivered),
        asks.committing(key=f"advance-{number}"),
    ]
