"""What the tests of the command line share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Protocol

import pytest
from typer.testing import CliRunner

from openrouter_async.cli.app import app
from openrouter_async.testing import Simulator
from tests.cli.answers import Files
from tests.cli.processes import Ended


class Invoke(Protocol):
    """Run a command in this process."""

    async def __call__(self, *arguments: str, stdin: bytes | None = None) -> Ended:
        """Return its exit code and output."""
        ...


@pytest.fixture
async def simulator(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Simulator]:
    """Run a simulator that the environment names."""
    async with Simulator() as simulator:
        monkeypatch.setenv("OPENROUTER_API_KEY", simulator.api_key)
        monkeypatch.setenv("OPENROUTER_BASE_URL", simulator.base_url)
        yield simulator


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Give a function that runs a command in a thread, with a loop of its own."""
    monkeypatch.setenv("COLUMNS", "80")

    async def invoke(*arguments: str, stdin: bytes | None = None) -> Ended:
        result = await asyncio.to_thread(
            CliRunner().invoke,
            app,
            arguments,
            input=stdin,
            prog_name="openrouter-async",
        )
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception

        return Ended(result.exit_code, result.stdout, result.stderr)

    return invoke


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Give the files of a map, none of which is there yet."""
    folder = tmp_path / "map"
    folder.mkdir()
    return Files(folder)
