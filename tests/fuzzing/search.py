"""
Search for bytes for which a property fails, guided by the code that they reach.

Run it as `python -m tests.fuzzing.search events --seconds 30`. What is found is written
beside the seeds: so it is a test from then on.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast


class Atheris(Protocol):
    """Be the module, which has no types of its own."""

    def instrument_imports(
        self, include: Sequence[str]
    ) -> AbstractContextManager[None]:
        """Note which code is reached, of what is imported meanwhile."""
        ...

    def Setup(self, arguments: Sequence[str], target: Callable[[bytes], None]) -> None:
        """Take the options of libFuzzer, and what is called with each input."""
        ...

    def Fuzz(self) -> None:  # its name
        """Search, and exit."""
        ...


atheris = cast("Atheris", import_module("atheris"))

with atheris.instrument_imports(include=["openrouter_async"]):
    from tests.fuzzing.properties import PROPERTIES

SEEDS = Path(__file__).parent / "seeds"
_LONGEST = 512  # bytes of an input


def main() -> None:
    """Search for as long as was asked, and exit with what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=PROPERTIES, help="of the property")
    parser.add_argument("--seconds", type=int, default=30, help="to search (30)")
    options = parser.parse_args()
    seeds = SEEDS / options.name
    with tempfile.TemporaryDirectory() as reached:
        arguments = [
            sys.argv[0],
            f"-max_total_time={options.seconds}",
            f"-max_len={_LONGEST}",
            f"-artifact_prefix={seeds}/",
            "-print_final_stats=1",
            "-verbosity=0",
            reached,
            str(seeds),
        ]
        atheris.Setup(arguments, PROPERTIES[options.name])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
