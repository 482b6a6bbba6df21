"""Unions of schemas, of which the instance says by one member which it is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import (
    extend,  # pyright: ignore[reportUnknownVariableType]  # untyped stub
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    class _Keyword(Protocol):
        def __call__(
            self,
            validator: _Validator,
            value: object,
            instance: object,
            schema: Mapping[str, object],
        ) -> Iterator[ValidationError]: ...

    class _Validator(Protocol):
        def descend(
            self, instance: object, schema: object
        ) -> Iterator[ValidationError]: ...


def _plain(keyword: str) -> _Keyword:
    keywords = cast("Mapping[str, _Keyword]", Draft202012Validator.VALIDATORS)
    return keywords[keyword]


def _union(
    keyword: str,
) -> Callable[
    [_Validator, Sequence[object], object, Mapping[str, object]],
    Iterator[ValidationError],
]:
    """
    Return a keyword that goes straight to the alternative that is meant.

    Trying all alternatives, as JSON Schema says, costs more and reports the wrong one
    for every mistake; OpenAPI's discriminator tells which it is.
    """
    plain = _plain(keyword)

    def check(
        validator: _Validator,
        alternatives: Sequence[object],
        instance: object,
        schema: Mapping[str, object],
    ) -> Iterator[ValidationError]:
        discriminator = schema.get("discriminator")
        if not isinstance(discriminator, dict) or not isinstance(instance, dict):
            yield from plain(validator, alternatives, instance, schema)
            return

        rules = cast("dict[str, object]", discriminator)
        members = cast("dict[str, object]", instance)
        name = str(rules["propertyName"])
        mapping = cast("dict[str, str]", rules["mapping"])
        value = members.get(name)
        if isinstance(value, str) and value in mapping:
            yield from validator.descend(members, {"$ref": mapping[value]})
        elif name not in members:
            yield ValidationError(f"{name!r} is a required property")
        else:
            message = f"{value!r} is not one of {sorted(mapping)!r}"
            yield ValidationError(message, path=[name])

    return check


DiscriminatingValidator: type[Draft202012Validator] = cast(
    "type[Draft202012Validator]",
    extend(  # type: ignore[no-untyped-call]  # untyped stub
        Draft202012Validator,
        {"anyOf": _union("anyOf"), "oneOf": _union("oneOf")},
    ),
)
"""Draft 2020-12 with the discriminators of OpenAPI."""
