"""Bodies out and in: what is refused, and what is read in spite of its faults."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from types import MappingProxyType

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openrouter_async import Completion, ConfigError, ResponseDecodeError
from openrouter_async.transport.codec import decode_json, encode_body


class Tone(Enum):
    """Enumerated values, one of which has no JSON form."""

    WARM = "warm"
    LOST = math.nan


class Share(float):
    """A number of another library, as NumPy's are."""


class Count(int):
    """A whole number of another library."""


class Word(str):
    """Text of another library."""

    __slots__ = ()


@dataclass
class Plugin:
    """A user's own class."""

    id: object


class Schema(msgspec.Struct):
    """A user's own Struct."""

    type: object


LOOP: list[object] = []
LOOP.append(LOOP)

UNENCODABLE: dict[str, tuple[object, str]] = {
    "nan": (math.nan, "f is nan"),
    "infinity": (-math.inf, "f is -inf"),
    "nan of a subclass": (Share("nan"), "f is nan"),
    "nan in a list": ([1, [math.nan]], r"f\[1\]\[0\] is nan"),
    "nan in an object": ({"a": {"b": math.nan}}, r"f\.a\.b is nan"),
    "nan in an enum": (Tone.LOST, "f is nan"),
    "nan in a Struct": (Schema(math.nan), r"f\.type is nan"),
    "bytes": (b"a", "f is bytes; decode it"),
    "bytearray": (bytearray(b"a"), "f is bytes; decode it"),
    "bytes in a list": (["a", b"a"], r"f\[1\] is bytes"),
    "bytes in a Struct": (Schema({"a": b"a"}), r"f\.type\.a is bytes"),
    "bytes in a dataclass": (Plugin([b"a"]), r"f\.id\[0\] is bytes"),
    "lone surrogate": ("a\ud800", "f holds a lone surrogate"),
    "lone surrogate inside": ({"a": ["\ud800"]}, r"f\.a\[0\] holds a lone surrogate"),
    "lone surrogate as a key": ({"\ud800": 1}, "a key of f holds a lone surrogate"),
    "lone surrogate in a Struct": (Schema("\ud800"), "f holds a lone surrogate"),
    "set": ({1, 2}, "f is of type set"),
    "object": ({"a": [object()]}, r"f\.a\[0\] is of type object"),
    "date": (datetime(2026, 1, 1, tzinfo=UTC), "f is of type datetime"),
    "decimal that is nan": ([Decimal("nan")], r"f\[0\] is NaN"),
    "object in a dataclass": (Plugin(object()), "f cannot be encoded as JSON"),
    "class": (Plugin, "f cannot be encoded as JSON"),
    "tuple as a key": ({(1,): 2}, "a key of f is of type tuple"),
    "None as a key": ({"a": {None: 2}}, r"a key of f\.a is of type NoneType"),
    "boolean as a key": ({True: 2}, "a key of f is of type bool"),
    "list in itself": (LOOP, "f is nested too deeply, or holds itself"),
}


@pytest.mark.parametrize(
    ("value", "reason"), UNENCODABLE.values(), ids=UNENCODABLE.keys()
)
def test_what_json_does_not_have_is_refused(value: object, reason: str) -> None:
    """A value that would arrive changed, or not at all, is refused by its name."""
    with pytest.raises(ConfigError, match=reason):
        encode_body({"fine": {"a": [1, "b"]}, "f": value})


def test_bad_names_are_refused() -> None:
    """The name of a member has to be text that can be sent, too."""
    with pytest.raises(ConfigError, match="a key of the request holds a lone"):
        encode_body({"\ud800": 1})


ENCODABLE: dict[str, tuple[object, str]] = {
    "text": ("ä\u2028", '"ä\u2028"'),
    "numbers": ([1, 1.5, -0.0], "[1,1.5,-0.0]"),
    "big number": (2**70, str(2**70)),
    "null": (None, "null"),
    "tuple": ((1, (2,)), "[1,[2]]"),
    "range": (range(3), "[0,1,2]"),
    "read-only": (MappingProxyType({"a": (1,)}), '{"a":[1]}'),
    "numbers as keys": ({50256: -100}, '{"50256":-100}'),
    "enum": (Tone.WARM, '"warm"'),
    "Struct": (Schema("object"), '{"type":"object"}'),
    "dataclass": (Plugin("web"), '{"id":"web"}'),
    "decimal": ({"prompt": Decimal("0.50")}, '{"prompt":0.50}'),
    "number of a subclass": ([Share(1.5), Count(3)], "[1.5,3]"),
    "text of a subclass": (Word("a"), '"a"'),
}


@pytest.mark.parametrize(("value", "text"), ENCODABLE.values(), ids=ENCODABLE.keys())
def test_what_json_has_is_encoded(value: object, text: str) -> None:
    """What has one plain meaning in JSON is sent as that."""
    assert encode_body({"f": value}).decode() == f'{{"f":{text}}}'


def test_order_is_kept() -> None:
    """Members go out in the order they were given: caches of prompts need that."""
    members = dict.fromkeys("zebra", 1)

    assert list(msgspec.json.decode(encode_body(members))) == list(members)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner)
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.text(st.characters(codec="utf-8")), JSON, max_size=5))
def test_json_round_trips(members: Mapping[str, object]) -> None:
    """Everything that JSON has arrives as it was passed."""
    assert msgspec.json.decode(encode_body(members)) == members


def decode(text: str | bytes) -> Completion:
    """Decode an answer."""
    return decode_json(text if isinstance(text, bytes) else text.encode(), Completion)


COUNTS = '"usage":{"prompt_tokens":%s,"completion_tokens":2}'
LENIENT: dict[str, tuple[str | bytes, Completion]] = {
    "doubles": (
        '{"created":1.0,"choices":[{"index":0.0,"text":"a"}]}',
        decode('{"created":1,"choices":[{"index":0,"text":"a"}]}'),
    ),
    "null where none is allowed": (
        '{"choices":[{"index":null,"text":null}],%s}' % (COUNTS % "null"),
        decode('{"choices":[{}],"usage":{"completion_tokens":2}}'),
    ),
    "number in a string": (
        "{%s}" % (COUNTS % '"7"'), decode("{%s}" % (COUNTS % "7"))
    ),
    "number for text": ('{"id":7}', Completion(id="7")),
    "object for text": ('{"id":{"a":1},"model":"m"}', Completion(model="m")),
    "text for a list": ('{"id":"a","choices":"none"}', Completion(id="a")),
    "no object among choices": (
        '{"choices":[1,{"text":"a"},null]}', decode('{"choices":[{"text":"a"}]}')
    ),
    "byte order mark": (b'\xef\xbb\xbf{"id":"a"}', Completion(id="a")),
    "not UTF-8": (b'{"id":"a\xff"}', Completion(id="a\ufffd")),
    "lone surrogate": ('{"id":"a\\ud800"}', Completion(id="a\ufffd")),
    "nan": ('{"created":NaN,"id":"a"}', Completion(id="a")),
    "overflow": ('{"created":1e400,"id":"a"}', Completion(id="a")),
    "white space": (' \r\n\t{"id":"a"}\n', Completion(id="a")),
    "repeated key": ('{"id":"a","id":"b"}', Completion(id="b")),
    "null choices": ('{"id":"a","choices":null}', Completion(id="a")),
    "nested in an unknown member": (
        '{"id":"a","x":' + "[" * 300 + "]" * 300 + "}", Completion(id="a")
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), LENIENT.values(), ids=LENIENT.keys())
def test_faults_do_not_cost_the_answer(text: str | bytes, expected: Completion) -> None:
    """A member that is not as promised leaves the rest of the answer readable."""
    assert decode(text) == expected


UNREADABLE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "the answer is empty"),
    "blank": (b" \n ", "the answer is empty"),
    "cut": (b'{"id":"a","choi', 'not the JSON that was expected.*{"id":"a","choi'),
    "page": (b"<html>Bad gateway</html>", "Bad gateway"),
    "list": (b"[1]", "expected a JSON object, got list"),
    "text": (b'"done"', "expected a JSON object, got str"),
    "null": (b"null", "expected a JSON object, got NoneType"),
    "more after it": (b'{"id":"a"} x', "Extra data"),
    "UTF-16": ('{"id":"a"}'.encode("utf-16"), "not the JSON"),
    "deep": (b"[" * 100_000, "nested too deeply"),
    "deep and whole": (b"[" * 5000 + b"]" * 5000, "nested too deeply"),
    "endless number": (b'{"created":' + b"9" * 5000 + b"}", "digits"),
}


@pytest.mark.parametrize(("body", "reason"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_no_answer_is_told(body: bytes, reason: str) -> None:
    """A body that holds no answer is an error that shows how it begins."""
    with pytest.raises(ResponseDecodeError, match=reason) as caught:
        decode(body)

    assert caught.value.retryable is True
    assert len(str(caught.value)) < 1000
    assert len(caught.value.body) <= 4096


@given(st.binary())
def test_any_bytes_are_harmless(body: bytes) -> None:
    """No body raises anything but the library's own error."""
    with suppress(ResponseDecodeError):
        assert isinstance(decode(body), Completion)
