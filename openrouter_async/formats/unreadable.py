"""Parts of types that have a schema, though no answer that keeps to it is read."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import get_origin

from openrouter_async.formats.hints import Part, arguments, behind, member_hints
from openrouter_async.formats.model_members import model_hints, paths_of_aliases
from openrouter_async.formats.models import is_model
from openrouter_async.formats.refusals import refusal

_EMPTY = (
    "there is no value that an empty tuple could hold; leave it out, or use"
    " `tuple[int, ...]` for any number of them"
)


def check_readable(kind: object, whose: object, path: str) -> None:
    """
    Check that what keeps to the schema of a type can be read.

    Args:
        kind: the type.
        whose: what it is a part of, for messages.
        path: where it is a part of that.

    Raises:
        ConfigError: it cannot; with the path and the remedy.
    """
    for place, part in _walk(kind, path):
        if _is_empty_tuple(part):
            raise refusal(whose, place, _EMPTY)

        for name, where in paths_of_aliases(part):
            reason = (
                f"pydantic reads it from `{where}` (AliasPath), which its schema does"
                " not tell; give the model members as the JSON has them, or set"
                " `populate_by_name=True` in its `model_config`"
            )
            raise refusal(whose, f"{place}.{name}", reason)


def _is_empty_tuple(kind: object) -> bool:
    """Tell whether it is `tuple[()]`, which msgspec takes for a bare `tuple`."""
    return get_origin(kind) is tuple and getattr(kind, "__args__", None) == ()


def _walk(kind: object, path: str) -> Iterator[Part]:
    """List a type and all that it consists of, the members of each class once."""
    entered: dict[int, object] = {}
    ahead = deque([(path, kind)])
    while ahead:
        place, part = ahead.popleft()
        yield place, part
        within = arguments(part)
        origin: object = get_origin(part) or part
        if id(origin) not in entered:
            entered[id(origin)] = origin  # kept, so that nothing else has its id
            within += _members(part)

        ahead.extend((place + step, each) for step, each in within)


def _members(kind: object) -> list[Part]:
    if named := behind(kind):
        return [("", named)]

    hints = model_hints(kind) if is_model(kind) else member_hints(kind)
    return [(f".{name}", hint) for name, hint in hints.items()]
