"""
JSON schemas in the form that strict providers accept.

They accept a part of JSON schema, and refuse a request for anything else. What is
kept here is what OpenAI and Anthropic have in common: types, closed objects with all
of their members required, arrays, `anyOf`, `enum`, references, descriptions and some
formats (https://platform.openai.com/docs/guides/structured-outputs,
https://docs.claude.com/en/docs/build-with-claude/structured-outputs). Bounds go into
the description, where the model sees them, and are checked when the answer is read.
"""

from __future__ import annotations

from openrouter_async.errors import ConfigError
from openrouter_async.formats.notes import FORMATS, KEPT_BOUNDS, described
from openrouter_async.formats.refusals import refusal
from openrouter_async.formats.type_schema import (
    REFERENCE,
    Schema,
    TypeSchema,
    branches,
    constants,
    properties,
    reference,
    required,
    schemas,
)
from openrouter_async.types.lenient import Json, is_array, is_object

_ABOUT = ("title", "description")
_NULL: Schema = {"type": "null"}
_TYPES: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}


def strict_schema(native: TypeSchema, kind: object, loosely: str) -> Schema:
    """
    Return the strict form of a schema whose root is an object.

    Args:
        native: the schema as it is.
        kind: the type it is of, for messages.
        loosely: how to do without the strict form, for messages.

    Raises:
        ConfigError: a part of it has no strict form; with the path and the remedy.
    """
    builder = _StrictSchema(native, kind, loosely)
    root = builder.schema(native.resolved(native.root), "$")
    definitions = builder.strict_definitions
    return root | ({"$defs": definitions} if definitions else {})


class _StrictSchema:
    """Make schemas strict, and collect those that others refer to."""

    def __init__(self, native: TypeSchema, kind: object, loosely: str) -> None:
        self.native = native
        self.kind = kind
        self.loosely = loosely
        self.kept = native.shared()
        self.strict_definitions: dict[str, Json] = {}

    def schema(self, said: Schema, path: str) -> Schema:
        name = reference(said)
        if name is not None:
            return self._reference(name, said, path)

        if "allOf" in said:
            return self.schema(self._joined(said, path), path)

        if found := branches(said):
            return described({"anyOf": [self.schema(b, path) for b in found]}, said)

        if constants(said):
            return self._enumeration(said, path)

        return self._typed(said, path)

    def _typed(self, said: Schema, path: str) -> Schema:
        kind = said.get("type")
        if kind == "object":
            return self._object(said, path)

        if kind == "array":
            return self._array(said, path)

        if is_array(kind):
            kinds = [self._typed({**said, "type": each}, path) for each in kind]
            return {"anyOf": kinds}

        if not isinstance(kind, str):
            raise self._refusal(path, "it can be anything", "give it a type")

        form = said.get("format")
        kept: Schema = {"format": form} if form in FORMATS else {}
        return described({"type": kind} | kept, said)

    def _reference(self, name: str, said: Schema, path: str) -> Schema:
        more = {key: value for key, value in said.items() if key != "$ref"}
        if name not in self.kept:
            return self.schema(self.native.definitions[name] | more, path)

        if name not in self.strict_definitions:
            self.strict_definitions[name] = {}  # holds the place: it may be recursive
            schema = self.schema(self.native.definitions[name], path)
            self.strict_definitions[name] = schema

        # Nothing may stand beside a reference.
        refer: Schema = {"$ref": REFERENCE + name}
        about = described({}, more)
        return {**about, "anyOf": [refer]} if about else refer

    def _joined(self, said: Schema, path: str) -> Schema:
        parts = schemas(said["allOf"])
        if len(parts) != 1:
            raise self._refusal(path, "it joins types by allOf", "write them as one")

        return {**parts[0], **{key: said[key] for key in said if key != "allOf"}}

    def _object(self, said: Schema, path: str) -> Schema:
        if "properties" not in said:
            remedy = "use a list of a type with a key and a value"
            raise self._refusal(path, "its keys can have any name", remedy)

        always = required(said)
        members = {
            name: self._member(name, member, f"{path}.{name}", required=name in always)
            for name, member in properties(said).items()
        }
        # First what tells the branches of a union apart, as OpenAI demands.
        ordered = dict(sorted(members.items(), key=lambda each: not _is_tag(each[1])))
        closed: Schema = {"required": list(ordered), "additionalProperties": False}
        return described({"type": "object", "properties": ordered} | closed, said)

    def _member(self, name: str, said: Schema, path: str, *, required: bool) -> Schema:
        title = said.get("title")
        if isinstance(title, str) and _bare(title) == _bare(name):
            del said["title"]  # pydantic made it of the name

        schema = self.schema(said, path)
        # A constant that is left out is not there, unless it is the default as well.
        certain = _is_tag(schema) and said.get("default") in constants(schema)
        if required or certain or self.native.admits_null(said):
            return schema

        about = {key: schema.pop(key) for key in _ABOUT if key in schema}
        found = branches(schema) or [schema]
        return described({"anyOf": [*found, _NULL]}, about, said.get("default"))

    def _array(self, said: Schema, path: str) -> Schema:
        if places := schemas(said.get("prefixItems")):
            items = self._places(places, path)
        else:
            of = said.get("items")
            items = self.schema(dict(of) if is_object(of) else {}, f"{path}[]")

        array: Schema = {"type": "array", "items": items}
        bounds = {name: value for name, value in KEPT_BOUNDS if said.get(name) == value}
        return described({**array, **bounds}, said)

    def _places(self, places: list[Schema], path: str) -> Schema:
        """Join the types of the places of a tuple: strict schemas have no places."""
        distinct: list[Schema] = []
        for at, place in enumerate(places):
            place.pop("title", None)  # it is said of the tuple
            schema = self.schema(place, f"{path}[{at}]")
            if schema not in distinct:
                distinct.append(schema)

        return distinct[0] if len(distinct) == 1 else {"anyOf": distinct}

    def _enumeration(self, said: Schema, path: str) -> Schema:
        """Name the type of each value, which some providers insist on."""
        by_type: dict[str, list[Json]] = {}
        for value in constants(said):
            if type(value) not in _TYPES:
                reason = f"its constant {value!r} is neither text nor a number"
                raise refusal(self.kind, path, f"{reason}; use either")

            by_type.setdefault(_TYPES[type(value)], []).append(value)

        found: list[Schema] = [
            {"type": name} if name == "null" else {"type": name, "enum": each}
            for name, each in by_type.items()
        ]
        schema: Schema = found[0] if len(found) == 1 else {"anyOf": found}
        return described(schema, said)

    def _refusal(self, path: str, reason: str, remedy: str) -> ConfigError:
        told = f"{reason}, which a strict schema cannot say; {remedy}"
        return refusal(self.kind, path, f"{told}, or {self.loosely}")


def _is_tag(schema: Schema) -> bool:
    return len(constants(schema)) == 1


def _bare(name: str) -> str:
    return "".join(filter(str.isalnum, name)).lower()
