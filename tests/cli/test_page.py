"""What docs/command-line.md shows is what the commands print."""

from __future__ import annotations

import asyncio
import re
import shlex
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path
from typing import Protocol, cast

import pytest
from typer.main import get_command

from openrouter_async.cli.app import app
from openrouter_async.testing import Simulator
from tests.cli.processes import environment
from tests.docs.markdown import ROOT, Block, blocks

PAGE = [
    block
    for block in blocks(ROOT / "docs" / "command-line.md")
    if block.language == "console"
]
VARYING = re.compile(r"\d[\d.,]*|gen-\S+")


class Option(Protocol):
    """An option or an argument."""

    opts: list[str]


class Command(Protocol):
    """A command."""

    params: list[Option]


class Group(Protocol):
    """The commands."""

    commands: dict[str, Command]


def pattern(shown: str) -> str:
    """Make a pattern of shown output: `...` is any lines, figures may differ."""
    parts = [
        re.escape(settled(part)) for part in re.split(r"^\.\.\.\n", shown, flags=re.M)
    ]
    return "(?:.*\n)*".join(parts)


def settled(text: str) -> str:
    """Replace what differs from run to run, and the spaces that align it."""
    return re.sub(r" +", " ", VARYING.sub("#", text))


def outputs(block: Block) -> str:
    """Return a block without its commands."""
    text = block.text
    for command in block.commands:
        text = text.replace(f"$ {command}\n", "", 1)

    return text


@pytest.mark.parametrize("block", PAGE, ids=lambda block: block.name)
async def test_output_is_as_shown(
    simulator: Simulator, tmp_path: Path, block: Block
) -> None:
    """Figures and ids aside."""
    script = "\n".join(block.commands)
    if block.reason_not_to_run:
        # It runs until Ctrl-C, which has to reach it rather than the shell.
        script = f"exec {script}".replace("--port 8080", "--port 0")

    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", script),
        stdout=PIPE,
        stderr=STDOUT,
        env=with_command(tmp_path),
        cwd=tmp_path,
    )
    assert process.stdout is not None
    said = b""
    if block.reason_not_to_run:
        said = await process.stdout.readuntil(b"KEY=sk-or-v1-simulator\n\n")
        process.send_signal(signal.SIGINT)

    rest, _ = await process.communicate()
    said += rest

    assert process.returncode == 0
    assert re.fullmatch(pattern(outputs(block)), settled(said.decode())), said.decode()


def test_every_option_is_on_the_page() -> None:
    """Under one of its names; so is every command."""
    page = (ROOT / "docs" / "command-line.md").read_text("utf-8")
    commands = cast("Group", get_command(app)).commands
    missing = [
        f"{name} {option.opts}"
        for name, command in commands.items()
        for option in command.params
        if option.opts[0][:1] == "-"
        and not any(re.search(rf"{each}(?![\w-])", page) for each in option.opts)
    ]

    assert missing == []
    assert all(f"\n## {name}\n" in page for name in commands)


def with_command(folder: Path) -> dict[str, str]:
    """Put the command of this source tree on the path."""
    command = folder / "openrouter-async"
    command.write_text(
        f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m openrouter_async "$@"\n'
    )
    command.chmod(0o755)
    env = environment(PYTHONPATH=str(ROOT))
    return {**env, "PATH": f"{folder}:{env['PATH']}"}
