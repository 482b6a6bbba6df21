"""The seeds of the search, and what it has found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzzing.properties import PROPERTIES

SEEDS = sorted((Path(__file__).parent / "seeds").glob("*/*"))


@pytest.mark.parametrize(
    "seed", SEEDS, ids=[f"{seed.parent.name}/{seed.name}" for seed in SEEDS]
)
def test_property_holds(seed: Path) -> None:
    """What holds for any bytes holds for these."""
    PROPERTIES[seed.parent.name](seed.read_bytes())


@pytest.mark.parametrize("name", PROPERTIES)
def test_there_are_seeds(name: str) -> None:
    """A search that begins with nothing finds little."""
    assert sum(seed.parent.name == name for seed in SEEDS) >= 10
