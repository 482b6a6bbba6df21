"""The settings of a run, taken out of the options of a call."""

from __future__ import annotations

import sys
from os import PathLike
from typing import NamedTuple, cast

from msgspec import UNSET, UnsetType

from openrouter_async.fanout.limiter import Limiter
from openrouter_async.fanout.map import check_run
from openrouter_async.fanout.run import RunSettings
from openrouter_async.resources.options import check_switch
from openrouter_async.transport.calls import Transport

_DESCRIPTORS_KEPT = 64  # for files, logs and other connections of the process


class RunOptions(NamedTuple):
    """Hold the settings of a run, and the path of its journal."""

    settings: RunSettings
    journal: str | PathLike[str] | None


def take_run_options(
    options: dict[str, object], limiter: Limiter, transport: Transport, in_flight: int
) -> RunOptions:
    """
    Take what `MapOptions` adds out of options.

    Args:
        options: of the run; what is left are those of each call.
        limiter: says how long a pause may be.
        transport: bounds how many calls there may be.
        in_flight: how many there are where nobody says, if that is possible.

    Raises:
        ConfigError: one cannot be used.
    """
    max_pause = cast("float | UnsetType | None", options.pop("max_pause", UNSET))
    if isinstance(max_pause, UnsetType):
        max_pause = limiter.max_pause

    max_in_flight = cast("int | None", options.pop("max_in_flight", None))
    if max_in_flight is None:
        max_in_flight = default_in_flight(transport.sessions.connections, in_flight)

    journal = cast("str | PathLike[str] | None", options.pop("journal", None))
    ordered = options.pop("ordered", None)
    if ordered is not None:
        check_switch("ordered", ordered)

    settings = RunSettings(
        max_in_flight=max_in_flight,
        ordered=ordered is True,
        max_cost=cast("float | None", options.pop("max_cost", None)),
        max_pause=max_pause,
    )
    check_run(settings, journal)
    return RunOptions(settings, journal)


def default_in_flight(connections: int | None, wanted: int) -> int:
    """
    Return how many items may be under way where nobody says.

    Args:
        connections: most that the pool opens; None for any.
        wanted: how many are wanted.

    Returns:
        As many, or fewer where the pool or the limit on open files allows fewer.
    """
    bounds = [wanted, connections or wanted]
    if sys.platform != "win32":
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY:
            bounds.append(soft - _DESCRIPTORS_KEPT)

    return max(1, min(bounds))
