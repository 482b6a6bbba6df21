"""The parameters that all items of a run share, and how those of two runs differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from openrouter_async.types.lenient import Json, is_array, is_object, json_value

_SHOWN = 60  # characters of a value in a message
_LED_IN = 20  # characters of a long value before the first that differs
_MISSING = object()


class RunParameters(dict[str, Json]):
    """
    Hold what all items of a run share.

    Attributes:
        called: what a message calls a parameter that was made from another argument.
    """

    def __init__(
        self, parameters: Mapping[str, Json], called: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(parameters)
        self.called: Mapping[str, str] = called or {}

    @staticmethod
    def names(parameters: Mapping[str, Json]) -> Mapping[str, str]:
        """Return what a message calls parameters; no others than they are, for most."""
        return parameters.called if isinstance(parameters, RunParameters) else {}


def differences(
    old: Mapping[str, msgspec.Raw],
    new: Mapping[str, msgspec.Raw],
    called: Mapping[str, str],
) -> Iterator[str]:
    """
    Yield what differs, once for each parameter: where first, and both values.

    Args:
        old: parameters of the run before, as canonical JSON.
        new: those of this run.
        called: what a message calls them.
    """
    for name in {**old, **new}:
        texts = [bytes(each.get(name, b"")) for each in (old, new)]
        if texts[0] != texts[1]:
            yield _told(called.get(name, name), *map(_value, texts))


def _told(name: str, old: object, new: object) -> str:
    """Tell of two values; where one is long, of the first place that differs."""
    if max(len(_text(old)), len(_text(new))) > _SHOWN:
        name, old, new = _difference(old, new, name) or (name, old, new)

    shown_old, shown_new = _shown(old, new)
    return f"{name} was {shown_old} and is {shown_new}"


def _value(text: bytes) -> object:
    return json_value(text) if text else _MISSING


def _difference(
    old: object, new: object, path: str
) -> tuple[str, object, object] | None:
    """Return the path of the first difference, and both values there."""
    if is_object(old) and is_object(new):
        steps = [(f"{path}.{name}", name) for name in {**old, **new}]
        found = (
            _difference(old.get(name, _MISSING), new.get(name, _MISSING), step)
            for step, name in steps
        )
    elif is_array(old) and is_array(new):
        found = (
            _difference(_at(old, place), _at(new, place), f"{path}[{place}]")
            for place in range(max(len(old), len(new)))
        )
    else:
        same = type(old) is type(new) and old == new
        return None if same else (path, old, new)

    return next((each for each in found if each is not None), None)


def _at(values: object, place: int) -> object:
    return values[place] if is_array(values) and place < len(values) else _MISSING


def _shown(old: object, new: object) -> tuple[str, str]:
    """Return both values, shortened around the first character that differs."""
    one, other = _text(old), _text(new)
    pairs = enumerate(zip(one, other, strict=False))
    differing = next((place for place, (a, b) in pairs if a != b), 0)
    start = max(0, differing - _LED_IN)
    return _cut(one, start), _cut(other, start)


def _text(value: object) -> str:
    return "not given" if value is _MISSING else msgspec.json.encode(value).decode()


def _cut(text: str, start: int) -> str:
    if len(text) <= _SHOWN:
        return text

    shown = text[start : start + _SHOWN]
    before, after = "..." if start else "", "..." if text[start + _SHOWN :] else ""
    return f"{before}{shown}{after}"
