"""The reference of the API shows every public name, and nothing that is gone."""

from __future__ import annotations

import pkgutil
import re
from types import ModuleType

import pytest

import openrouter_async
from openrouter_async import testing
from tests.docs.markdown import ROOT, blocks

DIRECTIVE = re.compile(r"^\.\. (?:auto|py:)\w+:: (?P<name>[\w.]+)", re.MULTILINE)
SHOWN = [
    found["name"]
    for block in blocks(ROOT / "docs" / "api.md")
    for found in DIRECTIVE.finditer(block.text)
]


@pytest.mark.parametrize(
    "package", [openrouter_async, testing], ids=lambda package: package.__name__
)
def test_every_public_name_is_shown(package: ModuleType) -> None:
    """What a package exports has a directive of its own, under the public path."""
    public = {f"{package.__name__}.{name}" for name in package.__all__}

    assert public - set(SHOWN) == set()


def test_no_name_is_shown_twice() -> None:
    """Each directive is the only one of its name."""
    assert sorted(SHOWN) == sorted(set(SHOWN))


@pytest.mark.parametrize("name", SHOWN)
def test_every_shown_name_exists(name: str) -> None:
    """It can be imported by the path that the page gives."""
    assert pkgutil.resolve_name(name) is not None
