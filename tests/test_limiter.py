"""The limiter by itself: settings, lanes, and what it tells about them."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from openrouter_async import (
    ConfigError,
    LaneStatistics,
    Limiter,
    LimiterStatistics,
    OpenRouter,
    RateLimits,
)
from openrouter_async.fanout.lane import LaneTurn
from openrouter_async.types.admission import Scope
from tests.calling import KEY
from tests.flow import virtual

KEPT = 256
URL = "http://127.0.0.1:1/api/v1"


def scope(number: int) -> Scope:
    """Make a scope of its own for each number."""
    return Scope(URL, f"key-{number}", "m")


def enter(limiter: Limiter, number: int) -> LaneTurn:
    """Let a call of that scope in."""
    turn = limiter.enter(scope(number), 10, None)
    assert turn.try_now()
    return turn


def there_and_back(limiter: Limiter) -> Limiter:
    """Send a limiter to another process, and back."""
    restored: Limiter = pickle.loads(pickle.dumps(limiter))
    return restored


class TestSettings:
    """What a limiter can be made with."""

    @pytest.mark.parametrize(
        ("arguments", "named"),
        [
            ({"limits": 60}, "Limiter.limits"),
            ({"limits": {"requests_per_minute": 60}}, "Limiter.limits"),
            ({"max_pause": -1}, "Limiter.max_pause"),
            ({"max_pause": float("nan")}, "Limiter.max_pause"),
            ({"max_pause": float("inf")}, "Limiter.max_pause"),
            ({"max_pause": True}, "Limiter.max_pause"),
            ({"max_pause": "60"}, "Limiter.max_pause"),
        ],
        ids=repr,
    )
    def test_refused(self, arguments: dict[str, Any], named: str) -> None:
        """A setting of a wrong type or value is refused by name."""
        with pytest.raises(ConfigError, match=named):
            Limiter(**arguments)

    @pytest.mark.parametrize("name", ["requests_per_minute", "tokens_per_minute"])
    @pytest.mark.parametrize("value", [0, -1, float("nan"), True, "60"], ids=repr)
    def test_refused_limits(self, name: str, value: object) -> None:
        """A limit is a number above zero, or none."""
        given: dict[str, Any] = {name: value}
        with pytest.raises(ConfigError, match=f"RateLimits.{name}"):
            RateLimits(**given)

    def test_both(self) -> None:
        """A limiter has limits of its own: a client takes one or the other."""
        with pytest.raises(ConfigError, match=r"Limiter\(RateLimits"):
            OpenRouter(KEY, limiter=Limiter(), rate_limits=RateLimits())

    @pytest.mark.parametrize(
        "given",
        [{"limiter": RateLimits()}, {"limiter": Limiter}, {"rate_limits": Limiter()}],
        ids=["limits", "class", "limiter"],
    )
    def test_wrong_type_for_a_client(self, given: dict[str, Any]) -> None:
        """One taken for the other is refused."""
        with pytest.raises(ConfigError, match="must be of type"):
            OpenRouter(KEY, **given)

    @pytest.mark.parametrize("max_pause", [0, 0.5, 3_600, None], ids=repr)
    def test_repr(self, max_pause: float | None) -> None:
        """It shows what it was made with."""
        limits = RateLimits(requests_per_minute=60)

        assert repr(Limiter(limits, max_pause=max_pause)) == (
            f"Limiter({limits!r}, max_pause={max_pause!r})"
        )


class TestCopies:
    """Limiters that were sent to another process."""

    @pytest.mark.parametrize(
        "duplicate",
        [there_and_back, copy.copy, copy.deepcopy],
        ids=["pickle", "copy", "deepcopy"],
    )
    def test_settings_only(self, duplicate: Callable[[Limiter], Limiter]) -> None:
        """What a limiter has found out stays behind; its settings go along."""

        async def main() -> Limiter:
            limiter = Limiter(RateLimits(requests_per_minute=60), max_pause=None)
            enter(limiter, 1)
            return limiter

        limiter = virtual.run(main())
        restored = duplicate(limiter)

        assert repr(restored) == repr(limiter)
        assert (len(limiter.statistics().lanes), restored.statistics().lanes) == (1, ())

    def test_clients_that_share_one(self) -> None:
        """Clients that went together still share their limiter."""
        limiter = Limiter()
        clients = OpenRouter(KEY, limiter=limiter), OpenRouter("other", limiter=limiter)
        first, second = pickle.loads(pickle.dumps(clients))

        assert first.limiter is second.limiter
        assert first.limiter is not limiter


class TestLanes:
    """One for each base URL, key and model."""

    def test_forgotten_when_idle_and_many(self) -> None:
        """A service with a key for each user does not keep them all."""

        async def main() -> list[Scope]:
            limiter = Limiter()
            for number in range(3 * KEPT):
                enter(limiter, number).leave(None)

            return [lane.scope for lane in limiter.statistics().lanes]

        kept = virtual.run(main())

        assert kept == [scope(number) for number in range(2 * KEPT, 3 * KEPT)]

    def test_used_ones_stay(self) -> None:
        """What was used last is forgotten last."""

        async def main() -> bool:
            limiter = Limiter()
            for number in range(2 * KEPT):
                enter(limiter, number).leave(None)
                enter(limiter, 0).leave(None)

            return any(lane.scope == scope(0) for lane in limiter.statistics().lanes)

        assert virtual.run(main())

    def test_busy_ones_stay(self) -> None:
        """Lanes with calls under way are kept, and shared, however many they are."""

        async def main() -> list[int]:
            limiter = Limiter()
            for number in range(KEPT + 50):
                enter(limiter, number)

            for number in range(KEPT + 50):
                enter(limiter, number)

            return [lane.in_flight for lane in limiter.statistics().lanes]

        assert virtual.run(main()) == [2] * (KEPT + 50)

    def test_those_of_ended_loops_are_forgotten(self) -> None:
        """Calls that an ended event loop left behind keep no lane."""
        limiter = Limiter()

        async def leave_behind(number: int) -> None:
            enter(limiter, number)

        for number in range(KEPT + 50):
            virtual.run(leave_behind(number))

        assert len(limiter.statistics().lanes) == KEPT

    def test_statistics(self) -> None:
        """Sums are over all lanes, and one scope can be asked for."""

        async def main() -> tuple[LimiterStatistics, LimiterStatistics]:
            limiter = Limiter()
            for number in (1, 1, 2):
                enter(limiter, number)

            return limiter.statistics(), limiter.statistics(scope(1))

        told, of_one = virtual.run(main())
        [lane] = of_one.lanes

        assert [each.scope for each in told.lanes] == [scope(1), scope(2)]
        assert (told.in_flight, told.waiting, told.sent, told.refused) == (3, 0, 3, 0)
        assert lane == LaneStatistics(
            scope=scope(1),
            rate=None,
            max_in_flight=None,
            in_flight=2,
            waiting=0,
            sent=2,
            accepted=0,
            refused=0,
            paused=0.0,
        )

    def test_unknown_scope(self) -> None:
        """A scope without calls has no lanes."""
        assert Limiter().statistics(scope(1)).lanes == ()
