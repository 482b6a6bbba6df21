"""The JSON schema of a type, with the schemas that it refers to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias

from openrouter_async.types.lenient import Json, is_array, is_object

Schema: TypeAlias = dict[str, Json]

REFERENCE = "#/$defs/"
MEMBER = "value"
"""What holds the value of a type that is not an object."""


class TypeSchema(NamedTuple):
    """
    Describe a type by JSON schema.

    Attributes:
        root: schema of the type itself; mostly a reference.
        definitions: what references lead to, by name.
        models: names of those definitions whose values others read: pydantic does.
    """

    root: Schema
    definitions: dict[str, Schema]
    models: frozenset[str] = frozenset()

    def resolved(self, schema: Schema) -> Schema:
        """Follow references to the schema that they lead to."""
        name = reference(schema)
        seen: set[str] = set()
        while name is not None and name not in seen:
            seen.add(name)
            schema = self.definitions[name]
            name = reference(schema)

        return schema

    def admits_null(self, schema: Schema) -> bool:
        """Tell whether null is one of the values that a schema describes."""
        schema = self.resolved(schema)
        if found := branches(schema):
            return any(map(self.admits_null, found))

        if values := constants(schema):
            return None in values

        kinds = schema.get("type", "null")  # without any it is anything
        return kinds == "null" or (is_array(kinds) and "null" in kinds)

    @property
    def is_object(self) -> bool:
        """Whether it is of an object."""
        return self.resolved(self.root).get("type") == "object"

    def wrapped(self) -> TypeSchema:
        """Return the schema of an object that holds a value of this one."""
        members: Schema = {MEMBER: self.root}
        root: Schema = {"type": "object", "properties": members, "required": [MEMBER]}
        return self._replace(root=root)

    def without_models(self) -> TypeSchema:
        """Return it with models as objects of which nothing is known."""
        unknown: dict[str, Schema] = {name: {"type": "object"} for name in self.models}
        return self._replace(definitions=self.definitions | unknown)

    def told(self, about: Mapping[str, Schema]) -> TypeSchema:
        """Add what is said of members of the root, where they do not say it."""
        root = self.resolved(self.root)
        members = {
            name: {**about.get(name, {}), **member}
            for name, member in properties(root).items()
        }
        return self._replace(root={**root, "properties": members}) if about else self

    def inlined(self) -> Schema:
        """Return it as one schema, whose root is not a reference."""
        root = dict(self.resolved(self.root))
        used = _references(root)
        return root | ({"$defs": self.definitions} if any(used) else {})

    def shared(self) -> frozenset[str]:
        """Name the definitions that are referred to twice, or by themselves."""
        used = Counter(_references(self.root))
        reached: set[str] = set()
        while found := used.keys() - reached:
            reached |= found
            used.update(
                n for name in found for n in _references(self.definitions[name])
            )

        repeated = {name for name, times in used.items() if times > 1}
        return frozenset(repeated | {n for n in used if self._is_recursive(n)})

    def _is_recursive(self, name: str) -> bool:
        seen: set[str] = set()
        ahead = set(_references(self.definitions[name]))
        while found := ahead - seen:
            seen |= found
            ahead.update(
                n for each in found for n in _references(self.definitions[each])
            )

        return name in seen


def reference(schema: Schema) -> str | None:
    """Return the name of the definition that a schema refers to."""
    target = schema.get("$ref")
    return target.removeprefix(REFERENCE) if isinstance(target, str) else None


def branches(schema: Schema) -> list[Schema]:
    """Return what a union consists of; nothing for what is none."""
    return schemas(schema.get("anyOf", schema.get("oneOf")))


def properties(schema: Schema) -> dict[str, Schema]:
    """Return the schemas of the members of an object, by name."""
    members = schema.get("properties")
    named = members.items() if is_object(members) else ()
    return {name: dict(member) for name, member in named if is_object(member)}


def required(schema: Schema) -> frozenset[Json]:
    """Name the members that an object always has."""
    names = schema.get("required")
    return frozenset(names if is_array(names) else ())


def schemas(value: Json) -> list[Schema]:
    """Return the schemas in a list of them; nothing where there is no list."""
    listed = value if is_array(value) else ()
    return [dict(each) for each in listed if is_object(each)]


def constants(schema: Schema) -> list[Json]:
    """Return the values of an enumeration; nothing for what is none."""
    values = schema.get("enum")
    if is_array(values):
        return list(values)

    return [schema["const"]] if "const" in schema else []


def _references(value: Json) -> Iterator[str]:
    """Name what a schema and its parts refer to, once for each time."""
    if is_object(value):
        target = value.get("$ref")
        if isinstance(target, str):
            yield target.removeprefix(REFERENCE)

        for part in value.values():
            yield from _references(part)
    elif is_array(value):
        for part in value:
            yield from _references(part)
