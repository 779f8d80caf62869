"""JSON that no decoder takes whole, kept byte for byte."""

import json
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.openclaw.lossless import (
    MAX_DEPTH,
    MAX_WHOLE,
    MIN_WHOLE,
    elements,
    legible,
    members,
    plain_numbers,
    shadow,
    text_of,
    too_deep,
)

PIECES = [
    "\\\\",
    "\\n",
    '\\"',
    "\\u0000",
    "\\ud800",
    "\\uDBFF",
    "\\udc00",
    "\\uDfFf",
    "\\ud83d\\ude00",
    "ud800",
    "é",
    "😀",
    "x",
]
json_strings = st.lists(st.sampled_from(PIECES)).map(lambda pieces: '"' + "".join(pieces) + '"')
numbers = st.sampled_from(["0", "-0", "1e400", "-1E+400", "1e-400", "1.50", "9" * 5000, "12"])
spaces = st.sampled_from(["", " ", "\n\t\r "])
values = st.recursive(
    st.one_of(json_strings, numbers, st.sampled_from(["true", "false", "null"])),
    lambda inner: st.one_of(
        st.tuples(st.lists(inner, max_size=4), spaces).map(
            lambda held: "[" + held[1] + ("," + held[1]).join(item + held[1] for item in held[0]) + "]"
        ),
        st.tuples(st.lists(st.tuples(json_strings, inner), max_size=4), spaces).map(
            lambda held: (
                "{" + ",".join(f"{held[1]}{k}{held[1]}:{held[1]}{v}{held[1]}" for k, v in held[0]) + held[1] + "}"
            )
        ),
    ),
    max_leaves=12,
)
any_text = st.text(st.one_of(st.sampled_from("\\u0dcf8A\x00\ud800\udfff"), st.characters(exclude_categories=())))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (rb'"\ud800"', rb'"\ufffd"'),
        (rb'"\uDFFF"', rb'"\ufffd"'),
        (rb'"\ud83d\ude00"', rb'"\ud83d\ude00"'),
        (rb'"\\ud800"', rb'"\\ud800"'),
        (rb'"\\\ud800"', rb'"\\\ufffd"'),
        (rb'"\ud800\ud800\udc00"', rb'"\ufffd\ud800\udc00"'),
        (rb'"\udc00\ud800"', rb'"\ufffd\ufffd"'),
        (rb'"\ud83d\\ude00"', rb'"\ufffd\\ude00"'),
        (rb'"\ud83dx\ude00"', rb'"\ufffdx\ufffd"'),
    ],
)
def test_only_lone_surrogate_escapes_are_replaced(text: bytes, expected: bytes) -> None:
    assert shadow(text) == expected


@given(values)
def test_a_shadow_is_as_long_and_always_decodable_and_differs_only_where_the_text_is_not_unicode(text: str) -> None:
    line = text.encode()
    shadowed = shadow(line)
    assert len(shadowed) == len(line)
    msgspec.json.decode(shadowed, type=msgspec.Raw)
    refused = False
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except msgspec.DecodeError:
        refused = True
    assert refused == (shadowed is not line)


@given(json_strings)
def test_text_keeps_nuls_and_lone_surrogates(text: str) -> None:
    decoded = text_of(text.encode())
    assert decoded == json.loads(text)
    if shadow(text.encode()) == text.encode():
        assert decoded == msgspec.json.decode(text, type=str)


def test_what_is_no_string_has_no_text() -> None:
    with pytest.raises(TypeError):
        text_of(b"1")


@given(st.lists(values), spaces)
def test_elements_are_the_exact_bytes_of_each(items: list[str], space: str) -> None:
    line = space + "[" + ",".join(space + item + space for item in items) + space + "]" + space
    assert elements(line.encode()) == tuple(item.encode() for item in items)


@given(st.lists(st.tuples(json_strings, values)), spaces)
def test_members_are_the_exact_bytes_and_the_last_of_equal_keys_counts(held: list[tuple[str, str]], space: str) -> None:
    line = space + "{" + ",".join(f"{space}{k}{space}:{space}{v}{space}" for k, v in held) + space + "}"
    assert members(line.encode()) == {json.loads(key): value.encode() for key, value in held}


@given(values)
def test_slices_of_a_walk_agree_with_the_decoder_where_it_decodes(text: str) -> None:
    line = f'{{"held":[{text}]}}'.encode()
    if shadow(line) is line:
        raws = msgspec.json.decode(
            msgspec.json.decode(line, type=dict[str, msgspec.Raw])["held"], type=list[msgspec.Raw]
        )
        assert elements(members(line)["held"]) == tuple(map(bytes, raws))


@pytest.mark.parametrize(
    ("number", "plain"),
    [
        ("1e3", "1000"),
        ("12.0", "12"),
        ("-12.50e1", "-125"),
        ("100e-2", "1"),
        ("-0", "0"),
        ("0.000", "0"),
        ("0e999999999999", "0"),
        ("12.5", "12.5"),
        ("1e-400", "1e-400"),
        ("1e400", str(MAX_WHOLE)),
        ("-1e99999999999999999999", str(MIN_WHOLE)),
        ("9" * 10_000, str(MAX_WHOLE)),
        ("9223372036854775807", "9223372036854775807"),
        ("9223372036854775808", str(MAX_WHOLE)),
        ("-9223372036854775809", str(MIN_WHOLE)),
    ],
)
def test_whole_numbers_are_read_however_they_are_written(number: str, plain: str) -> None:
    assert plain_numbers(f'{{"1e3\\"2e3":[{number}, "{number}"]}}'.encode()) == (
        f'{{"1e3\\"2e3":[{plain}, "{number}"]}}'.encode()
    )


@given(st.integers(0, 40), st.sampled_from(["[", '{"a":', '[{"]":']))
def test_depth_is_counted_outside_of_texts_only(less: int, opening: str) -> None:
    levels = opening.count("[") + opening.count("{") - opening.count('"]"')
    levels = 2 if opening == '[{"]":' else levels
    closing = {"[": "]", '{"a":': "}", '[{"]":': "}]"}[opening]
    for depth, deep in ((MAX_DEPTH - less * levels, False), (MAX_DEPTH + levels + less * levels, True)):
        times = depth // levels
        line = opening * times + '"' + "[{" * 600 + '\\""' + closing * times
        assert too_deep(line.encode()) is deep
    assert not too_deep(b"[" + b"[{}]," * 1000 + b"1]")


@given(st.text())
def test_ordinary_keys_are_unchanged(key: str) -> None:
    if "\x00" not in key and not re.search(r"\\u(0000|d[89a-f])", key):
        assert legible(key) == key


@given(any_text)
def test_a_legible_key_is_unicode_without_nul_and_can_be_read_back(key: str) -> None:
    written = legible(key)
    assert "\x00" not in written
    written.encode()
    assert read_back(written) == key


def read_back(written: str) -> str:
    def original(found: re.Match[str]) -> str:
        slashes = len(found[1])
        return "\\" * (slashes // 2) + (chr(int(found[2][1:], 16)) if slashes % 2 else found[2])

    return re.sub(r"(\\+)(u(?:0000|d[89a-f][0-9a-f]{2}))", original, written)


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("agent:main:main", "agent:main:main"),
        ("C:\\users\\ud", "C:\\users\\ud"),
        ("a\x00b", "a\\u0000b"),
        ("\ud800", "\\ud800"),
        ("\\u0000", "\\\\u0000"),
        ("\\\x00", "\\\\\\u0000"),
        ("\\\\ud800", "\\\\\\\\ud800"),
        ("\\uD800", "\\uD800"),
    ],
)
def test_what_would_read_as_an_escape_is_told_apart(key: str, written: str) -> None:
    assert legible(key) == written
