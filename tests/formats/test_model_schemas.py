"""Classes that act like models of pydantic describe themselves as they like."""

from __future__ import annotations

from typing import Any

import pytest

from openrouter_async import ConfigError
from openrouter_async.formats.format import Format
from openrouter_async.formats.mismatch import FormatMismatch

Json = dict[str, Any]


def model(member: Json, definitions: Json | None = None) -> Any:
    """Make a class whose schema has this member."""

    class Model:
        def __init__(self, text: str) -> None:
            self.text = text

        @classmethod
        def model_json_schema(cls, *, ref_template: str) -> Json:
            root = {"type": "object", "properties": {"it": member}, "required": ["it"]}
            return root | ({"$defs": definitions} if definitions else {})

        @classmethod
        def model_validate_json(cls, json_data: bytes, /) -> Model:
            if json_data == b'{"it":"bad"}':
                raise ValueError("it is bad")

            return cls(json_data.decode())

    return Model


MEMBERS: dict[str, tuple[Json, Json]] = {
    "const": ({"const": "a"}, {"type": "string", "enum": ["a"]}),
    "number": ({"enum": [1.5, 2.5]}, {"type": "number", "enum": [1.5, 2.5]}),
    "values of several types": (
        {"enum": [1, "a", None, 2]},
        {
            "anyOf": [
                {"type": "integer", "enum": [1, 2]},
                {"type": "string", "enum": ["a"]},
                {"type": "null"},
            ]
        },
    ),
    "several types": (
        {"type": ["string", "null"], "maxLength": 3},
        {
            "anyOf": [
                {"description": "at most 3 characters", "type": "string"},
                {"description": "at most 3 characters", "type": "null"},
            ]
        },
    ),
    "oneOf": (
        {"oneOf": [{"type": "string"}, {"type": "null"}], "discriminator": {}},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
    ),
    "allOf of one": (
        {"allOf": [{"type": "string", "description": "a"}], "description": "b"},
        {"description": "b", "type": "string"},
    ),
    "words that nobody knows": (
        {"type": "string", "deprecated": True, "x-order": 3, "readOnly": True},
        {"type": "string"},
    ),
    "members beside those that have names": (
        {
            "type": "object",
            "properties": {"a": {"type": "string"}},
            "required": ["a"],
            "additionalProperties": True,
        },
        {
            "type": "object",
            "properties": {"a": {"type": "string"}},
            "required": ["a"],
            "additionalProperties": False,
        },
    ),
    "map without members": (
        {"type": "object", "properties": {}},
        {
            "type": "object",
            "properties": {},
            "required": [],
            "additionalProperties": False,
        },
    ),
}


@pytest.mark.parametrize(("member", "strict"), MEMBERS.values(), ids=MEMBERS)
def test_a_schema_is_made_strict(member: Json, strict: Json) -> None:
    """Whatever is not accepted is said in words, or left out."""
    assert Format.of(model(member)).schema["properties"] == {"it": strict}


REFUSED: dict[str, tuple[Json, str]] = {
    "allOf of two": (
        {"allOf": [{"type": "string"}, {"type": "string"}]},
        "it joins types by allOf, which a strict schema cannot say; write them as one,"
        " or Format.of(Model, strict=False)",
    ),
    "list of anything": (
        {"type": "array"},
        "it can be anything, which a strict schema cannot say; give it a type, or"
        " Format.of(Model, strict=False)",
    ),
}


@pytest.mark.parametrize(("member", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_has_no_strict_form_is_refused(member: Json, reason: str) -> None:
    """The message says where it is."""
    with pytest.raises(ConfigError) as raised:
        Format.of(model(member))

    assert str(raised.value).endswith(reason)
    assert ". $.it" in str(raised.value)


def test_a_text_is_read_by_the_class() -> None:
    """Its plain ValueError is a mismatch too."""
    format: Format[Any] = Format.of(model({"type": "string"}))

    assert format.read('{"it":"good"}').text == '{"it":"good"}'
    with pytest.raises(FormatMismatch) as raised:
        format.read('{"it":"bad"}')
    assert (raised.value.message, raised.value.path) == ("it is bad", "$")
