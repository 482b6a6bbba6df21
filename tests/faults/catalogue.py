"""The faults of the catalogue, as their file has them."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from pathlib import Path

import msgspec

CATALOGUE = Path(__file__).with_name("catalogue.toml")


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """
    Tell of one fault.

    Attributes:
        number: in the catalogue.
        section: what goes wrong.
        fault: how.
        does: what this library does about it.
        retried: whether it tries again; "-" where nothing has failed.
        billed: whether the request may have been billed, likewise.
        tests: ids of those that show it, without parameters for all of a test.
        left: why it is left to something else, where it is.
    """

    number: int
    section: str
    fault: str
    does: str
    retried: str
    billed: str
    tests: list[str]
    left: str = ""


class _File(msgspec.Struct):
    fault: list[Fault]


@cache
def faults() -> list[Fault]:
    """Return all faults, in their order."""
    return msgspec.toml.decode(CATALOGUE.read_bytes(), type=_File).fault


@cache
def numbers() -> dict[str, list[int]]:
    """Return the numbers of the faults that a test shows, by its id."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for fault in faults():
        for test in fault.tests:
            found[test].append(fault.number)

    return dict(found)


def numbers_of(test: str) -> list[int]:
    """Return the numbers of the faults that a collected test shows."""
    known = numbers()
    named = {*known.get(test, ()), *known.get(test.partition("[")[0], ())}
    return sorted(named)
