"""The pace, event by event; `tests/flow` has it against simulated servers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import inf, log2

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openrouter_async.fanout.deliveries import Deliveries, Sent
from openrouter_async.fanout.pace import Pace, probe
from tests.flow.limits import Bucket

START = 1_000.0
TRIP = 0.05


def send_all(pace: Pace, now: float, most: int = 10_000) -> list[Sent]:
    """Send what may go out now."""
    sent: list[Sent] = []
    while len(sent) < most and pace.ready_at(now) <= now:
        sent.append(pace.sent(now))

    return sent


def accept(pace: Pace, sent: list[Sent], now: float) -> None:
    """Answer requests that were let in."""
    for each in sent:
        pace.ended()
        pace.accepted(each, now)


def refuse(pace: Pace, sent: Sent, now: float, until: float | None = None) -> None:
    """Answer a request that was not."""
    pace.ended()
    pace.refused_at(sent, now, until=until)


def play(
    pace: Pace, now: float, requests: int, admits: Callable[[int, float], bool]
) -> float:
    """Send requests when they may go out, and return when the last was answered."""
    answers: deque[tuple[float, Sent, bool]] = deque()
    number = 0
    while number < requests or answers:
        at = max(now, pace.ready_at(now)) if number < requests else inf
        if answers and answers[0][0] <= at:
            now, sent, admitted = answers.popleft()
            if admitted:
                accept(pace, [sent], now)
            else:
                refuse(pace, sent, now)
        else:
            now, number = at, number + 1
            answers.append((now + TRIP, pace.sent(now), admits(number, now)))

    return now


def all_but_each(refused_every: int) -> Callable[[int, float], bool]:
    """Admit all requests but one in so many."""
    return lambda number, _: bool(number % refused_every)


def every(_number: int, _now: float) -> bool:
    """Admit all requests."""
    return True


def limited(requests: int = 16) -> tuple[Pace, float]:
    """Return a pace whose opening was refused, and the time of that."""
    pace = Pace(START)
    sent = send_all(pace, START)[:requests]
    accept(pace, sent[:-1], START + TRIP)
    refuse(pace, sent[-1], START + TRIP)
    return pace, START + TRIP


class TestOpening:
    """Before anything was refused."""

    def test_window(self) -> None:
        """A cold start sends a small window, and waits for its answers."""
        pace = Pace(START)

        assert len(send_all(pace, START)) == 16
        assert (pace.rate, pace.in_flight, pace.last_index) == (None, 16, 16)
        assert pace.ready_at(START) == START + 1.0

    def test_widens(self) -> None:
        """Each full window of answers lets a wider one out, twice as wide at most."""
        pace = Pace(START)
        widths: list[int] = []
        for turn in range(5):
            sent = send_all(pace, START + turn)
            widths.append(len(sent))
            accept(pace, sent, START + turn + 0.9)

        assert widths == [16, 32, 64, 128, 256]

    def test_quick_answers_widen_slowly(self) -> None:
        """The window doubles in 0.3 s, however short a round trip is."""
        pace = Pace(START)
        now = START
        for _ in range(100):
            accept(pace, send_all(pace, now), now + 0.003)
            now += 0.003

        assert 25 <= len(send_all(pace, now)) <= 35

    def test_few_requests_teach_little(self) -> None:
        """Who does not fill the window does not learn that it could be wider."""
        pace = Pace(START)
        for turn in range(500):
            accept(pace, [pace.sent(START + turn)], START + turn + 0.5)

        assert len(send_all(pace, START + 1_000)) == 16

    @given(st.floats(0, 1e6))
    def test_silence_is_consent(self, start: float) -> None:
        """After a second without any answer the window doubles, and no more."""
        pace = Pace(start)
        send_all(pace, start)
        at = pace.ready_at(start)

        assert at > start
        assert len(send_all(pace, at)) == 16

    @pytest.mark.parametrize("seconds", [300.0, 3_600.0, 1e6])
    def test_very_slow_answers(self, seconds: float) -> None:
        """An answer that took very long is an answer like others."""
        pace = Pace(START)
        sent = send_all(pace, START)
        accept(pace, sent, START + seconds)

        assert len(send_all(pace, START + seconds)) == 32


class TestClimbing:
    """After the first refusal."""

    def test_starts_at_half_of_what_was_delivered(self) -> None:
        """The first refusal sets a pace; what is in flight does not count."""
        pace, now = limited()

        assert pace.rate == pytest.approx(0.5 * 15 / TRIP)
        assert (pace.refused, pace.accepted_count) == (1, 15)
        assert pace.ready_at(now) > now

    def test_doubles(self) -> None:
        """Without refusals the pace doubles in about 0.3 s."""
        pace, now = limited()
        rate = pace.rate
        assert rate is not None
        began = pace.ready_at(now)
        ended = play(pace, now, 150, every)

        assert pace.rate is not None
        assert 0.8 < log2(pace.rate / rate) * 0.3 / (ended - began) < 1.2

    def test_refusals_of_the_opening_count_once(self) -> None:
        """All that was in flight as the opening ended is refused, to no effect."""
        pace = Pace(START)
        sent = send_all(pace, START)
        accept(pace, sent[:8], START + TRIP)
        refuse(pace, sent[8], START + TRIP)
        rate = pace.rate
        for each in sent[9:]:
            refuse(pace, each, START + TRIP)

        assert (pace.rate, pace.refused) == (rate, 8)

    def test_quiet_time_before_does_not_count(self) -> None:
        """Hours with a call now and then do not make the pace a call an hour."""
        pace = Pace(START)
        for minute in range(300):
            accept(pace, [pace.sent(START + 60 * minute)], START + 60 * minute + 1)

        now = START + 20_000
        sent = send_all(pace, now)
        accept(pace, sent[:-1], now + TRIP)
        refuse(pace, sent[-1], now + TRIP)

        assert pace.rate is not None
        assert pace.rate > 20

    def test_a_lone_stream_does_not_slow_the_start(self) -> None:
        """Something is always in flight, little is sent: it goes on within seconds."""
        pace = Pace(START)
        pace.sent(START)
        for minute in range(1, 300):
            accept(pace, [pace.sent(START + 60 * minute)], START + 60 * minute + 1)

        now = START + 20_000
        refuse(pace, pace.sent(now), now + TRIP)
        retried = pace.sent(pace.ready_at(now))

        assert pace.ready_at(retried.at) - now <= 2.5

    @pytest.mark.parametrize("rate", [1e-4, 1e-3, 0.3, 1.0, 1e3])
    def test_any_pace_can_grow(self, rate: float) -> None:
        """However slow or fast the pace is, an answer at most doubles it."""
        pace, now = limited()
        pace.rate = rate
        now = max(now, pace.ready_at(now))
        for _ in range(4):  # more than what was in flight
            now = max(now, pace.ready_at(now))
            accept(pace, [pace.sent(now)], now + 700)
            assert rate <= pace.rate <= 2 * rate
            rate = pace.rate


class TestFollowing:
    """Between refusals."""

    def test_measures_what_is_delivered(self) -> None:
        """Regular refusals settle the pace at what gets through, and the probe."""
        pace, now = limited()
        bucket = Bucket(50, 5)
        began = now
        now = play(pace, now, 3_000, lambda _, at: bucket.decide(at - began, 0) is None)

        assert pace.rate == pytest.approx(50, rel=0.15)
        assert 0.95 * 50 < (pace.accepted_count - 15) / (now - began) < 51
        assert pace.refused < 150

    def test_overtaken_refusals_change_nothing(self) -> None:
        """A refusal that comes after that of a later request is only counted."""
        pace, now = limited()
        now = play(pace, now, 200, all_but_each(40))
        first, second = pace.sent(now), pace.sent(now)
        refuse(pace, second, now + TRIP)
        rate = pace.rate
        refuse(pace, first, now + 2 * TRIP)

        assert (pace.rate, pace.refused) == (rate, 1 + 5 + 2)

    def test_reset_holds_everybody(self) -> None:
        """Nothing goes out before the server's window ends, and no herd then."""
        pace, now = limited()
        now = max(now, pace.ready_at(now))
        refuse(pace, pace.sent(now), now + TRIP, until=now + 30)

        assert pace.held_until == pace.ready_at(now + TRIP) == now + 30
        assert send_all(pace, now + 29.9) == []
        assert len(send_all(pace, now + 30)) <= 2

    def test_nothing_gets_through(self) -> None:
        """In an outage the pace is halved each time, and comes back at its end."""
        pace, now = limited()
        now = play(pace, now, 400, all_but_each(20))
        rate = pace.rate
        assert rate is not None
        distances: list[float] = []
        for _ in range(16):
            at = max(now, pace.ready_at(now))
            distances.append(at - now)
            refuse(pace, pace.sent(at), at + TRIP)
            now = at + TRIP

        assert distances[-1] > 50 * distances[1]
        at = pace.ready_at(now)
        accept(pace, [pace.sent(at)], at + TRIP)
        assert pace.ready_at(at + TRIP) <= at + TRIP
        assert pace.rate is not None
        assert pace.rate > rate / 2

    def test_refusals_after_idle_hours_say_nothing_of_the_rate(self) -> None:
        """A call now and then, some refused, does not make the pace a call an hour."""
        pace, now = limited()
        rate = pace.rate
        for hour in range(1, 200):
            at = now + 3_600 * hour
            if hour % 3:
                accept(pace, [pace.sent(at)], at + TRIP)
            else:
                refuse(pace, pace.sent(at), at + TRIP)

        assert pace.rate == rate

    def test_late_timers_are_made_up_for(self) -> None:
        """A timer that fires late by milliseconds costs no requests; by more, few."""
        pace, now = limited()
        pace.rate = 200.0
        now = pace.ready_at(now)

        assert len(send_all(pace, now + 0.010)) == 3
        assert len(send_all(pace, now + 60)) in (4, 5)

    def test_grows_again(self) -> None:
        """With nothing refused any more the pace grows, ever faster."""
        pace, now = limited()
        now = play(pace, now, 400, all_but_each(20))
        rate = pace.rate
        assert rate is not None
        play(pace, now, 2_000, every)

        assert pace.rate is not None
        assert pace.rate > 4 * rate


def test_ends_of_another_loop() -> None:
    """More ends than requests do not make the number in flight negative."""
    pace = Pace(START)
    pace.ended()

    assert pace.in_flight == 0


@given(st.floats(1e-9, 1e9))
def test_probe(pace: float) -> None:
    """The probe is a few percent, and smaller the faster the pace is."""
    assert 0.01 <= probe(pace) <= 0.2
    assert probe(pace * 2) <= probe(pace) or pace <= 1 < pace * 2


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.booleans(), st.floats(0, 400), st.booleans()),
        min_size=1,
        max_size=80,
    )
)
def test_never_stuck(events: list[tuple[bool, float, bool]]) -> None:
    """Whatever happens, the next request may go out at some time, and a pace is one."""
    pace, now = Pace(0.0), 0.0
    for accepted, took, told in events:
        now = max(now, pace.ready_at(now))
        assert now < 1e15
        sent = pace.sent(now)
        now += took
        if accepted:
            accept(pace, [sent], now)
        else:
            refuse(pace, sent, now, until=now + took if told else None)

        assert pace.rate is None or pace.rate > 0


class TestDeliveries:
    """What gets through between refusals."""

    def test_rate(self) -> None:
        """Ten in two seconds, and four that the present pace counts for."""
        deliveries = Deliveries()
        deliveries.restart(100, 10.0, 7)
        deliveries.add(111, 12.0, 8, enough=50)

        assert deliveries.counts() == (10, 1)
        assert deliveries.rate(5.0) == pytest.approx(14 / (2 + 4 / 5))

    def test_too_few(self) -> None:
        """A handful of deliveries tells nothing."""
        deliveries = Deliveries()
        deliveries.restart(100, 10.0, 7)
        deliveries.add(106, 12.0, 8, enough=50)

        assert deliveries.counts() == (5, 1)
        assert deliveries.rate(5.0) is None

    def test_no_time(self) -> None:
        """Refusals of the same moment give no rate."""
        deliveries = Deliveries()
        deliveries.restart(100, 10.0, 7)
        deliveries.add(150, 10.0, 8, enough=20)

        assert deliveries.rate(5.0) is None

    def test_forgets(self) -> None:
        """Only as many refusals are kept as it takes to have enough deliveries."""
        deliveries = Deliveries()
        deliveries.restart(0, 0.0, 1)
        for turn in range(1, 20):
            deliveries.add(turn * 11, float(turn), 1 + turn, enough=25)

        assert deliveries.counts() == (30, 3)

    def test_spans_a_bounded_number_of_refusals(self) -> None:
        """However few get through, old refusals are forgotten."""
        deliveries = Deliveries()
        deliveries.restart(0, 0.0, 1)
        for turn in range(1, 50):
            deliveries.add(turn * 2, float(turn), 1 + turn, enough=1_000)

        assert deliveries.counts() == (8, 8)

    def test_runs_of_refusals(self) -> None:
        """Refusals in a row count with the time in which nothing got through."""
        deliveries = Deliveries()
        deliveries.restart(0, 0.0, 1)
        deliveries.add(41, 9.0, 31, enough=5)

        assert deliveries.counts() == (11, 30)
        assert deliveries.rate(1.0) == pytest.approx(15 / 13)
