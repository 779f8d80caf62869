"""What is searched of a content, whatever its bytes are."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.search.texts import content_of
from projections.search.words import folded, most_parts, parts_of, words_of

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def said(message: object) -> str:
    return content_of(json.dumps(message).encode()).text


def test_a_text_that_is_no_message_is_itself() -> None:
    assert said("a prompt\n") == "a prompt\n"


def test_texts_calls_and_arguments_of_a_message_are_searched() -> None:
    content = [
        {"type": "thinking", "thinking": "hidden"},
        {"type": "text", "text": "shall look"},
        {"type": "toolCall", "id": "c1", "name": "exec", "arguments": {"cmd": ["ls", "-la", 7], "deep": {"x": None}}},
    ]
    found = content_of(json.dumps({"role": "assistant", "content": content}).encode())
    assert found.text == "shall look\nexec\ncmd ls -la 7 deep x"
    assert found.tools == ("exec",)


def test_the_tool_whose_result_it_is_is_known() -> None:
    result = {
        "role": "toolResult",
        "toolName": "read",
        "content": [{"type": "text", "text": "t"}],
        "details": {"d": "d"},
    }
    found = content_of(json.dumps(result).encode())
    assert (found.text, found.tools) == ("t", ("read",))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (rb'"lone \ud800 here"', "lone \ud800 here"),
        (rb'{"content":"of \udfff and \u0000"}', "of \udfff and \x00"),
        (b'{"content":"big","n":1e999}', "big"),
        (b'{"content":[1,null,"x",{"text":5},{"text":"left"}]}', "left"),
        (b'{"summary":"in short"}', "in short"),
        (b"no json", "no json"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"", ""),
        (b"[" * 100_000, "[" * 100_000),
        (b'{"content":[{"type":"toolCall","name":3,"arguments":"raw"}]}', "raw"),
    ],
)
def test_what_can_be_had_of_strange_content_is_searched(data: bytes, text: str) -> None:
    assert content_of(data).text == text


@given(anything)
def test_any_json_has_a_text(value: object) -> None:
    assert isinstance(said({"role": "user", "content": value}), str)
    assert isinstance(said(value), str)


@given(st.binary())
def test_any_bytes_have_a_text(data: bytes) -> None:
    assert isinstance(content_of(data).text, str)


@given(st.lists(st.sampled_from(["a", "b ", "1", "1.5e9", "漢", "ß", "İ", "ŉ", "क़", "\n", "\\", "ab" * 99])))
def test_a_content_is_of_no_more_parts_than_its_size_says(pieces: list[str]) -> None:
    arguments = [*pieces, *(1e15 for piece in pieces if piece == "1")]
    parts = [{"type": "text", "text": "".join(pieces) * 40}, {"type": "toolCall", "name": "x", "arguments": arguments}]
    data = json.dumps({"content": parts}, ensure_ascii=False, separators=(",", ":")).encode()
    text = content_of(data).text
    assert len(words_of(folded(text))) <= (len(data) + 1) // 2
    assert len(parts_of(text)) <= most_parts(len(data))
