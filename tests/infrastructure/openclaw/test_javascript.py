"""Values as JavaScript writes them."""

import json

import pytest

from infrastructure.openclaw.javascript import Undefined, stable_json


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("1.0", "1"),
        ("-1.50", "-1.5"),
        ("1e2", "100"),
        ("1E-6", "0.000001"),
        ("1e-7", "1e-7"),
        ("1.25e-7", "1.25e-7"),
        ("123456789.125", "123456789.125"),
        ("9007199254740993", "9007199254740992"),
        ("123456789012345678", "123456789012345680"),
        ("100000000000000000000", "100000000000000000000"),
        ("1e21", "1e+21"),
        ("1.5e300", "1.5e+300"),
        ("5e-324", "5e-324"),
        ("1e400", '"Infinity"'),
        ("-1e400", '"-Infinity"'),
        ("1" + "0" * 400, '"Infinity"'),
    ],
)
def test_numbers_are_doubles_with_the_fewest_digits(number: str, written: str) -> None:
    assert stable_json(json.loads(number)) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("é\u2028\x7f/", '"é\u2028\x7f/"'),
        ('"\\\b\f\n\r\t\x00\x1f', '"\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f"'),
        ("\U0001f600", '"\U0001f600"'),
        ("\ud83d", '"\\ud83d"'),
        ("\udfffé", '"\\udfffé"'),
    ],
)
def test_only_what_must_be_escaped_is(text: str, written: str) -> None:
    assert stable_json(text) == written


def test_keys_stand_in_the_order_of_their_utf_16_code_units() -> None:
    given = {"\ue000": 1, "\U0001f600": 2, "b": [{"z": None, "a": True}], "a": False, "10": 0, "9": Undefined}
    assert stable_json(given) == '{"10":0,"9":undefined,"a":false,"b":[{"a":true,"z":null}],"\U0001f600":2,"\ue000":1}'
