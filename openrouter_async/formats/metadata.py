"""
What the metadata of `Annotated` say, in the words of msgspec, pydantic and others.

Those of pydantic and annotated-types are known by where they come from, and by what
they can do: neither is imported.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol, TypeGuard, cast

from msgspec import Meta

from openrouter_async.formats.models import is_model

_PACKAGES = frozenset({"annotated_types", "pydantic", "pydantic_core"})
_BOUNDS = frozenset(
    {
        "ge",
        "gt",
        "le",
        "lt",
        "max_length",
        "min_length",
        "multiple_of",
        "pattern",
    }
)
_WORDS = ("title", "description", "examples")
_BOUNDS_OF_META = (*_BOUNDS, "tz")
_WORDS_OF_META = (*_WORDS, "extra_json_schema", "extra")
_MODELS_ALONE = {"validation_alias": "alias", "discriminator": "discriminator"}


class Field(Protocol):
    """Be what pydantic's `Field(...)` returns."""

    metadata: list[object]

    def is_required(self) -> bool:
        """Tell whether it has no default."""
        ...


class Metadata:
    """
    Collect what metadata say.

    Attributes:
        words: what is told of a type alone, as arguments of `msgspec.Meta`.
        bounds: what values have to keep to, likewise.
        kept: the metadata of msgspec and of anybody else, as they are.
        unread: the names of what has no counterpart in msgspec.
        is_foreign: whether any are of pydantic or annotated-types.
    """

    def __init__(self, metadata: Iterable[object]) -> None:
        self.words: dict[str, object] = {}
        self.bounds: dict[str, object] = {}
        self.kept: list[object] = []
        self.unread: list[str] = []
        self.is_foreign: bool = False
        texts: list[str] = []
        for each in metadata:
            text = _text(each)
            if text is not None:
                texts.append(text)
            elif is_foreign(each):
                self._foreign(each)
            else:
                self.kept.append(each)

        if texts:
            self.words.setdefault("description", " ".join(texts))

    @property
    def as_code(self) -> str:
        """The metadata as one writes them for msgspec."""
        said = {**self.bounds, **self.words}
        written = ", ".join(f"{name}={value!r}" for name, value in said.items())
        return f"msgspec.Meta({written or 'ge=..., description=...'})"

    def metas(self) -> tuple[list[object], list[object]]:
        """
        Return the words and the bounds as metadata of msgspec.

        Raises:
            TypeError: msgspec has no such bound.
            ValueError: likewise.
        """
        make = cast("Callable[..., object]", Meta)
        words, bounds = (
            [make(**each)] if each else [] for each in (self.words, self.bounds)
        )
        return words, bounds

    def _foreign(self, each: object) -> None:
        self.is_foreign = True
        if is_field(each):
            self._field(each)
        elif isinstance(each, Iterable):  # a group of constraints
            for part in cast("Iterable[object]", each):
                self._foreign(part)
        else:
            self._constraint(each)

    def _field(self, field: Field) -> None:
        for name in _WORDS:
            value: object = getattr(field, name, None)
            if value is not None:
                self.words[name] = value

        extra: object = getattr(field, "json_schema_extra", None)
        if isinstance(extra, Mapping):
            self.words["extra_json_schema"] = extra
        elif extra is not None:
            self.unread.append("json_schema_extra")

        if not field.is_required():
            self.unread.append("default")

        for attribute, name in _MODELS_ALONE.items():
            if getattr(field, attribute, None) is not None:
                self.unread.append(name)

        for each in field.metadata:
            self._foreign(each)

    def _constraint(self, each: object) -> None:
        kind = type(each).__name__
        named = [
            (name, value) for name, value in _attributes(each) if value is not None
        ]
        if not named:
            self.unread.append(kind)

        for name, value in named:
            known = name in _BOUNDS and isinstance(value, int | float | str)
            if known and self.bounds.get(name, value) == value:
                self.bounds[name] = value
            else:
                self.unread.append(name if kind.startswith("_") else kind)


def parted(metadata: Iterable[object]) -> tuple[list[object], list[object]]:
    """Take the bounds out of those of msgspec, and return the rest and the bounds."""
    rest: list[object] = []
    bounds: list[object] = []
    for each in metadata:
        bound = _meta(each, _BOUNDS_OF_META) if isinstance(each, Meta) else None
        words = _meta(each, _WORDS_OF_META) if bound else each
        rest += [words] if words else []
        bounds += [bound] if bound else []

    return rest, bounds


def _meta(said: object, names: Iterable[str]) -> Meta | None:
    """Return what some arguments of metadata say; None where there are none of them."""
    given = {name: getattr(said, name) for name in names}
    kept = {name: value for name, value in given.items() if value is not None}
    make = cast("Callable[..., Meta]", Meta)
    return make(**kept) if kept else None


def is_foreign(value: object) -> bool:
    """Tell whether metadata are of pydantic or annotated-types."""
    cls: type[object] = type(value)
    packages = {base.__module__.partition(".")[0] for base in cls.__mro__}
    return bool(packages & _PACKAGES) and not is_model(cls)


def is_field(value: object) -> TypeGuard[Field]:
    """Tell whether it is what pydantic's `Field(...)` returns."""
    return is_foreign(value) and callable(getattr(value, "is_required", None))


def _text(value: object) -> str | None:
    """Return metadata that are only text, such as `Doc(...)` of PEP 727."""
    text: object = getattr(value, "documentation", value)
    return text if isinstance(text, str) else None


def _attributes(value: object) -> Iterator[tuple[str, object]]:
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield field.name, getattr(value, field.name)
    else:
        yield from getattr(value, "__dict__", {}).items()
