"""What tests of schemas share: the schemas of common things."""

from __future__ import annotations

Json = dict[str, object]


def closed(**members: object) -> Json:
    """Return the strict schema of an object with these members."""
    return {
        "type": "object",
        "properties": members,
        "required": list(members),
        "additionalProperties": False,
    }


def nullable(**schema: object) -> Json:
    """Return the schema of a member that may be null."""
    return {"anyOf": [schema, {"type": "null"}]}


STRING = {"type": "string"}
INTEGER = {"type": "integer"}
