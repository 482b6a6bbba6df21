"""Settings of Sphinx, which makes a site of these pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from openrouter_async import __version__

project = "openrouter-async"
release = version = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"{project} {release}"
html_show_copyright = False

myst_heading_anchors = 3
default_role = "literal"  # single backticks are code in the docstrings
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # `Attributes:` beside members would define them twice
python_maximum_signature_line_length = 88

_OUTWARD = re.compile(r"\]\((?P<file>\.\./[^)#]+)[^)]*\)")


class _Application(Protocol):
    """Describe the part of Sphinx that is used: types are checked without it."""

    def connect(self, event: str, callback: Callable[..., None]) -> int: ...


def link_outward(_: object, page: str, source: list[str]) -> None:
    """Link copies of the files beside docs, which MyST takes for missing pages."""
    source[0] = _OUTWARD.sub(r"](path:\g<file>)", source[0])


def setup(app: _Application) -> None:
    """Listen to Sphinx."""
    app.connect("source-read", link_outward)
