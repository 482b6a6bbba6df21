"""
Every example of README and of the documentation runs against a simulator.

What a page may do, and how it says that a block is not to be run, is written in
docs/contributing.md.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import CodeType, ModuleType

import pytest

from openrouter_async.testing import Simulator
from tests.docs.markdown import ROOT, Block, all_blocks

EXAMPLES = sorted(ROOT.glob("docs/examples/*.py"))
COMMANDS = [
    block
    for block in all_blocks("console", "bash")
    if any(command.startswith("openrouter-async") for command in block.commands)
]
# Done already where the tests run: the package is installed, the key is set.
PREPARATIONS = ("pip install ", "export ")
SETTINGS = ("asyncio_mode=auto", "asyncio_default_fixture_loop_scope=function")
PYTEST = ("-m", "pytest", "-q", "-p", "no:anyio", *(f"-o{s}" for s in SETTINGS))

pytestmark = pytest.mark.usefixtures("simulated")


@pytest.fixture
async def simulated(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncIterator[None]:
    """Point the environment to a running simulator, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    async with Simulator() as simulator:
        monkeypatch.setenv("OPENROUTER_API_KEY", simulator.api_key)
        monkeypatch.setenv("OPENROUTER_BASE_URL", simulator.base_url)
        yield


@pytest.mark.parametrize("block", all_blocks("python"), ids=lambda block: block.name)
async def test_python_block(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs to its end, after the blocks that it continues."""
    codes = [compiled(part) for part in block.chain]
    if block.reason_not_to_run:
        pytest.skip(block.reason_not_to_run)

    source = "\n".join(part.text for part in block.chain)
    if "def test_" in source:
        await run_file("test_documented.py", source, *PYTEST)
    elif any(code.co_flags & inspect.CO_COROUTINE for code in codes):
        await run_here(codes, monkeypatch)
    else:
        await run_file("documented.py", source)


@pytest.mark.parametrize("block", COMMANDS, ids=lambda block: block.name)
async def test_command_block(block: Block) -> None:
    """Its commands succeed, one after the other, in one shell."""
    if block.reason_not_to_run:
        pytest.skip(block.reason_not_to_run)

    commands = [c for c in block.commands if not c.startswith(PREPARATIONS)]
    await run("bash", "-euo", "pipefail", "-c", "\n".join(commands))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
async def test_example(example: Path) -> None:
    """A whole program of docs/examples runs to its end."""
    block = Block(example, 1, "python", example.read_text("utf-8"))
    if block.reason_not_to_run:
        pytest.skip(block.reason_not_to_run)

    await run_file(example.name, block.text)


def compiled(block: Block) -> CodeType:
    """Compile a block so that a traceback names the line of its page."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    padded = "\n" * (block.line - 1) + block.text
    code: CodeType = compile(padded, block.page, "exec", flags, dont_inherit=True)
    return code


async def run_here(codes: list[CodeType], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run code with a top-level await on this loop, as the main module."""
    module = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    for code in codes:
        result: object = eval(code, module.__dict__)
        if inspect.isawaitable(result):
            await result


async def run_file(name: str, source: str, *options: str) -> None:
    """Run a program in an interpreter of its own, where warnings are errors."""
    Path(name).write_text(source, "utf-8")
    stderr = await run(sys.executable, "-W", "error", *options, name)

    assert "Warning" not in stderr


async def run(*command: str) -> str:
    """Run a command to its end, want success, and give what it wrote to stderr."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        stdout, stderr = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    assert process.returncode == 0, f"{stdout.decode()}\n{stderr.decode()}"
    return stderr.decode()
