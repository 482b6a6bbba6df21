"""A retry budget, in any order of calls, retries and pauses."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from openrouter_async.transport.retry import RetryBudget

SECONDS = st.floats(0, 60, allow_nan=False)


class BudgetMachine(RuleBasedStateMachine):
    """Spend a budget, and count what it could have had."""

    ratio: float
    per_second: float

    @initialize(
        ratio=st.sampled_from([0.0, 0.1, 0.2, 1.0]),
        per_second=st.sampled_from([0.0, 0.5, 1.0, 10.0]),
    )
    def begin(self, ratio: float, per_second: float) -> None:
        """Make a budget."""
        self.now = 1000.0
        self.began = self.now
        self.ratio, self.per_second = ratio, per_second
        self.budget = RetryBudget(ratio, per_second, self.now)
        self.calls = self.retries = self.since_a_refusal = 0

    @rule(count=st.integers(1, 30))
    def call(self, count: int) -> None:
        """Start calls."""
        for _ in range(count):
            self.budget.deposit(self.now)

        self.calls += count
        self.since_a_refusal += count

    @rule(tries=st.integers(1, 40))
    def retry(self, tries: int) -> None:
        """Ask for retries."""
        for _ in range(tries):
            if self.budget.withdraw(self.now):
                self.retries += 1
            else:
                self.since_a_refusal = 0

    @rule(seconds=SECONDS)
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    @rule()
    def go_back_in_time(self) -> None:
        """See a clock that stands behind, as another thread might: nothing changes."""
        self.budget.deposit(self.now - 5)
        self.calls += 1

    @precondition(lambda self: self.per_second > 0)
    @rule()
    def recover(self) -> None:
        """After the time of one retry there is one again."""
        self.now += 1 / self.per_second + 1e-6
        assert self.budget.withdraw(self.now)
        self.retries += 1

    @invariant()
    def never_spends_more(self) -> None:
        """Expect the reserve, the time and the calls to cover all retries."""
        reserve = max(1.0, self.per_second) if self.per_second else 0.0
        refilled = (self.now - self.began) * self.per_second
        assert self.retries <= reserve + refilled + self.calls * self.ratio + 1e-6


TestBudget = BudgetMachine.TestCase
TestBudget.settings = settings(max_examples=60, deadline=None)
