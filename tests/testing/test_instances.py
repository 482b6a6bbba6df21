"""Documents that satisfy a schema."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openrouter_async.testing.dice import Dice
from openrouter_async.testing.instances import schema_answer
from openrouter_async.testing.refusals import InvalidRequestError
from openrouter_async.testing.validation import instance_problem

TOPICS = ["whales", "rivers"]
SCHEMAS: dict[str, dict[str, object]] = {
    "anything": {},
    "const": {"const": {"a": [1]}},
    "enum": {"enum": ["red", "green"]},
    "boolean": {"type": "boolean"},
    "null": {"type": "null"},
    "nullable": {"type": ["null", "string"]},
    "string": {"type": "string"},
    "long-string": {"type": "string", "minLength": 40, "maxLength": 41},
    "short-string": {"type": "string", "maxLength": 2},
    "format": {"type": "string", "format": "date-time"},
    "unknown-format": {"type": "string", "format": "iban"},
    "pattern": {"type": "string", "pattern": "^[0-9]{4}$"},
    "long-pattern": {"type": "string", "pattern": "^(ab)+$", "minLength": 20},
    "unique-integers": {
        "type": "array",
        "items": {"type": "integer", "multipleOf": 5},
        "minItems": 3,
        "uniqueItems": True,
    },
    "unique-strings": {
        "type": "array",
        "items": {"type": "string"},
        "minItems": 3,
        "uniqueItems": True,
    },
    "unique-values": {
        "type": "array",
        "items": {"enum": ["a", "b", 1]},
        "minItems": 3,
        "uniqueItems": True,
    },
    "unique-flags": {
        "type": "array",
        "items": {"type": "boolean"},
        "minItems": 2,
        "uniqueItems": True,
    },
    "against-its-notes": {
        "type": "array",
        "description": "at least 3 items",
        "items": {"type": "integer"},
        "maxItems": 2,
    },
    "integer": {"type": "integer"},
    "minimum": {"type": "integer", "minimum": 7},
    "negative": {"type": "integer", "maximum": -3},
    "exclusive": {"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5},
    "multiple": {"type": "integer", "multipleOf": 7, "minimum": 8},
    "number": {"type": "number", "minimum": 0.2, "maximum": 0.7},
    "exact-number": {"type": "number", "minimum": 0.25, "maximum": 0.25},
    "open-number": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    "array": {"type": "array", "items": {"type": "integer"}},
    "long-array": {"type": "array", "minItems": 3, "items": {"enum": [1]}},
    "empty-array": {"type": "array", "maxItems": 0},
    "tuple": {
        "prefixItems": [{"type": "integer"}, {"type": "string"}],
        "items": {"type": "boolean"},
        "minItems": 3,
        "type": "array",
    },
    "object": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
    },
    "required": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
        "required": ["b"],
        "additionalProperties": False,
    },
    "untyped-object": {"properties": {"a": {"const": 1}}},
    "untyped-array": {"items": {"const": 1}},
    "any-of": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
    "one-of": {"oneOf": [{"const": "x"}, {"const": "y"}]},
    "all-of": {
        "allOf": [
            {"properties": {"a": {"type": "integer"}}, "required": ["a"]},
            {"properties": {"b": {"type": "string"}}, "required": ["b"]},
        ],
    },
    "reference": {
        "$defs": {"city/name": {"type": "string", "minLength": 3}},
        "type": "object",
        "properties": {"city": {"$ref": "#/$defs/city~1name"}},
        "required": ["city"],
    },
    "optional-recursion": {
        "$defs": {
            "node": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "next": {"$ref": "#/$defs/node"},
                },
                "required": ["name"],
            }
        },
        "$ref": "#/$defs/node",
    },
}
NODE: dict[str, object] = {"$ref": "#/$defs/node"}
RECURSIVE: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "list": ({"type": "array", "items": NODE}, {"next": []}),
    "null": ({"anyOf": [NODE, {"type": "null"}]}, {"next": None}),
    "leaf": (
        {"oneOf": [{"type": "array", "items": NODE, "minItems": 1}, {"const": 7}]},
        {"next": 7},
    ),
    "optional": ({"type": "object", "properties": {"deep": NODE}}, {"next": {}}),
    "through another": ({"$ref": "#/$defs/other"}, {"next": {"back": None}}),
}


@pytest.mark.parametrize(("inner", "smallest"), RECURSIVE.values(), ids=RECURSIVE)
def test_recursive_schemas_have_small_instances(
    inner: dict[str, object], smallest: dict[str, object]
) -> None:
    """A list without items, null or another alternative ends them."""
    back = {"anyOf": [NODE, {"$ref": "#/$defs/other"}, {"type": "null"}]}
    schema: dict[str, object] = {
        "$defs": {
            "node": {
                "type": "object",
                "properties": {"next": inner},
                "required": ["next"],
            },
            "other": {
                "type": "object",
                "properties": {"back": back},
                "required": ["back"],
            },
        },
        **NODE,
    }

    assert answer(schema) == smallest
    assert instance_problem(schema, smallest) is None


def test_trees_that_branch_stay_small() -> None:
    """An alternative that does not end is tried once, not at every depth."""
    branch = {"anyOf": [NODE, {"type": "null"}]}
    members = [f"branch_{number}" for number in range(12)]
    node = {
        "type": "object",
        "properties": dict.fromkeys(members, branch),
        "required": members,
    }

    assert answer({"$defs": {"node": node}, **NODE}) == dict.fromkeys(members)


def test_expressions_of_many_kinds_stay_small() -> None:
    """Within one kind, an alternative without any of them goes first."""
    kinds = [f"kind_{number}" for number in range(20)]
    union: dict[str, object] = {
        "anyOf": [{"$ref": f"#/$defs/{kind}"} for kind in [*kinds, "leaf"]]
    }
    node = {
        "type": "object",
        "properties": {"left": union, "right": union},
        "required": ["left", "right"],
    }
    schema = {"$defs": {**dict.fromkeys(kinds, node), "leaf": {"const": 1}}, **union}

    assert answer(schema) == {"left": 1, "right": 1}


def test_circles_of_many_kinds_are_found_out() -> None:
    """That nothing ends is known without trying every order of them."""
    kinds = [f"kind_{number}" for number in range(20)]
    union: dict[str, object] = {
        "anyOf": [{"$ref": f"#/$defs/{kind}"} for kind in kinds]
    }
    node = {"type": "object", "properties": {"next": union}, "required": ["next"]}
    with pytest.raises(InvalidRequestError, match="endless depth"):
        answer({"$defs": dict.fromkeys(kinds, node), **union})


IMPOSSIBLE: dict[str, tuple[dict[str, object], str]] = {
    "endless list": (
        {
            "$defs": {"node": {"type": "array", "items": NODE, "minItems": 1}},
            **NODE,
        },
        "endless depth",
    ),
    "not-a-schema": ({"type": "strin"}, "'strin' is not valid"),
    "pattern": ({"type": "string", "pattern": "^(?!a)b$"}, "does not match"),
    "remote": ({"$ref": "https://example.com/schema"}, "only local references"),
    "contradiction": ({"type": "integer", "minimum": 5, "maximum": 4}, "maximum of 4"),
    "endless": (
        {
            "$defs": {
                "a": {
                    "type": "object",
                    "properties": {"a": {"$ref": "#/$defs/a"}},
                    "required": ["a"],
                }
            },
            "$ref": "#/$defs/a",
        },
        "endless depth",
    ),
    "circle": (
        {"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
        "references do not end",
    ),
}


def answer(schema: dict[str, object]) -> object:
    """Return the document for a schema."""
    return msgspec.json.decode(schema_answer(schema, Dice("key"), TOPICS))


@pytest.mark.parametrize("name", SCHEMAS)
def test_instances_satisfy_their_schema(name: str) -> None:
    """A document is made for every ordinary schema, always the same."""
    schema = SCHEMAS[name]
    document = answer(schema)

    assert instance_problem(schema, document) is None
    assert document == answer(schema)


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_what_cannot_be_satisfied_is_refused(name: str) -> None:
    """The field and the reason are named."""
    schema, reason = IMPOSSIBLE[name]
    with pytest.raises(InvalidRequestError) as caught:
        answer(schema)

    assert str(caught.value).startswith("response_format.json_schema.schema: ")
    assert reason in str(caught.value)


def test_only_required_properties_are_made() -> None:
    """Documents are small: optional properties are left out."""
    assert answer(SCHEMAS["required"]) == {"b": "whales"}
    assert answer(SCHEMAS["optional-recursion"]) == {"name": "whales"}


@given(
    low=st.integers(-50, 50),
    size=st.integers(0, 60),
    step=st.integers(1, 9),
    kind=st.sampled_from(["integer", "number"]),
)
def test_numbers_lie_between_their_bounds(
    low: int, size: int, step: int, kind: str
) -> None:
    """A multiple between two bounds is found whenever there is one."""
    schema: dict[str, object] = {
        "type": kind,
        "minimum": low,
        "maximum": low + size,
        "multipleOf": step,
    }
    possible = any(number % step == 0 for number in range(low, low + size + 1))
    try:
        made = instance_problem(schema, answer(schema)) is None
    except InvalidRequestError:
        made = False

    assert made == possible
