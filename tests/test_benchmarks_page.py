"""The suite writes a page and its images from results that it loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.clients import BARE, OURS
from benchmarks.page import BEGIN, END
from benchmarks.results import Part, Results, write

SUITE = Path(__file__).parents[1] / "benchmarks" / "suite.py"
SIZES = (500, 1_000, 4_000, 16_000)


def results() -> Results:
    """Return results with something for three of the plots."""
    rounds = [
        {"units": 10, "cpu": each, "wall": each, "p50": each, "p99": each, "peak": 3e7}
        for each in (0.001, 0.002, 0.003)
    ]
    growth = {f"{OURS} @ {size:,}": rounds for size in SIZES}
    cases = {
        "plain-64": {OURS: rounds, BARE: rounds},
        "import": {OURS: rounds},
        "growth-chunks": growth,
    }
    return Results(
        run="one",
        began="2026-11-30T12:00:00+00:00",
        quick=False,
        rounds=3,
        seconds=0.5,
        machine={"cpu": "any", "cores": 2, "system": "Linux", "load_before": 0.1},
        versions={"python": "3.11"},
        parts=[
            Part(run="one", workload=name, rounds=found, notes=[])
            for name, found in cases.items()
        ],
    )


def show(path: Path, page: Path) -> None:
    """Let the suite write the page: matplotlib keeps its files open."""
    arguments = ("--from", str(path), "--page", str(page))
    subprocess.run(
        [sys.executable, SUITE, *arguments], check=True, stdout=subprocess.DEVNULL
    )


def test_page(tmp_path: Path) -> None:
    """The measured part is replaced, the prose stays, and a second time is the same."""
    pytest.importorskip("matplotlib")
    path, page, images = (tmp_path / each for each in ("one.json", "a.md", "images"))
    page.write_text(f"before\n\n{BEGIN}\nold\n{END}\n\nafter\n", encoding="utf-8")
    write(results(), path)
    show(path, page)
    text = page.read_text(encoding="utf-8")
    drawn = {each.name: each.read_bytes() for each in images.iterdir()}
    show(path, page)

    assert text.startswith(f"before\n\n{BEGIN}\n")
    assert text.endswith(f"{END}\n\nafter\n")
    assert "old" not in text
    assert all(f"](images/{name})" in text for name in drawn)
    names = {"benchmarks-calls.svg", "benchmarks-start.svg", "benchmarks-growth.svg"}
    assert set(drawn) == names
    assert page.read_text(encoding="utf-8") == text
    assert {each.name: each.read_bytes() for each in images.iterdir()} == drawn
