"""The fan-out benchmark counts, judges and reads journals as it should."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from benchmarks.fan_out_report import Result, row
from benchmarks.fan_out_shapes import Shape
from benchmarks.fan_out_tally import Tally
from benchmarks.ledger import Counts, Ledger
from benchmarks.limits import (
    Unlimited,
)
from benchmarks.resume_rounds import BrokenPromiseError, journaled


def test_ledger_as_json() -> None:
    """A ledger is the same after its way between two processes."""
    ledger = Ledger()
    ledger.add(ledger.elapsed(5.0), refused=False)
    ledger.add(ledger.elapsed(5.31), refused=True)
    ledger.runs["one"] = Counts(sent={1: 2}, refused={1: 1}, answered={1: 1})

    assert ledger.turned_away == [0, 0, 0, 1]
    assert msgspec.json.decode(msgspec.json.encode(ledger), type=Ledger) == ledger


def test_answered_twice() -> None:
    """An item that was answered in two runs counts as answered twice."""
    runs = {"one": Counts(answered={1: 1, 2: 1}), "two": Counts(answered={2: 2})}

    assert Ledger(runs=runs).answered_twice == 2


def result(
    answered: int, refused: int, wall: float, failures: dict[str, int] | None = None
) -> Result:
    """Make the result of 100 prompts whose ideal time is 1 s."""
    shape = Shape(name="plain", title="", limit=Unlimited, latency=1.0, least_ideal=0.9)
    tally = Tally(
        began=5.0,
        ended=5.0 + wall,
        answered=set(range(answered)),
        failures=failures or {},
    )
    ledger = Ledger(
        runs={
            "": Counts(answered=dict.fromkeys(range(answered), 1), refused={0: refused})
        }
    )
    return Result(
        shape=shape,
        client="map",
        prompts=100,
        tallies=[tally],
        ledger=ledger,
        judged=True,
    )


@pytest.mark.parametrize(
    ("found", "missed"),
    [
        pytest.param(result(100, 5, 1.1), [], id="reached"),
        pytest.param(result(100, 6, 1.1), ["refused <= 0.05"], id="refused"),
        pytest.param(result(100, 0, 1.2), ["ideal / wall >= 0.90"], id="slow"),
        pytest.param(
            result(99, 0, 1.0, {"RateLimitError": 1}),
            ["lost", "ideal / wall >= 0.90"],
            id="lost",
        ),
    ],
)
def test_targets(found: Result, missed: list[str]) -> None:
    """Each target that is missed is named."""
    assert found.missed == missed


def test_row() -> None:
    """A row tells failed prompts from unfinished ones, and judges."""
    line = row(result(90, 50, 2.0, {"RateLimitError": 3}))

    assert line == (
        "| plain | map | 100 | 90 | 3 | 7 | 0 | 0.500 | 2.00 | 1.00 | - |"
        " NOT REACHED: lost, refused <= 0.05, ideal / wall >= 0.90 |"
    )


def test_wrong_answer() -> None:
    """A tally takes no answer of another item, and none twice."""
    tally = Tally()
    tally.answer(1, "This is the answer to item 1.")

    with pytest.raises(ValueError, match="item 2"):
        tally.answer(2, "This is the answer to item 12.")

    with pytest.raises(ValueError, match="item 1"):
        tally.answer(1, "This is the answer to item 1.")


def line_of(item: int, occurrence: int = 1) -> str:
    """Write a line of a journal."""
    answer = {"choices": [{"text": f"This is the answer to item {item}."}]}
    entry = {"fingerprint": f"{item}", "occurrence": occurrence, "answer": answer}
    return f"{json.dumps(entry)}\n"


def test_journaled(tmp_path: Path) -> None:
    """Whole lines of a journal are counted; a torn one and notes are not."""
    journal = tmp_path / "journal.jsonl"
    note = '{"sent": "x"}\n'
    lines = ["{}\n", line_of(1), note, line_of(1, occurrence=2), line_of(2)[:-1]]
    journal.write_text("".join(lines), encoding="utf-8")

    assert journaled(journal) == {1: 2}


def test_journaled_twice(tmp_path: Path) -> None:
    """An item that is in the journal twice is noticed."""
    journal = tmp_path / "journal.jsonl"
    journal.write_text("".join(["{}\n", line_of(1), line_of(1)]), encoding="utf-8")

    with pytest.raises(BrokenPromiseError, match="twice"):
        journaled(journal)
