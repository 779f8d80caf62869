"""Secrets of known shapes are masked wherever they stand, and nothing else is touched."""

import base64
import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from infrastructure.openclaw.sample.write import LIFECYCLE, TRACE
from infrastructure.openclaw.secrets import masked

ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
HEX = "0123456789abcdef"
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)


class Secret(Struct, frozen=True):
    """A text with a secret in it, what of it must not survive, and what the mask calls it."""

    text: str
    secret: str
    kind: str


def drawn(alphabet: str, least: int, most: int | None = None) -> st.SearchStrategy[str]:
    """Draw letters and digits of which enough differ."""
    drawing = st.text(st.sampled_from(alphabet), min_size=least, max_size=most or least)
    return drawing.filter(
        lambda one: len(set(one)) > min(least // 2, 8) and re.search("[0-9][A-Za-z]", one) is not None
    )


def shape(kind: str, form: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[Secret]:
    """Draw a secret that is known by its shape, as a whole."""

    def made(values: tuple[str, ...]) -> Secret:
        secret = form.format(*values)
        return Secret(secret, secret, kind)

    return st.tuples(*parts).map(made)


def named(kind: str, form: str, value: st.SearchStrategy[str]) -> st.SearchStrategy[Secret]:
    """Draw a secret that is known by what stands before it."""
    return value.map(lambda one: Secret(form.format(one), one, kind))


SHAPED = (
    shape("openai-key", "sk-{}", drawn(ALNUM, 48)),
    shape("openai-key", "sk-proj-{}", drawn(ALNUM + "_-", 80, 160)),
    shape("anthropic-key", "sk-ant-api03-{}AA", drawn(ALNUM + "_-", 93)),
    shape("github-token", "{}_{}", st.sampled_from(["ghp", "gho", "ghu", "ghs", "ghr"]), drawn(ALNUM, 36)),
    shape("github-token", "github_pat_{}_{}", drawn(ALNUM, 22), drawn(ALNUM, 59)),
    shape("gitlab-token", "glpat-{}", drawn(ALNUM + "_-", 20)),
    shape("slack-token", "xoxb-123456789012-{}", drawn(ALNUM, 24)),
    shape("aws-key", "{}{}", st.sampled_from(["AKIA", "ASIA"]), drawn("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)),
    shape("google-key", "AIza{}", drawn(ALNUM + "_-", 35)),
    shape("npm-token", "npm_{}", drawn(ALNUM, 36)),
    shape("stripe-key", "{}k_live_{}", st.sampled_from("rs"), drawn(ALNUM, 24, 99)),
    shape("sendgrid-key", "SG.{}.{}", drawn(ALNUM + "_-", 22), drawn(ALNUM + "_-", 43)),
    shape("twilio-key", "{}{}", st.sampled_from(["AC", "SK"]), drawn(HEX, 32)),
    shape("jwt", "eyJ{}.eyJ{}.{}", drawn(ALNUM + "_-", 20), drawn(ALNUM + "_-", 20, 400), drawn(ALNUM + "_-", 43)),
    shape(
        "private-key",
        "-----BEGIN {}PRIVATE KEY-----\n{}\n{}\n-----END PRIVATE KEY-----",
        st.sampled_from(["", "RSA ", "OPENSSH "]),
        drawn(ALNUM + "+/", 64),
        drawn(ALNUM + "+/", 64),
    ),
    named("telegram-token", "123456789:{}", drawn(ALNUM + "_-", 33).map("AA".__add__)),
)
NAMED = (
    named("token", "Authorization: Bearer {}", drawn(ALNUM + "_-", 30)),
    named("password", "postgres://someone:{}@host:5432/db", drawn(ALNUM + "!*+", 9)),
    named("password", "password={}", drawn(ALNUM, 12)),
    named("api-key", "OPENROUTER_API_KEY='{}'", drawn(ALNUM + "+/", 30)),
    named("token", "curl --token {} https://host/", drawn(ALNUM, 24)),
    named("token", 'config: {{"token": "{}"}}', drawn(ALNUM + "-_", 24)),
    named("secret", "client_secret: {}", drawn(ALNUM, 24)),
)
SECRETS = st.one_of(*SHAPED, *NAMED)


def ascii_only(value: object) -> bytes:
    return json.dumps(value).encode()


def as_it_is(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def hyphens_escaped(value: object) -> bytes:
    return as_it_is(value).replace(b"-", b"\\u002d").replace(b"_", b"\\u005F").replace(b"/", b"\\/")


WRITERS = st.sampled_from([ascii_only, as_it_is, hyphens_escaped])
PLACES: tuple[Callable[[str], object], ...] = (
    lambda text: {"role": "user", "content": text, "timestamp": 1_788_856_922_017},
    lambda text: {"role": "toolResult", "toolCallId": "call_1", "content": [{"type": "text", "text": text}]},
    lambda text: {"role": "assistant", "content": [{"type": "toolCall", "id": "call_1", "arguments": {"run": [text]}}]},
    lambda text: {"role": "assistant", "content": [{"arguments": json.dumps({"command": text, "wait": 1.5e10})}]},
    lambda text: {"role": "user", "content": json.dumps({"body": json.dumps({"text": text})})},
    lambda text: text,
)
"""Where a secret may stand in a message: as text, in arguments, and in JSON within JSON."""

BEFORE = st.sampled_from(
    ["", " ", "\n", "\t", "=", '"', "'", "(", "\u201c", "\u00e9 ", "\x1b[32m", "\x1b[0;1m", "key\n", "[", "a,"]
)
AFTER = st.sampled_from(["", " ", "\n", '"', "'", ")", ".", ",", "\u201d", "\x1b[0m", "]", " and so on\n"])


def same_structure(one: object, other: object) -> bool:
    """Say whether two values of JSON are alike, whatever their strings say."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same_structure(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_structure, one, other))
    return isinstance(one, str) == isinstance(other, str) and (isinstance(one, str) or one == other)


@given(SECRETS, BEFORE, AFTER, st.sampled_from(PLACES), WRITERS)
def test_no_secret_survives_in_whatever_place_of_a_message(
    secret: Secret, before: str, after: str, place: Callable[[str], object], write: Callable[[object], bytes]
) -> None:
    value = place(f"{before}{secret.text}{after}")
    left = masked(write(value))
    assert same_structure(json.loads(left), value)
    assert f"<redacted:{secret.kind}>".encode() in left
    assert secret.secret not in unescaped(left)
    assert masked(left) == left


@given(
    st.lists(st.one_of(SECRETS.map(lambda one: one.text), WORDS), max_size=6), BEFORE, st.sampled_from(PLACES), WRITERS
)
def test_a_message_stays_json_and_what_was_masked_comes_out_as_it_is(
    texts: list[str], between: str, place: Callable[[str], object], write: Callable[[object], bytes]
) -> None:
    value = place(between.join(texts))
    left = masked(write(value))
    assert same_structure(json.loads(left), value)
    assert masked(left) == left


def unescaped(data: bytes) -> str:
    """Read all that a message says, in JSON within it as well."""
    said = json.dumps(json.loads(data), ensure_ascii=False)
    for _depth in range(3):
        said += re.sub(r"\\+n", "\n", re.sub(r"\\+u([0-9a-fA-F]{4})", lambda one: chr(int(one[1], 16)), said))
    return said


HARMLESS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "commit 735deefb70ecc04870b5d38f4b388337b30ca3f4b",
    "f9bd76a9-091a-48f8-bd15-279bb5c488ba",
    "data:image/png;base64," + base64.b64encode(bytes(range(256)) * 40).decode(),
    "toolu_01A09q90qw90lq917835lq9 and call_9pw2kQWeRtY1234567890abc and chatcmpl-AbCdEf1234567890AbCdEf12",
    'the "password" field is required; token: string; api_key: str | None = None',
    "password=$DB_PASSWORD token={{ token }} api_key=process.env.OPENAI_API_KEY_2 secret: os.environ['SECRET_1']",
    "export OPENAI_API_KEY=your-api-key-goes-here-1234",
    '{"usage":{"totalTokens":124349,"tokens":12345678},"token_type":"bearer","tokenizer":"cl100k_base"}',
    "https://host:8080/path?next=user@host.example and git@github.com:owner/name.git and mailto:a@b.example",
    "task-force-of-twenty-people-and-1-more risk-1234567890123456789012345678901234567890",
    "<span class='sk-fading-circle sk-circle-and-more-things'>",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n-----BEGIN PUBLIC KEY-----",
    "the eyJ that a token begins with, and SG. and AKIA and ghp_ by themselves",
    "primary key: 0123456789abcdef0123456789abcdef",
)


@pytest.mark.parametrize("text", HARMLESS)
@pytest.mark.parametrize("write", [ascii_only, as_it_is, hyphens_escaped])
def test_digests_ids_images_and_talk_of_secrets_stay_as_they_are(text: str, write: Callable[[object], bytes]) -> None:
    for place in PLACES:
        data = write(place(text))
        assert masked(data) is data


@given(WORDS, st.sampled_from(PLACES), WRITERS)
def test_a_message_without_secrets_is_the_same_byte_for_byte(
    text: str, place: Callable[[str], object], write: Callable[[object], bytes]
) -> None:
    data = write(place(text))
    assert masked(data) is data


@pytest.mark.parametrize("path", [LIFECYCLE, TRACE], ids=["lifecycle", "trace"])
def test_the_sample_has_no_secret(path: Path) -> None:
    data = path.read_bytes()
    assert masked(data) is data


def test_a_number_of_json_is_no_password() -> None:
    data = b'{"password":12345678e1,"secret":0.12345678901234567e10,"text":"{\\"token\\":1234567890123456e1}"}'
    assert masked(data) is data


HOSTILE = (
    *(
        b"token=",
        b"eyJ-",
        b"-eyJ",
        b".eyJ",
        b"sk-a-",
        b"-----BEGIN PRIVATE KEY-----",
        b"://a:",
        b"://",
        b"SG.aaaaaaaaaaaaaaaaa",
    ),
    *(
        b"\\u002d",
        b"\\\\",
        b"ghp_",
        b"a",
        b"-",
        b"password: $",
        b"AKIA",
        b"key: aaaaaaaa",
        b"--token ",
        b"12345678:AA",
        b"/sk-",
    ),
)


@pytest.mark.parametrize("piece", HOSTILE, ids=repr)
def test_ten_times_as_much_takes_about_ten_times_as_long(piece: bytes) -> None:
    def seconds(size: int) -> float:
        data = b'"' + piece * (size // len(piece)) + b'"'
        begun = time.thread_time()
        masked(data)
        return time.thread_time() - begun

    few = min(seconds(40_000) for _ in range(3))
    assert seconds(400_000) < 30 * few + 0.05
