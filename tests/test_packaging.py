"""What the distribution promises: names, version, requirements, a light import."""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import subprocess
import sys
from types import ModuleType

import pytest

import openrouter_async

PUBLIC = ["openrouter_async", "openrouter_async.testing"]

ADDED_ROOTS = """
import sys
import aiohttp, anyio, msgspec
def roots():
    return {name.partition(".")[0] for name in sys.modules}
before = roots()
import openrouter_async
print(*sorted(roots() - before - sys.stdlib_module_names))
"""

EACH_ALONE = """
import importlib, pkgutil, sys
import openrouter_async
found = pkgutil.walk_packages(openrouter_async.__path__, "openrouter_async.")
names = [module.name for module in found]
public = [name for name in names if not any(part[0] == "_" for part in name.split("."))]
for name in public:
    for loaded in list(sys.modules):
        if loaded.partition(".")[0] == "openrouter_async":
            del sys.modules[loaded]
    importlib.import_module(name)
print(len(public))
"""


def public_names(module: ModuleType) -> set[str]:
    """List what a reader finds in a module: no modules, nothing with an underscore."""
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and not inspect.ismodule(value)
        and name != "annotations"  # of the __future__ import
    }


def interpreted(source: str) -> str:
    """Run code in a fresh interpreter where warnings are errors; give its output."""
    command = [sys.executable, "-I", "-W", "error", "-c", source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


@pytest.mark.parametrize("name", PUBLIC)
def test_all_is_what_can_be_imported(name: str) -> None:
    """`__all__` lists every public name once, and no other."""
    module = importlib.import_module(name)
    listed: list[str] = module.__all__
    for each in listed:
        getattr(module, each)  # some are imported on first use

    plain = {name for name in listed if not name.startswith("_")}

    assert len(listed) == len(set(listed))
    assert plain == public_names(module)
    assert [name for name in listed if not hasattr(module, name)] == []


def test_version_is_that_of_the_distribution() -> None:
    """There is one version, and the installed metadata carries it."""
    installed = importlib.metadata.version("openrouter-async")

    assert openrouter_async.__version__ == installed


def test_three_requirements() -> None:
    """Whoever installs no extra gets aiohttp, anyio, msgspec and what they need."""
    lines = importlib.metadata.requires("openrouter-async") or []
    plain = sorted(line for line in lines if "extra ==" not in line)
    names = [line.partition(">")[0].partition("<")[0] for line in plain]

    assert names == ["aiohttp", "anyio", "msgspec"]


def test_import_adds_nothing_but_the_package() -> None:
    """Besides the three requirements and the standard library nothing is loaded."""
    assert interpreted(ADDED_ROOTS) == "openrouter_async"


@pytest.mark.timeout(90)
def test_every_public_module_can_be_imported_first() -> None:
    """No module needs another one to have been imported, and none warns."""
    assert int(interpreted(EACH_ALONE)) > 0
