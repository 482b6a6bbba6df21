"""Classes that are made in a function are described as others are."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypedDict

import attrs
import msgspec
import pytest

from openrouter_async.formats.format import Format


def structs() -> type[object]:
    """Make Structs."""

    class Inner(msgspec.Struct):
        """Be inside."""

        size: int

    class Outer(msgspec.Struct):
        """Hold it."""

        parts: list[Inner]

    return Outer


def dataclasses() -> type[object]:
    """Make dataclasses."""

    @dataclass
    class Inner:
        """Be inside."""

        size: int

    @dataclass
    class Outer:
        """Hold it."""

        parts: list[Inner]

    return Outer


def typed_dicts() -> type[object]:
    """Make TypedDicts."""

    class Inner(TypedDict):
        """Be inside."""

        size: int

    class Outer(TypedDict):
        """Hold it."""

        parts: list[Inner]

    return Outer


def named_tuples() -> type[object]:
    """Make a NamedTuple of a class of attrs."""

    @attrs.define
    class Inner:
        """Be inside."""

        size: int

    class Outer(NamedTuple):
        """Hold it."""

        parts: list[Inner]

    return Outer


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (structs, '{"parts":[{"size":3}]}'),
        (dataclasses, '{"parts":[{"size":3}]}'),
        (typed_dicts, '{"parts":[{"size":3}]}'),
        (named_tuples, '[[{"size":3}]]'),
    ],
)
def test_local_classes_may_hold_one_another(
    make: Callable[[], type[object]], text: str
) -> None:
    """As this module has no annotations that are text."""
    value = Format.of(make()).read(text)

    assert msgspec.json.encode(value).decode() == text
