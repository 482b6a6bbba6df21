"""The pace in the simulation: how near it comes to the limit, and at what cost."""

from __future__ import annotations

from math import inf

import pytest

from tests.flow.limits import Bucket, Outage, Window
from tests.flow.shapes import PROMISED, ROUGH
from tests.flow.simulation import Figures, Shape, simulate
from tests.flow.times import fixed


def check(shape: Shape, figures: Figures) -> None:
    """Compare what was reached with what has to be."""
    assert figures.answered == [shape.prompts] * shape.clients
    assert figures.refused <= shape.most_refused
    assert figures.ideal >= shape.least_ideal


@pytest.mark.parametrize("seed", range(4), ids="seed {}".format)
@pytest.mark.parametrize("shape", PROMISED.values(), ids=PROMISED.keys())
def test_promised(shape: Shape, seed: int) -> None:
    """All prompts are answered, near the ideal time, with few refused requests."""
    check(shape, simulate(shape, seed))


@pytest.mark.parametrize("seed", range(3), ids="seed {}".format)
@pytest.mark.parametrize("shape", ROUGH.values(), ids=ROUGH.keys())
def test_rough(shape: Shape, seed: int) -> None:
    """Where no figure is promised, all prompts are answered in a fair time."""
    check(shape, simulate(shape, seed))


@pytest.mark.parametrize("seed", range(3), ids="seed {}".format)
def test_clients_get_fair_shares(seed: int) -> None:
    """Of eight clients on one limit none has to wait much longer than the others."""
    figures = simulate(PROMISED["eight clients"], seed)

    assert min(figures.ended_at) > max(figures.ended_at) * 0.6


def test_same_seed_same_figures() -> None:
    """A simulation can be repeated: nothing in it depends on the real time."""
    shape = PROMISED["eight clients"]

    assert simulate(shape, 7) == simulate(shape, 7)


@pytest.mark.parametrize("clients", [1, 8], ids="{} clients".format)
def test_outage_is_not_stormed(clients: int) -> None:
    """In an outage few requests are sent, and after it no more than flow in."""
    shape = Shape(
        limit=lambda: Outage(Bucket(200, 10), 5.0, 15.0),
        prompts=3_000 // clients,
        clients=clients,
    )
    figures = simulate(shape, 1)

    assert figures.answered == [shape.prompts] * clients
    # What was in flight as it began is refused; then ever fewer ask.
    assert figures.in_window(6.0, 15.0) <= 60 * clients
    assert figures.in_window(15.0, 15.1) <= 40
    assert max(figures.ended_at) < 50.0


@pytest.mark.parametrize("clients", [1, 8], ids="{} clients".format)
def test_no_herd_after_a_reset(clients: int) -> None:
    """Those who are told the same moment do not return in one."""
    shape = Shape(
        limit=lambda: Window(100, 2.0, first_end=2.0),
        prompts=2_000 // clients,
        clients=clients,
    )
    figures = simulate(shape, 1)
    resets = [2.0 * turn for turn in range(3, 18)]

    # A herd would be all that wait: up to 256 of each client.
    assert max(figures.in_window(at, at + 0.02) for at in resets) <= 25
    assert figures.in_window(0.0, 0.02) == 16 * clients


def test_rate_is_found() -> None:
    """At the end the pace is the rate of the server, give or take the probe."""
    figures = simulate(PROMISED["burst 10"], 3)

    [rate] = figures.rates
    assert rate == pytest.approx(200, rel=0.15)


def test_nothing_is_held_back_without_a_limit() -> None:
    """A server without a limit is used at full width after a short start."""
    shape = Shape(
        limit=lambda: Bucket(1e9, 10**9),
        prompts=20_000,
        latency=fixed(0.1),
        max_in_flight=256,
    )
    figures = simulate(shape, 0)

    assert figures.refused == 0
    assert figures.rates == [None]
    assert max(figures.ended_at) < 20_000 / 256 * 0.1 + 2.0


def test_simulation_ends() -> None:
    """A server that lets nobody in is left after the given time, as a failure."""
    shape = Shape(
        limit=lambda: Outage(Bucket(1, 1), 0.0, inf),
        prompts=10,
    )
    figures = simulate(shape, 0, until=600.0)

    assert (figures.answered, figures.ended_at) == ([0], [inf])
    assert len(figures.arrivals) < 100
