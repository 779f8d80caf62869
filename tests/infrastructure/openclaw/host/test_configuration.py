"""What a host's configuration says, and that nothing else leaves it."""

import json
from pathlib import Path

import pytest

from infrastructure.openclaw.host import relaxed
from infrastructure.openclaw.host.configuration import (
    Agent,
    Budget,
    CacheTrace,
    Configuration,
    Heartbeat,
    milliseconds,
    read_configuration,
)
from tests.infrastructure.openclaw.host.mutations import mutated

WRITTEN = """// by hand
{
  agents: {
    defaults: {
      heartbeat: { every: '30m', isolatedSession: true, lightContext: false, to: "+4912345", prompt: "PROMPT" },
      model: { primary: "fake/fake-model" },
      contextTokens: 1e5, userTimezone: "Europe/Berlin",
    },
    list: [ { id: "Main", default: true }, { id: "ops", heartbeat: { every: 5, session: "alerts:heartbeat" } } ],
  },
  models: { providers: { fake: { apiKey: "sk-SECRET", models: [
    { id: "fake-model", contextWindow: 32_000 },
  ] } } },
  plugins: { slots: { contextEngine: " heartline " }, entries: { x: { config: { token: "SECRET" } } } },
  diagnostics: { cacheTrace: { enabled: true, filePath: "~/t.jsonl", includeMessages: false } },
  gateway: { auth: { token: "SECRET" } }, logging: { file: "/l.log" }, session: { store: "/s/{agentId}.json" },
}
""".replace("32_000", "32000")

READ = Configuration(
    path="",
    heartbeat=Heartbeat(every="30m", isolated_session=True, light_context=False),
    agents=(Agent("main", None, default=True), Agent("ops", Heartbeat(every="5", session="alerts:heartbeat"))),
    context_engine="heartline",
    cache_trace=CacheTrace(enabled=True, path="~/t.jsonl", messages=False),
    budgets=(Budget("fake", "fake-model", 32_000),),
    context_tokens=100_000,
    model="fake/fake-model",
    user_timezone="Europe/Berlin",
    session_store="/s/{agentId}.json",
    log_file="/l.log",
)


def read(tmp_path: Path, text: str, name: str = "openclaw.json") -> Configuration:
    (tmp_path / name).write_text(text)
    return read_configuration(tmp_path / name)


def reasons(configuration: Configuration) -> list[str]:
    return [problem.reason for problem in configuration.problems]


def test_what_a_verdict_needs_is_read_from_json5(tmp_path: Path) -> None:
    assert read(tmp_path, WRITTEN) == Configuration(
        **{name: getattr(READ, name) for name in READ.__struct_fields__ if name != "path"},
        path=str(tmp_path / "openclaw.json"),
    )


def test_no_secret_leaves_it_whatever_is_said_of_it(tmp_path: Path) -> None:
    odd = WRITTEN.replace('"fake-model", context', '{ source: "env", id: "SECRET" }, context').replace(
        "'30m'", "['SECRET']"
    )
    for text in (WRITTEN, odd, WRITTEN + '"SECRET"', WRITTEN.replace("plugins: {", "plugins: SECRET{")):
        found = repr(read(tmp_path, text))
        for secret in ("SECRET", "PROMPT", "4912345"):
            assert secret not in found


@pytest.mark.parametrize(
    "text",
    [
        '{"agents":{"defaults":{"heartbeat":{"every":"30m"}}}}',
        '\ufeff{"agents":{"defaults":{"heartbeat":{"every":"30m",},},},}',
        '/* x */ {"agents": // y\n {"defaults":{"heartbeat":{"every":"30m", /* , */ }}}}',
        "{agents:{defaults:{heartbeat:{every:'30\\\nm'}}}}",
    ],
)
def test_strict_and_relaxed_forms_say_the_same(tmp_path: Path, text: str) -> None:
    found = read(tmp_path, text)
    assert (found.heartbeat, found.problems) == (Heartbeat(every="30m"), ())


def test_comments_and_commas_in_texts_are_text(tmp_path: Path) -> None:
    found = read(tmp_path, '{"session":{"store":"http://x/*,]*/"},"logging":{"file":",}\\",}"},}')
    assert (found.session_store, found.log_file) == ("http://x/*,]*/", ',}",}')


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON5"),
        ("{\n\n a: }", "not JSON5, at line 3"),
        ("[]", "is no object"),
        ("null", "is no object"),
        ("[" * 600, "nested too deeply"),
        ("{a:" + "[" * 400 + "]" * 400 + "}", "nested too deeply"),
        ('{"agents":{"defaults":{"heartbeat":5}}}', "`agents.defaults.heartbeat`: not an object"),
        ('{"agents":{"defaults":{"heartbeat":{"every":[]}}}}', "`agents.defaults.heartbeat.every`: not a text"),
        (
            '{"agents":{"defaults":{"heartbeat":{"every":' + "9" * 400 + "}}}}",
            "`agents.defaults.heartbeat.every`: not a text",
        ),
        ('{"agents":{"defaults":{"heartbeat":{"every":-1}}}}', "`agents.defaults.heartbeat.every`: not a text"),
        ('{"agents":{"list":{}}}', "`agents.list`: not a list"),
        ('{"agents":{"list":[{}]}}', "`agents.list.0.id`: names no agent"),
        ('{"plugins":{"slots":{"contextEngine":true}}}', "`plugins.slots.contextEngine`: not a text"),
        (
            '{"plugins":{"slots":{"contextEngine":"${E}"}}}',
            "`plugins.slots.contextEngine`: taken from the gateway's env",
        ),
        ('{"logging":{"file":"' + "x" * 2_000 + '"}}', "`logging.file`: longer than 1000 characters"),
        ('{"diagnostics":{"cacheTrace":{"enabled":1}}}', "`diagnostics.cacheTrace.enabled`: not true or false"),
    ],
)
def test_what_is_of_the_wrong_kind_is_told_and_not_said(tmp_path: Path, text: str, reason: str) -> None:
    found = read(tmp_path, text)
    assert any(one.startswith(reason) for one in reasons(found)), reasons(found)
    assert (found.heartbeat or Heartbeat(), found.context_engine) == (Heartbeat(), None)


def test_what_is_not_there_or_not_text_is_told(tmp_path: Path) -> None:
    assert read_configuration(tmp_path / "none.json").problems == ()
    (tmp_path / "bytes.json").write_bytes(b'{"a":"\xff"}')
    assert reasons(read_configuration(tmp_path / "bytes.json")) == ["not UTF-8 at byte 6"]
    assert reasons(read_configuration(tmp_path)) == ["is no regular file: not opened"]


def test_only_so_much_is_read_by_the_slow_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaxed, "MOST_RELAXED_BYTES", 10)
    assert "at most 10 bytes" in reasons(read(tmp_path, "{'a': 'much too long'}"))[0]


def test_included_files_are_merged_as_the_host_does(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "agents.json5").write_text("{defaults: {$include: './beat.json'}, list: [{id: 'a'}]}")
    (tmp_path / "parts" / "beat.json").write_text('{"heartbeat": {"every": "1h", "target": "last"}}')
    (tmp_path / "more.json").write_text(
        '{"agents": {"list": [{"id": "b"}], "defaults": {"heartbeat": {"every": "2h"}}}}'
    )
    found = read(
        tmp_path,
        json.dumps(
            {
                "$include": ["more.json", "absent.json", 5],
                "agents": {"$include": "parts/agents.json5", "list": [{"id": "c"}]},
                "plugins": {"$include": "openclaw.json"},
                "models": {"$include": "/etc/hostname"},
            }
        ),
    )
    assert found.heartbeat == Heartbeat(every="1h", target="last")
    assert [agent.id for agent in found.agents] == ["b", "a", "c"]
    assert sorted(reasons(found)) == [
        "includes something that is no path",
        "is included and is not there",
        "is included in a circle, or too deeply, or too much is included",
        "lies outside of the configuration's folder: not included",
    ]


def test_once_an_agent_has_a_block_only_those_with_one_tick(tmp_path: Path) -> None:
    found = read(tmp_path, WRITTEN)
    assert found.heartbeat_of("main") is None
    assert found.heartbeat_of("ops") == Heartbeat(
        every="5", isolated_session=True, session="alerts:heartbeat", light_context=False
    )
    without = Configuration(path="", heartbeat=found.heartbeat)
    assert without.heartbeat_of("main") == found.heartbeat


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("30m", 1_800_000),
        ("20s", 20_000),
        ("1.5h", 5_400_000),
        ("0m", 0),
        ("5", 300_000),
        ("250 ms", 250),
        ("soon", None),
    ],
)
def test_durations_are_those_of_the_host(period: str, expected: int | None) -> None:
    assert milliseconds(period) == expected
    assert Heartbeat(every=period).period == expected


@pytest.mark.crash
def test_broken_configurations_are_told_and_never_raise(tmp_path: Path) -> None:
    given = b'{"agents":{"defaults":{"heartbeat":{"every":"30m"}},"list":[{"id":"a"}]},/**/"models":{"providers":{}}}'
    path = tmp_path / "openclaw.json"
    for _, data in mutated(given, "configurations"):
        path.write_bytes(data)
        found = read_configuration(path)
        assert found.problems or isinstance(relaxed.read_relaxed(data), dict)
