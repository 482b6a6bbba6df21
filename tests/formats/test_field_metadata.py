"""What `field(metadata={"description": ...})` says of a member is told to the model."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Annotated, Any

import attrs

from openrouter_async.formats.format import Format
from tests.formats.schemas import INTEGER, closed


@dataclass
class Fields:
    """
    Describe members in every way.

    Attributes:
        size: Not told.
        other: Told.
        depth: Not told.
    """

    size: int = dataclasses.field(metadata={"description": "in cm"})
    other: int = dataclasses.field(metadata={"unit": "kg"})
    depth: Annotated[int, "in m"] = dataclasses.field(metadata={"description": "in mm"})
    odd: int = dataclasses.field(metadata={"description": 7})


@attrs.define
class Attributes:
    """Be of attrs."""

    size: int = attrs.field(metadata={"description": "in cm"})


class Heir(Fields):
    """Have no members of its own."""


def test_metadata_of_fields_are_told() -> None:
    """Before the docstring, and behind what the type says."""
    told = closed(
        size={"description": "in cm", **INTEGER},
        other={"description": "Told.", **INTEGER},
        depth={"description": "in m", **INTEGER},
        odd=INTEGER,
    )

    assert Format.of(Fields).schema.items() >= told.items()
    assert Format.of(Attributes).schema["properties"] == {
        "size": {"description": "in cm", **INTEGER}
    }
    members: Any = Format.of(Heir).schema["properties"]
    assert members["size"] == {"description": "in cm", **INTEGER}
