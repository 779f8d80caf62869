"""Whatever is asked: no server error, and a problem that says what is wrong."""

import base64
import json

import httpx
import pytest

from infrastructure.answers.listings import LISTINGS

KEY = "agent:main:main"
HUGE = "9" * 30

URLS = [
    "/v1/streams?gateway=%00",
    f"/v1/streams?gateway={'g' * 10_240}",
    "/v1/state",
    "/v1/state?engine_key=%00",
    "/v1/state?engine_key=%ED%A0%80",
    "/v1/state?engine_key=%FF",
    f"/v1/state?engine_key={'k' * 10_240}",
    f"/v1/state?engine_key={KEY}&at={HUGE}",
    "/v1/events?limit=0",
    "/v1/events?limit=1001",
    f"/v1/events?limit={HUGE}",
    f"/v1/events?limit={'9' * 6000}",
    "/v1/events?limit=1.5",
    "/v1/events?type=%00",
    f"/v1/events?{'&'.join(['type=T'] * 65)}",
    "/v1/events?since=soon",
    "/v1/events?until=99999999999d",
    "/v1/events?gateway=%00",
    "/v1/events?engine_key=nobody",
    "/v1/events/x",
    "/v1/events/1-%00",
    f"/v1/events/999999999-{'9' * 18}",
    f"/v1/events/1-{HUGE}",
    "/v1/events/%F0%9F%98%80",
    "/v1/events/a%2Fb",
    "/v1/context",
    "/v1/context?reference=%00",
    f"/v1/context?reference=k%23{HUGE}",
    f"/v1/context?reference={KEY}&call=0",
    f"/v1/context?reference={KEY}&call={HUGE}",
    f"/v1/context?reference={KEY}&submitted=-1",
    f"/v1/context?reference={KEY}&tick=%00",
    "/v1/context?reference=1-1",
    "/v1/summary",
    "/v1/summary?engine_key=%00",
    "/v1/summary?engine_key=nobody",
    f"/v1/summary?engine_key={KEY}&number=0",
    f"/v1/summary?engine_key={KEY}&number={'9' * 18}",
    f"/v1/summary?engine_key={KEY}&number={HUGE}",
    "/v1/replacements",
    f"/v1/replacements?engine_key={KEY}",
    f"/v1/replacements?engine_key={KEY}&entry=0",
    f"/v1/replacements?engine_key={KEY}&entry={HUGE}",
    "/v1/replacements?engine_key=nobody&entry=1",
    "/v1/findings?gateway=%00",
    "/v1/search",
    "/v1/search?query=",
    "/v1/search?query=-x",
    "/v1/search?query=%00",
    f"/v1/search?query={'w+' * 100}",
    f"/v1/search?query={'q' * 2_001}",
    "/v1/search?query=a*",
    "/v1/search?query=x&type=erased",
    "/v1/search?query=x&role=%00",
    f"/v1/search?query=x&engine_key={'k' * 10_240}",
    "/v1/search?query=x&limit=1001",
    "/v1/search?query=x&since=soon",
    "/v1/search?query=x&after=x",
    "/v1/search?query=x&rank=maybe",
    "/v1/search?query=x&gateway=nowhere",
    f"/v1/search?query=x&after={base64.urlsafe_b64encode(b'[1,[1,2,3,4],5]').decode()}",
    *(
        f"/v1/{one.name}?{query}"
        for one in LISTINGS
        for query in (
            "limit=0",
            "limit=1001",
            "since=soon",
            "until=99999999999d",
            "gateway=%00",
            "gateway=nowhere",
            "routing_key=%00",
            f"agent={'a' * 10_240}",
            "after=nonsense",
            f"after={'%5B' * 9_000}",
        )
    ),
    "/v1/keys?session_id=%00",
    "/v1/nothing",
]

BODIES = [
    ("/v1/heads", b""),
    ("/v1/heads", b"\xff"),
    ("/v1/heads", b"[]"),
    ("/v1/heads", b'{"at":[{"partition":4096,"position":1}]}'),
    ("/v1/heads", b'{"at":[{"partition":1,"position":18446744073709551616}]}'),
    ("/v1/heads", b'{"at":[{"partition":1,"position":-1}]}'),
    ("/v1/heads", b"[" * 100_000),
    ("/v1/verification", b""),
    ("/v1/verification", b"\xff\n"),
    ("/v1/verification", b"{}\n"),
    ("/v1/verification", b"[" * 100_000 + b"\n"),
    ("/v1/gateways", b"{}"),
    ("/v1/gateways", b'{"source":"%s","proposed":"Not A Name"}' % (b"a" * 64)),
    ("/v1/gateways", b'{"source":"%s","proposed":"a\\n"}' % (b"a" * 64)),
    ("/v1/gateways", b'{"source":"%s","proposed":"a"}' % (b"a" * 63)),
    ("/v1/gateways", b'{"source":"%s","proposed":"a"}' % (b"x" * 64)),
    ("/v1/gateways", b'{"source":"\\ud800","proposed":"\\u0000"}'),
]


def check(answer: httpx.Response) -> None:
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["code"]
    assert 0 < len(told["detail"]) < 9_000


def test_strange_urls_are_answered_with_a_problem(client: httpx.Client) -> None:
    for url in URLS:
        check(client.get(url))


def test_strange_bodies_are_answered_with_a_problem(client: httpx.Client) -> None:
    for path, body in BODIES:
        check(client.post(path, content=body))


def test_strange_cursors_are_refused(client: httpx.Client) -> None:
    good: list[object] = json.loads(base64.urlsafe_b64decode(client.get("/v1/events").json()["cursor"] + "==="))
    ledger_id, positions, digest = good
    assert isinstance(positions, list)
    strange: list[object] = [
        [ledger_id, [-1] * 16, digest],
        [ledger_id, [10**30] * 16, digest],
        [ledger_id, [2**63 - 1] * 16, digest],
        [ledger_id, ["1"] * 16, digest],
        [ledger_id, positions[:3], digest],
        [ledger_id, positions, "\0"],
        ["0" * 32, positions, digest],
        [ledger_id],
        {"ledger": ledger_id},
    ]
    texts = [base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in strange]
    for text in (*texts, "x", "\0", "😀", base64.urlsafe_b64encode(b"[" * 3_000).decode(), "A" * 60_001):
        check(client.get("/v1/events", params={"after": text}))


@pytest.mark.parametrize("path", ["/v1/streams", "/v1/events", "/v1/heads", "/v1/doctor", "/v1/findings"])
def test_what_may_not_be_done_is_a_problem_too(client: httpx.Client, path: str) -> None:
    check(client.delete(path))
