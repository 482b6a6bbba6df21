"""The members of models of pydantic, and of its dataclasses, as it knows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, cast

from openrouter_async.types.lenient import is_array, is_object

_BY_NAME = ("populate_by_name", "validate_by_name")


class _Member(Protocol):
    """Be a `FieldInfo`."""

    annotation: object
    validation_alias: object


def model_hints(kind: object) -> dict[str, object]:
    """Return the types of the members of a model, without their metadata."""
    return {name: member.annotation for name, member in _members(kind).items()}


def paths_of_aliases(kind: object) -> Iterator[tuple[str, str]]:
    """
    List the members of a model that are read from inside of others, with the place.

    Those that are read by a name as well do not count: the schema tells it.
    """
    config = getattr(kind, "model_config", getattr(kind, "__pydantic_config__", None))
    if is_object(config) and any(config.get(each) for each in _BY_NAME):
        return

    for name, member in _members(kind).items():
        alias = member.validation_alias
        choices: Sequence[object] = getattr(alias, "choices", [alias])
        paths = [getattr(each, "path", None) for each in choices]
        known = [path for path in paths if is_array(path)]
        # The schema tells the first name among them, or that of the member itself.
        if len(known) == len(paths) and [name] not in known:
            yield name, _place(known[0])


def _members(kind: object) -> Mapping[str, _Member]:
    members = getattr(kind, "__pydantic_fields__", getattr(kind, "model_fields", None))
    known = isinstance(kind, type) and isinstance(members, Mapping)
    return cast("Mapping[str, _Member]", members) if known else {}


def _place(path: Sequence[object]) -> str:
    """Write the path of an alias, such as `addresses[0].city`."""
    first, *rest = path
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in rest)
    return f"{first}{''.join(steps)}"
