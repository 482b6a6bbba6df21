"""The forms that a prompt can have."""

from __future__ import annotations

from collections.abc import Sequence

from openrouter_async.errors import ConfigError
from openrouter_async.types.lenient import is_array

_FORMS = (
    "prompt must be a string, a list of strings, a list of token ids or a list of"
    " lists of token ids"
)


def checked_prompt(prompt: object) -> object:
    """
    Return a prompt, if it has one of the four forms.

    Raises:
        ConfigError: it says what was passed.
    """
    if isinstance(prompt, str):
        return prompt

    if not is_array(prompt):
        raise ConfigError(f"{_FORMS}, not {type(prompt).__name__}")

    if not prompt:
        raise ConfigError(f"{_FORMS}; this list is empty")

    kinds = {"number"} if _is_tokens(prompt) else {_kind(item) for item in prompt}
    if len(kinds) > 1 or kinds - {"str", "number", "tokens"}:
        raise ConfigError(f"{_FORMS}; this list holds {', '.join(sorted(kinds))}")

    return prompt


def _kind(item: object) -> str:
    if isinstance(item, str):
        return "str"

    if _is_number(item):
        return "number"

    return "tokens" if is_array(item) and _is_tokens(item) else type(item).__name__


def _is_number(item: object) -> bool:
    return isinstance(item, int | float) and not isinstance(item, bool)


def _is_tokens(items: Sequence[object]) -> bool:
    # In C where it can be: a prompt can be a hundred thousand token ids.
    return set(map(type, items)) <= {int} or all(map(_is_number, items))
