"""The faults that `simulate` plays: how they are named, and who meets them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from openrouter_async.errors import ConfigError

if TYPE_CHECKING:
    from openrouter_async.testing import Behaviour, JournalRecord, Simulator

_OPTION = re.compile(
    r"(?P<name>[a-z-]+|fail-(?P<status>[45]\d\d))(:(?P<share>\d+(\.\d*)?|\.\d+))?"
)
_ROUNDING = 1e-9  # ten times 0.1 is a little less than 1
NAMES = (
    "cut", "disconnect", "error-event", "fail-STATUS", "hang", "html",
    "inner-error", "malformed", "no-done", "reset", "short", "stall",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """
    Hold what a share of all requests meets.

    Attributes:
        name: one of `NAMES`, with a number for STATUS.
        share: of the requests, above 0 and at most 1.
    """

    name: str
    share: float


def parse_faults(options: Sequence[str], fail_rate: float) -> tuple[Fault, ...]:
    """
    Read the values of `--fault`.

    Args:
        options: `NAME` or `NAME:SHARE`; those without a share divide what the
            others leave.
        fail_rate: the share that gets a 503 beside them.

    Raises:
        ConfigError: a name is unknown, or the shares are more than all.
    """
    given = [_parse(option) for option in options]
    if fail_rate:
        given.append(("fail-503", fail_rate))

    left = 1 - sum(share or 0.0 for _, share in given)
    open_ended = sum(share is None for _, share in given)
    if left < -_ROUNDING or (open_ended and left < _ROUNDING):
        raise ConfigError("the shares of --fault and --fail-rate are more than 1")

    return tuple(
        Fault(name=name, share=left / open_ended if share is None else share)
        for name, share in given
    )


def _parse(option: str) -> tuple[str, float | None]:
    found = _OPTION.fullmatch(option)
    name = found["name"] if found else ""
    if found is None or not (found["status"] or name in NAMES):
        known = ", ".join(NAMES)
        raise ConfigError(f"--fault {option!r} is not NAME or NAME:SHARE, of {known}")

    share = None if found["share"] is None else float(found["share"])
    if share is not None and not 0 < share <= 1:
        raise ConfigError(f"--fault {option!r}: a share is above 0 and at most 1")

    return name, share


def script_faults(simulator: Simulator, faults: Sequence[Fault]) -> None:
    """Let a simulator play faults, the same ones to the same requests in every run."""
    from openrouter_async.testing.dice import Dice

    def within(low: float, high: float) -> Callable[[JournalRecord], bool]:
        return lambda request: low <= Dice("fault", request.number).fraction() < high

    low = 0.0
    for fault in faults:
        high = low + fault.share
        simulator.script(_behaviour(fault.name), when=within(low, high + _ROUNDING))
        low = high


def _behaviour(name: str) -> Behaviour:
    # Imported here: other commands have no need of a server.
    from openrouter_async import testing

    if name.startswith("fail-"):
        return testing.Fail(int(name.removeprefix("fail-")), times=None)

    after = 3  # tokens: enough to see that there was something
    played: dict[str, Behaviour] = {
        "cut": testing.Cut(after_tokens=after, times=None),
        "disconnect": testing.Disconnect(times=None),
        "error-event": testing.ErrorEvent(after, times=None),
        "hang": testing.Hang(times=None),
        "html": testing.HtmlPage(times=None),
        "inner-error": testing.FailInside(times=None),
        "malformed": testing.Malformed(after_tokens=after, times=None),
        "no-done": testing.NoDone(times=None),
        "reset": testing.Cut(after_tokens=after, how="reset", times=None),
        "short": testing.Cut(after_tokens=after, how="clean", times=None),
        "stall": testing.Stall(after_tokens=after, times=None),
    }
    return played[name]
