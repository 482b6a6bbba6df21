"""The measured part of a page, and its images, from the results of one run."""

from __future__ import annotations

from pathlib import Path

from benchmarks.plots import draw
from benchmarks.results import Results
from benchmarks.tables import preamble, tables, target_table
from benchmarks.targets import verdicts

BEGIN = "<!-- measured: begin -->"
END = "<!-- measured: end -->"


class UnfitPageError(ValueError):
    """The page has no place for results, or the results do not belong on a page."""


def write_page(results: Results, page: Path) -> None:
    """
    Replace what stands between the two markers, and the images.

    Args:
        results: of a run that was more than a quick look.
        page: images go into `images` beside it.

    Raises:
        UnfitPageError: results of a quick look, or a page without markers.
    """
    if results.quick:
        raise UnfitPageError("these results are of a quick look; measure without it")

    prose = page.read_text(encoding="utf-8")
    begin, end = prose.find(BEGIN), prose.find(END)
    if not 0 <= begin < end:
        raise UnfitPageError(f"{page} has no lines {BEGIN} and {END}")

    images = draw(results, page.parent / "images")
    shown = measured(results, [f"images/{name}" for name in images])
    text = f"{prose[: begin + len(BEGIN)]}\n\n{shown}\n\n{prose[end:]}"
    page.write_text(text, encoding="utf-8")


def measured(results: Results, images: list[str]) -> str:
    """Return the measured part as Markdown."""
    shown = [f"![{Path(name).stem.replace('-', ' ')}]({name})" for name in images]
    return "\n\n".join(
        [
            preamble(results),
            "### Targets",
            target_table(verdicts(results)),
            *shown,
            tables(results),
        ]
    )
