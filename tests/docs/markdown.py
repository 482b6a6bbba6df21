"""What the tests need to know of a Markdown page: fenced blocks and links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
CONTINUES = "<!-- continues -->"
NOT_RUN = re.compile(r"# not run: (?P<reason>\S.*)")
FENCED = re.compile(
    r"^ *(?P<mark>`{3,}|~{3,})(?P<language>[\w-]*)[^\n]*\n(?P<text>.*?)^ *(?P=mark) *$",
    re.MULTILINE | re.DOTALL,
)
CODE_SPAN = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(<?(?P<target>[^)\s>]+)")


@dataclass(frozen=True, slots=True)
class Block:
    """
    One fenced block of a page.

    `line` is the line where its text starts. `before` is the block whose namespace it
    goes on in: the latest one of its language, if the page says so.
    """

    page: Path
    line: int
    language: str
    text: str
    before: Block | None = None

    @property
    def name(self) -> str:
        """Name the block by page and line."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def chain(self) -> list[Block]:
        """List the blocks of this one's namespace in reading order, itself last."""
        earlier = self.before.chain if self.before else []
        return [*earlier, self]

    @property
    def reason_not_to_run(self) -> str | None:
        """Give the reason after `# not run:`, if the block has one."""
        marked = NOT_RUN.search(self.text)
        return marked["reason"] if marked else None

    @property
    def commands(self) -> list[str]:
        r"""List what follows `$ ` at the start of a line, joined where `\` ends it."""
        found: list[str] = []
        goes_on = False
        for line in self.text.splitlines():
            if goes_on:
                found[-1] += "\n" + line
            elif line.startswith("$ "):
                found.append(line[2:])
            goes_on = line.endswith("\\") and (goes_on or line.startswith("$ "))
        return found


def pages() -> list[Path]:
    """List README and every page of the documentation."""
    return [*ROOT.glob("README.md"), *sorted(ROOT.glob("docs/**/*.md"))]


def blocks(page: Path) -> list[Block]:
    """List the fenced blocks of a page in reading order."""
    source = page.read_text("utf-8")
    found: list[Block] = []
    for fence in FENCED.finditer(source):
        line = source.count("\n", 0, fence.start("text")) + 1
        before = None
        if source[: fence.start()].rstrip().endswith(CONTINUES):
            before = _latest(found, fence["language"], f"{page}:{line}")

        text = dedent(fence["text"])
        found.append(Block(page, line, fence["language"], text, before))
    return found


def _latest(found: list[Block], language: str, place: str) -> Block:
    for block in reversed(found):
        if block.language == language:
            return block

    message = f"{place} continues no {language} block"
    raise ValueError(message)


def all_blocks(*languages: str) -> list[Block]:
    """List the blocks of these languages on every page."""
    return [b for page in pages() for b in blocks(page) if b.language in languages]


def links(page: Path) -> list[str]:
    """List the relative targets that a page links to, without their anchors."""
    prose = CODE_SPAN.sub("", FENCED.sub("", page.read_text("utf-8")))
    targets = (link["target"].partition("#")[0] for link in LINK.finditer(prose))
    return [target for target in targets if target and ":" not in target]
