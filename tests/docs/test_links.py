"""No page links to a file that is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.markdown import ROOT, links, pages

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_to_files(page: Path) -> None:
    """Every target exists, seen from the folder of the page."""
    missing = [link for link in links(page) if not (page.parent / link).exists()]

    assert missing == []
