"""Blocks and links are found where a reader sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.markdown import ROOT, Block, blocks, links, pages

if TYPE_CHECKING:
    from pathlib import Path

PAGE = """\
# Title

```python
first = 1
```

Text with ```ticks``` inside.

<!-- continues -->

```python
second = first
```

- An item:

    ```python title="third"
    if True:
        third = 3
    ```

````console
$ openrouter-async complete \\
    "Say hi"
```
Hi
$ ls
````
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Write the page above."""
    path = tmp_path / "page.md"
    path.write_text(PAGE, "utf-8")
    return path


def test_blocks_have_line_language_and_dedented_text(page: Path) -> None:
    """Each fence is one block, whatever marks and indents it."""
    found = [(block.line, block.language, block.text) for block in blocks(page)]

    assert found[:3] == [
        (4, "python", "first = 1\n"),
        (12, "python", "second = first\n"),
        (18, "python", "if True:\n    third = 3\n"),
    ]
    assert found[3][:2] == (23, "console")


def test_a_continuing_block_knows_what_it_continues(page: Path) -> None:
    """Only the block under the comment shares the namespace of the one before."""
    first, second, third, _ = blocks(page)

    assert second.chain == [first, second]
    assert third.chain == [third]


def test_a_block_that_continues_nothing_is_an_error(page: Path) -> None:
    """The comment above the first block of a language is a mistake."""
    page.write_text("<!-- continues -->\n```python\n```\n", "utf-8")

    with pytest.raises(ValueError, match=r"page\.md:3 continues no python block"):
        blocks(page)


def test_commands_are_what_follows_a_prompt(page: Path) -> None:
    """Output is left out, a continued line belongs to its command."""
    assert blocks(page)[3].commands == [
        'openrouter-async complete \\\n    "Say hi"',
        "ls",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("$ openrouter-async simulate  # not run: it never ends\n", "it never ends"),
        ("$ openrouter-async simulate  # not run:\n", None),
        ("$ openrouter-async demo\n", None),
    ],
    ids=["reason", "no reason", "no mark"],
)
def test_a_block_is_left_out_only_for_a_reason(text: str, reason: str | None) -> None:
    """The mark alone does not do."""
    assert Block(ROOT / "README.md", 1, "console", text).reason_not_to_run == reason


def test_links_are_the_relative_ones_outside_code(page: Path) -> None:
    """Code, anchors of the same page and other sites are no files to look for."""
    page.write_text(
        "[a](a.md) [b](../b.md#part) [c](#part) [d](https://example.test/d)\n"
        "`[e](e.md)` ![f](<f.svg>) [g](g.md 'title') [h](mailto:h@example.test)\n"
        "```\n[i](i.md)\n```\n",
        "utf-8",
    )

    assert links(page) == ["a.md", "../b.md", "f.svg", "g.md"]


def test_pages_are_readme_and_docs() -> None:
    """This page of the documentation is among them."""
    assert ROOT / "docs" / "contributing.md" in pages()
