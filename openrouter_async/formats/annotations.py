"""Annotations as msgspec reads them, in whoever's words their metadata are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Annotated, Literal, Union, cast, get_args, get_origin

from openrouter_async.formats.hints import behind, is_union, steps
from openrouter_async.formats.metadata import Metadata, is_foreign, parted
from openrouter_async.formats.models import is_choice, reader_of_choice
from openrouter_async.formats.refusals import first_line, refusal, shown_name
from openrouter_async.formats.unreadable import check_readable

# As values: checkers know them in annotations alone.
_ANNOTATED = cast("Mapping[tuple[object, ...], object]", Annotated)
_UNION = cast("Mapping[tuple[object, ...], object]", Union)


def translated(kind: object, whose: object = None, path: str = "$") -> object:
    """
    Return a type with the metadata of pydantic and annotated-types as those of msgspec.

    Plain text becomes the description, and a union of models a type that pydantic
    reads. Classes stay what they are; see `members.misplaced`.

    Args:
        kind: the type.
        whose: what it is a part of, for messages; itself by default.
        path: where it is a part of that.

    Raises:
        ConfigError: some have no counterpart, or no answer could be read as the type;
            with the path and the remedy.
    """
    of = kind if whose is None else whose
    check_readable(kind, of, path)
    return _Translation(of).of(kind, path)


class _Translation:
    """Translate the parts of a type."""

    def __init__(self, whose: object) -> None:
        self.whose = whose
        self._entered: list[object] = []  # names of types, which may be recursive

    def of(self, kind: object, path: str) -> object:
        if is_choice(kind):
            return self._choice(kind, path)

        if get_origin(kind) is Annotated:
            return self._annotated(kind, path)

        named = behind(kind)
        if named is not None and kind not in self._entered:
            self._entered.append(kind)
            found = self.of(named, path)
            self._entered.pop()
            return kind if found is named else found

        return self._generic(kind, path)

    def _generic(self, kind: object, path: str) -> object:
        origin: object = get_origin(kind)
        if origin is None or origin is Literal:
            return kind

        args = get_args(kind)
        pairs = list(zip(args, steps(kind), strict=True))
        new = tuple(self.of(arg, path + step) for arg, step in pairs)
        if all(one is other for one, other in zip(args, new, strict=True)):
            return kind

        generic = _UNION if is_union(kind) else origin
        return cast("Mapping[tuple[object, ...], object]", generic)[new]

    def _annotated(self, kind: object, path: str) -> object:
        base, *metadata = get_args(kind)
        new = self._choice(kind, path) if is_choice(base) else self.of(base, path)
        if is_choice(base):  # pydantic has read what is its own
            metadata = [each for each in metadata if not is_foreign(each)]

        said = Metadata(metadata)
        words, bounds = self._metas(said, path)
        kept = said.kept
        if _is_nullable(new):
            kept, own = parted(kept)
            bounds += own

        if new is base and not words and not bounds:
            return kind

        return _annotate(_bounded(new, bounds), [*words, *kept])

    def _metas(self, said: Metadata, path: str) -> tuple[list[object], list[object]]:
        if said.unread:
            names = ", ".join(f"`{name}`" for name in dict.fromkeys(said.unread))
            reason = f"only a pydantic model reads {names}; use {said.as_code}, or put"
            raise refusal(self.whose, path, f"{reason} it into one")

        try:
            return said.metas()
        except (TypeError, ValueError) as found:
            reason = f"{found}; a pydantic model can check it"

        raise refusal(self.whose, path, reason)

    def _choice(self, kind: object, path: str) -> object:
        try:
            return reader_of_choice(kind, shown_name(kind))
        except Exception as found:  # pydantic has errors for all kinds of mistakes
            reason = f"pydantic cannot read it: {first_line(found)}"

        raise refusal(self.whose, path, reason)


def _bounded(kind: object, bounds: Sequence[object]) -> object:
    """Return a type with bounds, which are not for null."""
    if not _is_nullable(kind):
        return _annotate(kind, bounds)

    [only] = (arg for arg in get_args(kind) if arg is not NoneType)
    return _UNION[_annotate(only, bounds), None]


def _is_nullable(kind: object) -> bool:
    """Tell whether it is one type or null."""
    args = get_args(kind)
    return is_union(kind) and NoneType in args and len(args) == 2


def _annotate(kind: object, metadata: Sequence[object]) -> object:
    return _ANNOTATED[kind, *metadata] if metadata else kind
