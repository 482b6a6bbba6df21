"""How many requests at a time fit into a small balance."""

from __future__ import annotations

from math import inf

import pytest

from openrouter_async.fanout.deliveries import Sent
from openrouter_async.fanout.in_flight import InFlightBound

NOW = 500.0


def request(index: int, in_flight: int) -> Sent:
    """Make a request that was sent while so many were in flight."""
    return Sent(index, NOW, None, in_flight, held_back=False)


def bounded(in_flight: int = 21, last: int = 100) -> InFlightBound:
    """Return a bound that a refusal has set."""
    bound = InFlightBound()
    bound.refused(request(50, in_flight), last, NOW)
    return bound


def let_in(bound: InFlightBound, first: int, most: int = 1_000) -> int:
    """Let requests in at the bound until it changes; return how many it took."""
    before = bound.most
    for count in range(1, most):
        bound.accepted(request(first + count, int(before)))
        if bound.most != before:
            return count

    pytest.fail("the bound does not change")


def test_no_bound_at_first() -> None:
    """Nothing is bound before the first refusal."""
    bound = InFlightBound()
    bound.accepted(request(1, 500))

    assert (bound.most, bound.ready_at()) == (inf, -inf)


def test_refusal_tells_how_many_fit() -> None:
    """The request that was refused was one too many."""
    assert bounded(in_flight=21).most == 20


def test_only_lower() -> None:
    """A refusal of a time when more were in flight does not raise the bound."""
    bound = bounded(in_flight=21)
    bound.refused(request(60, 200), 100, NOW)

    assert bound.most == 20


def test_probes_ever_sooner() -> None:
    """One more is tried after a while at the bound, the sooner the longer it goes."""
    bound = bounded()
    taken = [let_in(bound, first) for first in range(1_000, 20_000, 1_000)]

    assert taken[:4] == [40, 30, 22, 16]
    assert taken[-1] == 5
    assert bound.most == 20 + len(taken)


def test_refused_probe_makes_the_next_one_wait() -> None:
    """A probe that is refused, as each costs a wait, is tried half as often."""
    bound, first = bounded(), 1_000
    taken: list[int] = []
    for _ in range(7):
        taken.append(let_in(bound, first))
        first += 2_000
        bound.refused(request(first, 21), first, NOW)

    assert bound.most == 20
    assert taken == [40, 60, 90, 134, 200, 300, 450]


def test_lower_bound_starts_over() -> None:
    """A refusal far below the bound makes probes as frequent as at first."""
    bound = bounded()
    let_in(bound, 1_000)
    let_in(bound, 2_000)
    bound.refused(request(3_000, 11), 3_000, NOW)

    assert (bound.most, let_in(bound, 3_000)) == (10, 40)


@pytest.mark.parametrize(
    ("index", "in_flight"), [(101, 19), (100, 20)], ids=["below", "sent before"]
)
def test_what_says_nothing(index: int, in_flight: int) -> None:
    """Requests below the bound, or sent before it was lowered, raise no hopes."""
    bound = bounded(in_flight=21, last=100)
    for _ in range(1_000):
        bound.accepted(request(index, in_flight))

    assert bound.most == 20


def test_not_even_one() -> None:
    """Where others use up the balance, a lone request waits ever longer."""
    bound = bounded(in_flight=1, last=50)
    waits: list[float] = []
    for index in range(51, 61):
        bound.refused(request(index, 1), index, NOW)
        waits.append(bound.ready_at() - NOW)

    assert bound.most == 1
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 30.0]


def test_first_refusal_of_one_does_not_wait() -> None:
    """The refusals that lowered the bound to one are of the time before."""
    bound = bounded(in_flight=2, last=100)
    bound.refused(request(90, 1), 100, NOW)

    assert (bound.most, bound.ready_at()) == (1, -inf)


def test_waits_are_over_with_a_success() -> None:
    """Once a lone request gets in, the next wait is short again."""
    bound = bounded(in_flight=1, last=50)
    for index in range(51, 56):
        bound.refused(request(index, 1), index, NOW)

    bound.accepted(request(56, 1))
    bound.refused(request(57, 1), 57, NOW + 100)

    assert bound.ready_at() == NOW + 100.5
