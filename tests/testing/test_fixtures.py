"""The fixtures, as a user's test suite has them."""

from __future__ import annotations

import importlib
import os
import sys

import pytest

from openrouter_async import OpenRouter
from openrouter_async.testing import Simulator, Text

pytest_plugins = ["pytester", "openrouter_async.testing.fixtures"]

SUITE = """
import os

import pytest
from openrouter_async import OpenRouter
from openrouter_async.testing import Text

pytest_plugins = ["openrouter_async.testing.fixtures"]


{mark}
async def test_app(openrouter_environment):
    openrouter_environment.script(Text("Hello."))
    async with OpenRouter() as client:
        assert (await client.completions.create(prompt="Hi")).text == "Hello."


{mark}
async def test_client(openrouter_client, openrouter_simulator):
    await openrouter_client.completions.create(prompt="Hi")
    assert openrouter_simulator.statistics().answered == 1


def test_environment_is_restored():
    assert "OPENROUTER_API_KEY" not in os.environ
"""


async def test_simulator(openrouter_simulator: Simulator) -> None:
    """A running simulator that nobody has used."""
    assert openrouter_simulator.base_url.startswith("http://127.0.0.1:")
    assert openrouter_simulator.journal == []


async def test_client(
    openrouter_client: OpenRouter, openrouter_simulator: Simulator
) -> None:
    """The client talks to the test's simulator."""
    openrouter_simulator.script(Text("Hello."))
    completion = await openrouter_client.completions.create(prompt="Hi")

    assert completion.text == "Hello."
    assert len(openrouter_simulator.journal) == 1


async def test_environment(
    openrouter_environment: Simulator, openrouter_simulator: Simulator
) -> None:
    """Key and base URL are in the environment."""
    assert openrouter_environment is openrouter_simulator
    assert os.environ["OPENROUTER_API_KEY"] == openrouter_simulator.api_key
    assert os.environ["OPENROUTER_BASE_URL"] == openrouter_simulator.base_url


@pytest.mark.parametrize(
    ("mode", "mark"), [("auto", ""), ("strict", "@pytest.mark.asyncio")]
)
def test_both_modes_of_pytest_asyncio(
    pytester: pytest.Pytester, mode: str, mark: str
) -> None:
    """The fixtures work in auto and in strict mode."""
    pytester.makepyfile(SUITE.replace("{mark}", mark))
    settings = (f"asyncio_mode={mode}", "asyncio_default_fixture_loop_scope=function")
    options = [f"-o{setting}" for setting in settings]
    result = pytester.runpytest_subprocess("-p", "no:anyio", "-W", "error", *options)

    result.assert_outcomes(passed=3)


def test_without_pytest_asyncio_they_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As the simulator does where jsonschema is missing."""
    monkeypatch.setitem(sys.modules, "pytest_asyncio", None)
    monkeypatch.delitem(sys.modules, "openrouter_async.testing.fixtures")

    with pytest.raises(ImportError, match="pip install pytest-asyncio") as caught:
        importlib.import_module("openrouter_async.testing.fixtures")

    assert caught.value.name == "pytest_asyncio"
