"""What is made of measurements: medians, ratios, verdicts, tables, pages, plots."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from benchmarks import rounds
from benchmarks.clients import BARE, CHAT, KINDS, OPENAI, OURS
from benchmarks.page import UnfitPageError, write_page
from benchmarks.percentiles import percentile
from benchmarks.results import (
    DifferentRunsError,
    Part,
    Results,
    load,
    new_run,
    write,
)
from benchmarks.tables import number, table, tables
from benchmarks.targets import TARGETS, verdicts
from benchmarks.workloads import BY_NAME

MIB = 1024 * 1024


def part(
    workload: str = "plain-64", run: str = "one", **cpu: tuple[float, ...]
) -> Part:
    """Return rounds of this library and bare aiohttp, CPU in microseconds per unit."""
    names = {"ours": OURS, "bare": BARE, "chat": CHAT}
    return Part(
        run=run,
        workload=workload,
        rounds={
            names[name]: [
                {
                    "units": 10,
                    "cpu": 1e-5 * each,
                    "wall": 2e-5 * each,
                    "p50": 1e-3,
                    "p99": 2e-3,
                    "peak": 30 * MIB,
                }
                for each in figures
            ]
            for name, figures in cpu.items()
        },
        notes=[],
    )


def results(*parts: Part, quick: bool = False) -> Results:
    """Return results of a run."""
    return Results(
        run="one",
        began="2026-11-30T12:00:00+00:00",
        quick=quick,
        rounds=3,
        seconds=0.5,
        machine={"cpu": "any", "cores": 2, "system": "Linux", "load_before": 0.1},
        versions={"python": "3.11"},
        parts=list(parts),
    )


def test_percentiles() -> None:
    """A percentile is one of the values."""
    values = [float(value) for value in range(100, 0, -1)]

    assert percentile(values, 50) == 50
    assert percentile(values, 99) == 99
    assert percentile(values, 100) == 100
    assert percentile([7.0], 50) == 7


def test_ratio_within_rounds() -> None:
    """A ratio is taken within each round before the median is."""
    measured = part(ours=(100, 300, 130), bare=(100, 200, 100))

    assert measured.ratios(OURS, BARE, "cpu") == pytest.approx([1.0, 1.5, 1.3])
    assert measured.middle(OURS, "cpu") == pytest.approx(130)
    assert measured.middle(OURS, "wall") == pytest.approx(260)
    assert measured.middle(OURS, "held") is None


def test_verdicts() -> None:
    """A target is judged where both sides were measured."""
    good = verdicts(results(part(ours=(100, 110, 120), bare=(100, 100, 100))))
    bad = verdicts(results(part(ours=(120, 120, 110), bare=(100, 100, 100))))

    assert [each.figure for each in good] == [pytest.approx(1.1)]
    assert [each.reached for each in good] == [True]
    assert [each.reached for each in bad] == [False]
    assert verdicts(results(part(ours=(1, 1, 1)))) == []


def test_targets_are_measured() -> None:
    """Every target is about cases that its workload has."""
    for target in TARGETS:
        cases = {case.name for case in BY_NAME[target.workload].cases(quick=False)}
        assert target.case in cases
        assert not target.reference or target.reference in cases
        assert target.unit
        assert target.name


def test_growth_is_by_four() -> None:
    """The last two sizes of a series are one to four, and so for a quick look."""
    series = [each for each in BY_NAME.values() if each.group == "Growth"]

    assert len(series) == 4
    for each in series:
        assert each.sizes[-1] == 4 * each.sizes[-2]
        assert set(each.quick_sizes) <= set(each.sizes)


def test_absent_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that is not installed is left out with a note."""

    def absent(name: str) -> list[str]:
        return [f"what {name} needs"]

    monkeypatch.setattr(rounds, "missing", absent)
    played = rounds.play(
        BY_NAME["plain-64"], [OPENAI], rounds=1, seconds=0.1, quick=True, run="one"
    )

    assert played.rounds == {}
    assert played.notes == ["openai left out: what openai needs not installed"]
    assert table([part(ours=(1, 1, 1))]) in tables(
        results(played, part(ours=(1, 1, 1)))
    )


@pytest.mark.parametrize("client", [OPENAI, OURS])
def test_clients_that_break(monkeypatch: pytest.MonkeyPatch, client: str) -> None:
    """A rival that breaks is left out with a note; this library ends the run."""

    def broken(*_: object, **__: object) -> dict[str, float]:
        raise RuntimeError("it ended")

    def nothing(_name: str) -> list[str]:
        return []

    monkeypatch.setattr(rounds, "missing", nothing)
    monkeypatch.setattr(rounds, "measure_once", broken)
    play = partial(
        rounds.play, BY_NAME["plain-64"], [client], seconds=0.1, quick=True, run="one"
    )
    if client == OURS:
        with pytest.raises(RuntimeError, match="it ended"):
            play(rounds=2)
    else:
        played = play(rounds=2)
        assert played.rounds == {}
        assert played.notes == ["openai left out: round 1 failed, it ended"]


def test_every_client_has_a_kind() -> None:
    """Workloads name only clients that can be made."""
    named = {client for each in BY_NAME.values() for client in each.clients}

    assert named <= set(KINDS)
    assert {each.reference for each in BY_NAME.values()} <= named


def test_files_of_results(tmp_path: Path) -> None:
    """Results come back as they were written."""
    path = tmp_path / "results.json"
    written = results(part(ours=(100, 110, 120), bare=(100, 100, 100)))
    write(written, path)

    assert load([path]) == written


def test_parts_of_several_runs(tmp_path: Path) -> None:
    """Parts that were put together from several runs are refused."""
    path = tmp_path / "results.json"
    write(results(part(ours=(1, 1, 1)), part("blocks", "two", ours=(1, 1, 1))), path)

    with pytest.raises(DifferentRunsError, match="of run one, but holds parts"):
        load([path])


def test_two_files() -> None:
    """Two files are refused before they are read."""
    with pytest.raises(DifferentRunsError, match="2 files of results: take one"):
        load([Path("a.json"), Path("b.json")])


def test_names_of_runs() -> None:
    """No two runs have the same name."""
    assert len({new_run() for _ in range(100)}) == 100


def test_table() -> None:
    """A table has medians, the spread and the ratio."""
    shown = table([part(ours=(100, 300, 130), bare=(100, 200, 100))])

    assert shown.splitlines()[2] == (
        "| plain call, 64 in flight | openrouter_async | 130 | 100 - 300 | 1.30 |"
        " 260 | 1.00 | 2.00 | 30.0 |"
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "-"), (1234.5, "1,234"), (12.34, "12.3"), (1.234, "1.23"), (-0.5, "-0.50")],
)
def test_numbers(value: float | None, shown: str) -> None:
    """Numbers have about three digits."""
    assert number(value) == shown


def test_page_refuses_a_quick_look(tmp_path: Path) -> None:
    """Results of a quick look, and pages without markers, are refused."""
    page = tmp_path / "page.md"
    page.write_text("prose\n", encoding="utf-8")

    with pytest.raises(UnfitPageError, match="quick look"):
        write_page(results(quick=True), page)

    with pytest.raises(UnfitPageError, match="has no lines"):
        write_page(results(), page)
