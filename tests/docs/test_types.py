"""
The examples of README and of the documentation pass `mypy --strict`.

They are copied into code that is checked like this. mypy is part of the extra `lint`;
without it there is nothing to run.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from textwrap import indent

import pytest

from tests.docs.markdown import ROOT, Block, all_blocks

MYPY = (
    *("-m", "mypy", "--strict", "--config-file=", "--no-error-summary"),
    # What they import is checked elsewhere.
    *("--follow-imports=silent", "--explicit-package-bases"),
)


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Run mypy once over all blocks, each with what it continues."""
    pytest.importorskip("mypy")
    folder = tmp_path_factory.mktemp("blocks")
    for block in whole_blocks():
        target = folder / module_path(block)
        target.parent.mkdir(exist_ok=True)
        target.write_text(module(block), "utf-8")

    checked = subprocess.run(
        [sys.executable, *MYPY, "--cache-dir=.cache", "."],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode in (0, 1), checked.stdout + checked.stderr
    return checked.stdout.splitlines()


PAGES = [
    pytest.param(page, id=page.relative_to(ROOT).as_posix())
    for page in dict.fromkeys(block.page for block in all_blocks("python"))
]


@pytest.mark.parametrize("page", PAGES)
def test_python_blocks_are_fully_typed(page: Path, messages: list[str]) -> None:
    """No message of mypy is about a block of the page."""
    found = [line for line in messages if line.startswith(f"{folder_name(page)}/")]

    assert found == []


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["a = 1\n"], "\n\n\na = 1\n"),
        (["await a\n"], "\n\nasync def block() -> None:\n    await a\n"),
        (
            ["import a\n", "await a\n"],
            "\n\nasync def block() -> None:\n    import a\n\n\n    await a\n",
        ),
    ],
    ids=["plain", "await", "await in what continues it"],
)
def test_a_module_has_the_lines_of_its_page(texts: list[str], expected: str) -> None:
    """Where a block awaits at its top level, it becomes a coroutine."""
    block: Block | None = None
    for number, text in enumerate(texts):
        block = Block(ROOT / "README.md", 4 + 3 * number, "python", text, block)

    assert block is not None
    assert module(block) == expected


def whole_blocks() -> list[Block]:
    """List the blocks that no other block continues."""
    found = all_blocks("python")
    continued = [block.before for block in found]
    return [block for block in found if block not in continued]


def folder_name(page: Path) -> str:
    """Name a folder so that a message of mypy leads to the page."""
    name = page.relative_to(ROOT).with_suffix("").as_posix()
    return "".join(char if char.isalnum() else "_" for char in name)


def module_path(block: Block) -> Path:
    """Name the module that a block becomes."""
    return Path(folder_name(block.page), f"line_{block.line}.py")


def module(block: Block) -> str:
    """Join a block and what it continues, each at its lines of the page."""
    source = ""
    for part in block.chain:
        source += "\n" * (part.line - 1 - source.count("\n")) + part.text

    if not awaits(source):
        return source

    first = block.chain[0].line
    lines = indent(source, "    ").splitlines(keepends=True)
    lines[first - 2] = "async def block() -> None:\n"
    return "".join(lines)


def awaits(source: str) -> bool:
    """Tell whether code awaits outside of its functions."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        compile(source, "<block>", "exec", dont_inherit=True)
    except SyntaxError:
        compile(source, "<block>", "exec", flags, dont_inherit=True)
        return True

    return False
