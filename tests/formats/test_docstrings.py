"""Docstrings are read in the styles that people write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openrouter_async.formats.docstrings import read_docstring

GOOGLE = """
    Find books,
    and papers.

    It may take long.

    Args:
        query (str, optional): What to look for:
            words, or a phrase.

            With wildcards.
        limit: How many.
        *tags: Which ones.
        untold:
    Keyword Args:
        order: `new` or `old`.

    Returns:
        limit: not a parameter.

    Raises:
        ValueError: never.
    """
NUMPY = """Find books.

    Parameters
    ----------
    query : str
        What to look for.
    first, second : int
        Both of them.
    bare
        No type.

    Returns
    -------
    limit : int
        Not a parameter.

    Other Parameters
    ----------------
    order : {"new", "old"}
        Which first.
    """
REST = """
    Find books.

    :param query: What to look for,
        in words.
    :type query: str
    :param int limit: How many.
    :param untold:
    :keyword order: Which first.
    :returns: a list
    :raises ValueError: never
    """
READ: dict[str, tuple[str | None, str, dict[str, str]]] = {
    "Google": (
        GOOGLE,
        "Find books, and papers.",
        {
            "query": "What to look for: words, or a phrase. With wildcards.",
            "limit": "How many.",
            "tags": "Which ones.",
            "order": "`new` or `old`.",
        },
    ),
    "NumPy": (
        NUMPY,
        "Find books.",
        {
            "query": "What to look for.",
            "first": "Both of them.",
            "second": "Both of them.",
            "bare": "No type.",
            "order": "Which first.",
        },
    ),
    "reST": (
        REST,
        "Find books.",
        {
            "query": "What to look for, in words.",
            "limit": "How many.",
            "order": "Which first.",
        },
    ),
    "text alone": ("Find books.", "Find books.", {}),
    "a section alone": ("\nArgs:\n    a: x", "", {"a": "x"}),
    "no section": (
        "Note: Args: are not\n\nArgs:\nnot indented",
        "Note: Args: are not",
        {},
    ),
    "text between members": (
        "Do.\n\nArgs:\n    a: x\n    some prose here\n        of it\n    b: y",
        "Do.",
        {"a": "x", "b": "y"},
    ),
    "empty": ("", "", {}),
    "none": (None, "", {}),
}


@pytest.mark.parametrize(("docstring", "summary", "members"), READ.values(), ids=READ)
def test_a_docstring_is_read(
    docstring: str | None, summary: str, members: dict[str, str]
) -> None:
    """It gives the first paragraph, and what it says of each argument."""
    read = read_docstring(docstring)

    assert (read.summary, read.members) == (summary, members)


def test_the_text_ends_at_the_first_section() -> None:
    """All paragraphs before it are text."""
    text = "Find books,\nand papers.\n\nIt may take long."

    assert read_docstring(GOOGLE).text == text


LINES = st.sampled_from(
    [
        "Args:",
        "Parameters",
        "---",
        "    a: b",
        ":param a: b",
        "",
        "text",
        "  :",
        "a (b):",
    ]
)


@given(st.lists(LINES | st.text(max_size=20)))
def test_any_text_can_be_read(lines: list[str]) -> None:
    """No docstring is a mistake."""
    read = read_docstring("\n".join(lines))

    assert all(said == " ".join(said.split()) != "" for said in read.members.values())
