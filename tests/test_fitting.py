"""A part of aiohttp that is not what it was costs the short way, and no call."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from aiohttp.connector import Connection

from openrouter_async.transport import fitting
from openrouter_async.transport.fitting import Use, fits

USES = fitting._USES  # pyright: ignore[reportPrivateUsage]  # each of them
NAMES = [f"{use.owner.__name__}.{use.name}" for use in USES]


def test_all_parts_are_here() -> None:
    """Else every call would go the longer way, unseen."""
    assert fits()


@pytest.mark.parametrize("version", ["3.13.9", "3.15.0", "4.0.0"])
def test_another_series(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has looked at it."""
    monkeypatch.setattr(aiohttp, "__version__", version)

    assert not fits()


def _needing_more(use: Use, method: Callable[..., object]) -> Callable[..., object]:
    """Have a parameter more that must be given."""
    signature = inspect.signature(method)
    new = inspect.Parameter("new", inspect.Parameter.KEYWORD_ONLY)
    changed = signature.replace(parameters=[*signature.parameters.values(), new])
    return _with_signature(method, changed)


def _of_other_kind(use: Use, method: Callable[..., object]) -> Callable[..., object]:
    """Have to be awaited, or not any more."""

    def called(self: object, *places: object, **names: object) -> object:
        return method(self, *places, **names)

    async def awaited(self: object, *places: object, **names: object) -> object:
        return method(self, *places, **names)

    return called if use.awaited else awaited


def _with_signature(
    method: Callable[..., object], signature: inspect.Signature
) -> Callable[..., object]:
    def called(self: object, *places: object, **names: object) -> object:
        return method(self, *places, **names)

    called.__signature__ = signature  # type: ignore[attr-defined]  # read by inspect
    return called


@pytest.mark.parametrize("use", USES, ids=NAMES)
@pytest.mark.parametrize("change", [_needing_more, _of_other_kind])
def test_method_that_changed(
    use: Use,
    change: Callable[[Use, Callable[..., object]], Callable[..., object]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it takes, and whether it is awaited, is compared."""
    monkeypatch.setattr(use.owner, use.name, change(use, getattr(use.owner, use.name)))

    assert not fits()


@pytest.mark.parametrize(
    "use", [use for use in USES if use.name != "__init__"], ids=lambda use: use.name
)
def test_method_that_is_gone(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is whether there is one."""
    for owner in use.owner.__mro__:
        if use.name in vars(owner):
            monkeypatch.delattr(owner, use.name)

    assert not fits()


def test_property_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection has to lead to what is written to."""
    monkeypatch.delattr(Connection, "protocol")

    assert not fits()


def _renamed(members: dict[str, Any]) -> None:
    members["_tls"] = members.pop("_ssl")


def _added(members: dict[str, Any]) -> None:
    members["_priority"] = None


def _of_other_value(members: dict[str, Any]) -> None:
    members["server_hostname"] = "a"


@pytest.mark.parametrize("change", [_renamed, _added, _of_other_value])
def test_members_that_changed(
    change: Callable[[dict[str, Any]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that is built without aiohttp's constructor has to have all of them."""
    begin = aiohttp.ClientRequest.__init__

    def changed(self: aiohttp.ClientRequest, *places: Any, **names: Any) -> None:
        begin(self, *places, **names)
        change(vars(self))

    monkeypatch.setattr(aiohttp.ClientRequest, "__init__", changed)

    assert not fits()


def test_parts_that_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever they raise, the import of the library goes on."""

    def fail(self: object, *places: object, **names: object) -> None:
        raise LookupError("elsewhere now")

    monkeypatch.setattr(aiohttp.ClientRequest, "__init__", fail)

    assert not fits()
