"""What the numbers were measured on, and which core each process runs on."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = (
    "aiohttp",
    "msgspec",
    "anyio",
    "yarl",
    "multidict",
    "uvloop",
    "openai",
    "httpx-aiohttp",
    "litellm",
    "openrouter",
    "httpx",
    "pydantic",
)


def cores() -> tuple[int | None, int | None]:
    """Return the cores for the server and for the clients; None: no pinning."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None

    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[-1]) if len(allowed) > 1 else (None, None)


def pin(core: int | None) -> None:
    """Keep this process on one core."""
    if core is not None:
        os.sched_setaffinity(0, {core})


def raise_descriptor_limit() -> None:
    """Allow this process as many open sockets as it may have."""
    if sys.platform != "win32":
        from resource import RLIMIT_NOFILE, getrlimit, setrlimit

        _, most = getrlimit(RLIMIT_NOFILE)
        setrlimit(RLIMIT_NOFILE, (most, most))


def versions() -> dict[str, str]:
    """Return the versions of what is measured, by name."""
    from openrouter_async import __version__

    found = {"python": platform.python_version(), "openrouter_async": __version__}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue

    return found


def description() -> dict[str, str | int | float | None]:
    """Return what there is to know of the machine."""
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "load_before": busy,
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []

    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()

    return platform.processor() or platform.machine()
