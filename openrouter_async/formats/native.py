"""The JSON schema of a Python type as it is, before it is made strict."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import TypeAlias, cast, get_origin

import msgspec
from msgspec import NODEFAULT, inspect

from openrouter_async.formats.docstrings import Docstring
from openrouter_async.formats.members import misplaced, said_of
from openrouter_async.formats.models import Model, is_model
from openrouter_async.formats.refusals import (
    UNDESCRIBED,
    culprit,
    first_line,
    refusal,
    remedied,
    shown,
    shown_name,
)
from openrouter_async.formats.scalars import scalar_schema, size_bounds
from openrouter_async.formats.type_schema import REFERENCE, Schema, TypeSchema
from openrouter_async.types.lenient import Json, is_object

_ARRAYS: frozenset[object] = frozenset({list, set, tuple, frozenset})
_Members: TypeAlias = (
    inspect.StructType
    | inspect.DataclassType
    | inspect.TypedDictType
    | inspect.NamedTupleType
)


def native_schema(kind: object) -> TypeSchema:
    """
    Return the JSON schema of a type.

    Members that can be left out are not `required`, and have their `default` where it
    can be written as JSON.

    Raises:
        ConfigError: it, or a part of it, has no JSON schema; with the path.
    """
    try:
        described = inspect.type_info(kind)
    except UNDESCRIBED as found:
        path, part = culprit(kind)
        reason = remedied(found, part)
    else:
        builder = _NativeSchema(kind)
        root = builder.schema(described, "$")
        return TypeSchema(root, builder.definitions, frozenset(builder.models))

    raise refusal(kind, path, reason)


class _NativeSchema:
    """Collect the schemas of the classes that a type consists of."""

    def __init__(self, kind: object) -> None:
        self.kind = kind
        self.definitions: dict[str, Schema] = {}
        self.models: set[str] = set()
        self._names: dict[object, str] = {}

    def schema(self, info: inspect.Type, path: str) -> Schema:
        match info:
            case inspect.Metadata():
                schema = self.schema(info.type, path)
                more: Json = cast("Json", info.extra_json_schema)  # pyright: ignore[reportUnknownMemberType]  # a bare dict
                return {**schema, **more} if is_object(more) else schema
            case inspect.AnyType() | inspect.RawType():
                return {}
            case inspect.UnionType(types=types):
                return {"anyOf": [self.schema(each, path) for each in types]}
            case inspect.LiteralType(values=values):
                return {"enum": list(values)}
            case inspect.EnumType(cls=cls):
                return self._enumeration(cls)
            case inspect.CustomType(cls=cls):
                return self._custom(cls, path)
            case _:
                return scalar_schema(info) or self._collection(info, path)

    def _collection(self, info: inspect.Type, path: str) -> Schema:
        match info:
            case inspect.TupleType(item_types=types):
                places = [self.schema(t, f"{path}[{i}]") for i, t in enumerate(types)]
                return _tuple(places, len(places))
            case inspect.CollectionType(item_type=item):
                items = self.schema(item, f"{path}[]")
                array: Schema = {"type": "array", "items": items} | size_bounds(info)
                if isinstance(info, inspect.SetType | inspect.FrozenSetType):
                    array["uniqueItems"] = True

                return array
            case inspect.DictType():
                return self._map(info, path)
            case (
                inspect.StructType()
                | inspect.DataclassType()
                | inspect.TypedDictType()
                | inspect.NamedTupleType()
            ):
                return self._class(info, path)
            case _:
                reason = f"{type(info).__name__} is not supported"
                raise refusal(self.kind, path, reason)

    def _map(self, info: inspect.DictType, path: str) -> Schema:
        key = TypeSchema(self.schema(info.key_type, path), self.definitions)
        if key.resolved(key.root).get("type") in ("array", "object"):
            raise refusal(self.kind, path, "JSON has no such keys; use text")

        values = self.schema(info.value_type, f"{path}[...]")
        sizes = size_bounds(info)
        return {"type": "object", "additionalProperties": values} | sizes

    def _class(self, info: _Members, path: str) -> Schema:
        cls: object = info.cls
        if cls in self._names:
            return {"$ref": REFERENCE + self._names[cls]}

        if hasattr(cls, "__pydantic_validator__"):
            reason = f"{shown(cls)} is a dataclass of pydantic; make it a BaseModel"
            raise refusal(self.kind, path, reason)

        defaults = {field.name: field.default for field in info.fields}
        for found in misplaced(cls, defaults):
            raise refusal(self.kind, path + found.path, found.reason)

        name = self._name(cls)
        said = said_of(cls)
        title: Schema = {"title": shown_name(cls)}
        if said.text:
            title["description"] = said.text

        as_array = isinstance(info, inspect.NamedTupleType) or (
            isinstance(info, inspect.StructType) and info.array_like
        )
        build = self._array if as_array else self._object
        self.definitions[name] = title | build(info, path, said)
        return {"$ref": REFERENCE + name}

    def _object(self, info: _Members, path: str, said: Docstring) -> Schema:
        members: Schema = {}
        required: list[str] = []
        if isinstance(info, inspect.StructType) and info.tag_field is not None:
            members[info.tag_field] = {"enum": [info.tag]}
            required.append(info.tag_field)

        for field in _as_written(info):
            members[field.encode_name] = self._member(field, path, said)
            if field.required:
                required.append(field.encode_name)

        return {"type": "object", "properties": members, "required": required}

    def _array(self, info: _Members, path: str, said: Docstring) -> Schema:
        places: list[Json] = [
            {"title": each.name} | self._member(each, path, said)
            for each in info.fields
        ]
        least = sum(each.required for each in info.fields)
        if isinstance(info, inspect.StructType) and info.tag_field is not None:
            places.insert(0, {"enum": [info.tag]})
            least += 1

        return _tuple(places, least)

    def _member(self, field: inspect.Field, path: str, said: Docstring) -> Schema:
        schema = self.schema(field.type, f"{path}.{field.encode_name}")
        if field.name in said.members:
            schema = {"description": said.members[field.name]} | schema

        if field.required:
            return schema

        try:
            return schema | _default(field)
        except (TypeError, ValueError, NotImplementedError):
            return schema  # has no JSON form: the decoder knows it all the same

    def _enumeration(self, cls: type[Enum]) -> Schema:
        if cls not in self._names:
            said = said_of(cls).text
            values: list[Json] = [msgspec.to_builtins(each) for each in cls]
            described: Schema = {"description": said} if said else {}
            name = self._name(cls)
            self.definitions[name] = {
                "title": cls.__name__,
                **described,
                "enum": values,
            }

        return {"$ref": REFERENCE + self._names[cls]}

    def _custom(self, cls: type, path: str) -> Schema:
        if cls is object:
            return {}

        if is_model(cls):
            return self._model(cls, path)

        raise refusal(
            self.kind,
            path,
            f"{shown(cls)} is not a type that JSON can hold; use a Struct, dataclass,"
            " TypedDict, pydantic model or a built-in type",
        )

    def _model(self, cls: Model, path: str) -> Schema:
        if cls not in self._names:
            name = self._name(cls)
            prefix = self._prefix(name)
            try:
                schema = cls.model_json_schema(
                    ref_template=f"{REFERENCE}{prefix}{{model}}"
                )
            except Exception as found:  # pydantic has errors for all kinds of mistakes
                reason = first_line(found)
            else:
                self._add_model(name, prefix, schema)
                return {"$ref": REFERENCE + name}

            raise refusal(self.kind, path, f"pydantic cannot describe it: {reason}")

        return {"$ref": REFERENCE + self._names[cls]}

    def _add_model(self, name: str, prefix: str, schema: Schema) -> None:
        definitions = schema.pop("$defs", {})
        for inner, each in definitions.items() if is_object(definitions) else ():
            if is_object(each):
                self.definitions[prefix + inner] = dict(each)

        self.definitions[name] = schema
        self.models.add(name)

    def _name(self, cls: object) -> str:
        """Give a class a name of its own among the definitions."""
        wanted = re.sub(r"\W+", "_", shown_name(cls)).strip("_")
        name, number = wanted, 1
        while name in self.definitions:
            number += 1
            name = f"{wanted}_{number}"

        self._names[cls] = name
        self.definitions[name] = {}  # holds the place for the types inside
        return name

    def _prefix(self, name: str) -> str:
        """Give the types inside a model names of their own, by a prefix."""
        prefix = f"{name}_"
        while any(known.startswith(prefix) for known in self.definitions):
            prefix += "_"

        return prefix


def _as_written(info: _Members) -> Sequence[inspect.Field]:
    """Return the members in their order, which msgspec loses for a TypedDict."""
    if not isinstance(info, inspect.TypedDictType):
        return info.fields

    names: list[str] = list((get_origin(info.cls) or info.cls).__annotations__)
    return sorted(info.fields, key=lambda field: names.index(field.name))


def _tuple(places: Sequence[Json], least: int) -> Schema:
    sizes: Schema = {"minItems": least, "maxItems": len(places)}
    return {"type": "array", "prefixItems": places, **sizes}


def _default(field: inspect.Field) -> Schema:
    if field.default is not NODEFAULT:
        return {"default": msgspec.to_builtins(field.default, str_keys=True)}

    factory: object = get_origin(field.default_factory) or field.default_factory
    if factory is dict:
        return {"default": {}}

    return {"default": []} if factory in _ARRAYS else {}
