"""What a class says of itself and of its members: in its docstring, and by metadata."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Annotated, NamedTuple, get_args, get_origin

from openrouter_async.formats.docstrings import Docstring, read_docstring
from openrouter_async.formats.hints import arguments, behind, member_hints
from openrouter_async.formats.metadata import Metadata, is_field
from openrouter_async.formats.refusals import shown_name


class Misplaced(NamedTuple):
    """
    Tell of metadata that nobody would read.

    Attributes:
        path: from the class that has them, such as `.items[]`.
        reason: why, and what to do.
    """

    path: str
    reason: str


def said_of(cls: object) -> Docstring:
    """
    Return what a class says of itself and of its members.

    A docstring that Python made up counts as none, as does an inherited one. What the
    metadata of a member say of it comes first.
    """
    origin = get_origin(cls) or cls
    own = vars(origin).get("__doc__") if isinstance(origin, type) else None
    made_up = own is not None and own.startswith(f"{shown_name(origin)}(")
    said = read_docstring(None if made_up or own == Enum.__doc__ else own)
    return Docstring(said.text, {**said.members, **_descriptions(origin)})


def misplaced(cls: object, defaults: Mapping[str, object]) -> Iterator[Misplaced]:
    """
    List the metadata of pydantic and annotated-types that nobody would read.

    msgspec passes over them, and pydantic reads those of its own models. The
    description of a member is read by `said_of`.

    Args:
        cls: the class.
        defaults: of its members.
    """
    origin = get_origin(cls) or cls
    for member, default in defaults.items():
        if is_field(default):
            use = f"Annotated[..., {Metadata([default]).as_code}]"
            yield _misplaced(f".{member}", "`Field(...)` as a default", use, origin)

    for member, hint in member_hints(origin).items():
        for place, said in _metadata(hint, f".{member}", ()):
            own = {"description"} if place == f".{member}" else set[str]()
            if said.is_foreign and (
                said.bounds or said.unread or said.words.keys() - own
            ):
                yield _misplaced(place, "its metadata", said.as_code, origin)


def _misplaced(path: str, what: str, use: str, cls: object) -> Misplaced:
    remedy = f"use {use}, or make {shown_name(cls)} a BaseModel"
    return Misplaced(path, f"only a pydantic model reads {what}; {remedy}")


def _descriptions(cls: object) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, hint in member_hints(cls).items():
        for place, said in _metadata(hint, "", ()):
            text = said.words.get("description")
            if not place and isinstance(text, str):
                found.setdefault(name, text)

    return {**dict(_descriptions_of_fields(cls)), **found}


def _descriptions_of_fields(cls: object) -> Iterator[tuple[str, str]]:
    """List what `field(metadata={"description": ...})` says, of attrs too."""
    fields: tuple[object, ...] = getattr(cls, "__attrs_attrs__", ())
    if isinstance(cls, type) and dataclasses.is_dataclass(cls):
        fields = dataclasses.fields(cls)

    for field in fields:
        text = getattr(field, "metadata", {}).get("description")
        if isinstance(text, str):
            yield getattr(field, "name", ""), text


def _metadata(
    hint: object, place: str, entered: tuple[object, ...]
) -> Iterator[tuple[str, Metadata]]:
    """List what the metadata in a type say, with their places."""
    if get_origin(hint) is Annotated:
        yield place, Metadata(get_args(hint)[1:])

    named = behind(hint)
    if named is not None and hint not in entered:
        yield from _metadata(named, place, (*entered, hint))

    for step, part in arguments(hint):
        yield from _metadata(part, place + step, entered)
