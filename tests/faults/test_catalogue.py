"""The catalogue of faults is whole, its tests exist, and the page says what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.catalogue import Fault, faults, numbers
from tests.faults.page import PAGE, page

ROOT = Path(__file__).parents[2]
COUNT = 148


def test_each_fault_is_there_once() -> None:
    """They are numbered without gaps."""
    assert [fault.number for fault in faults()] == list(range(1, COUNT + 1))


@pytest.mark.parametrize(
    "fault", faults(), ids=[f"{fault.number} {fault.fault}" for fault in faults()]
)
def test_each_fault_is_shown(fault: Fault) -> None:
    """There is a test for each, or a reason why there is none."""
    assert fault.tests or fault.left


@pytest.mark.timeout(120)
def test_named_tests_exist() -> None:
    """Every one of them is collected, with its parameters."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "--no-cov", "tests"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    # The numbers of the faults stand behind the ids.
    ids = {line.partition(" <fault ")[0] for line in done.stdout.splitlines()}
    known = ids | {each.partition("[")[0] for each in ids}
    assert [test for test in numbers() if test not in known] == []


def test_page_is_made_of_the_catalogue() -> None:
    """`python -m tests.faults.page` would change nothing."""
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text
