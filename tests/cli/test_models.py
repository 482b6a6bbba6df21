"""`openrouter-async models`: the table, and lines of JSON."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from openrouter_async.cli.models import price_of_million
from openrouter_async.testing import Respond, Simulator
from tests.cli.conftest import Invoke


async def test_each_model_has_a_row(simulator: Simulator, invoke: Invoke) -> None:
    """Its id, context length and exact prices, aligned."""
    done = await invoke("models")
    head, *lines = done.stdout.splitlines()

    assert (done.code, done.stderr) == (0, "")
    assert head.split("  ")[0] == "id"
    assert len({len(line) for line in (head, *lines)}) == 1
    assert ["anthropic/claude-sonnet-4.5", "1,000,000", "3", "15"] in [
        line.split() for line in lines
    ]


async def test_a_search_is_the_apis(simulator: Simulator, invoke: Invoke) -> None:
    """It is sent, and what comes back is shown."""
    done = await invoke("models", "llama")

    assert [line.split("/")[0] for line in done.stdout.splitlines()[1:]] == [
        "meta-llama",
        "meta-llama",
    ]


async def test_nothing_found_is_told(simulator: Simulator, invoke: Invoke) -> None:
    """It is no error, and standard output has no head without rows."""
    done = await invoke("models", "nothing like it")

    assert (done.code, done.stdout, done.stderr) == (
        0,
        "",
        "there are no models for nothing like it\n",
    )


async def test_json_is_a_line_per_model(simulator: Simulator, invoke: Invoke) -> None:
    """With all members, as received."""
    models = [{"id": "a/b", "novel": 1.5}, {"id": "c/d"}]
    simulator.script(Respond(body={"data": models}))

    done = await invoke("models", "--json")

    assert [json.loads(line) for line in done.stdout.splitlines()] == models


async def test_what_is_not_known_is_a_dash(
    simulator: Simulator, invoke: Invoke
) -> None:
    """A model may have no more than an id."""
    simulator.script(Respond(body={"data": [{"id": "a/b"}]}))

    done = await invoke("models")

    assert done.stdout.splitlines()[1].split() == ["a/b", "-", "-", "-"]


@pytest.mark.parametrize(
    ("price", "text"),
    [
        ("0.00000015", "0.15"),
        ("0.000003", "3"),
        ("0.0003", "300"),
        ("0", "0"),
        ("-1", "varies"),
        ("0.0000000375", "0.0375"),
    ],
)
def test_prices_are_exact(price: str, text: str) -> None:
    """No digit is lost or made up."""
    assert price_of_million(Decimal(price)) == text


async def test_a_wrong_base_url_is_named(simulator: Simulator, invoke: Invoke) -> None:
    """As the other commands do."""
    url = "http://127.0.0.1:1"

    done = await invoke("models", f"--base-url={url}", "--retries=0")

    assert done.code == 1
    assert done.stderr.startswith("error: no connection to 127.0.0.1:1")
    assert (
        f"\nhint: the base URL is {url}; see OPENROUTER_BASE_URL and --base-url"
        in done.stderr
    )
