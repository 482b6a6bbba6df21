"""`openrouter-async key`: limits, usage and what is left."""

from __future__ import annotations

import json

import pytest

from openrouter_async.testing import Fail, Respond, Simulator
from tests.cli.conftest import Invoke

KEY = {
    "label": "sk-or-v1-abc...def",
    "limit": 20,
    "limit_remaining": 12.5,
    "limit_reset": "monthly",
    "usage": 7.5,
    "usage_daily": 0.25,
    "byok_usage": 1.5,
    "is_free_tier": True,
    "expires_at": "2027-01-01T00:00:00Z",
    "free_model_daily_requests": {"limit": 50, "used": 8, "remaining": 42},
    "effective_budget": {
        "scope": "workspace",
        "limit_usd": 10,
        "remaining_usd": -2,
        "resets_at": "2026-12-01",
    },
    "novel": 1,
}


async def test_what_is_known_has_a_row(simulator: Simulator, invoke: Invoke) -> None:
    """Amounts are in dollars; what does not apply is left out."""
    simulator.script(
        Respond(body={"data": KEY}),
        Respond(body={"data": {"total_credits": 100, "total_usage": 12.25}}),
    )

    done = await invoke("key")

    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "key           sk-or-v1-abc...def",
        "limit         $12.50 left of $20.00, resets monthly",
        "budget        -$2.00 left of $10.00 (workspace), resets 2026-12-01",
        "expires       2027-01-01T00:00:00Z",
        "used          $7.50",
        "  today       $0.250000",
        "own keys      $1.50 at providers",
        "free tier     yes, no credits were ever bought",
        "free models   42 of 50 requests left today (UTC)",
        "credits       $87.75 left of $100.00",
    ]


async def test_credits_are_for_management_keys(
    simulator: Simulator, invoke: Invoke
) -> None:
    """Another key is told so; what it may know is shown."""
    refused = {"error": {"code": 403, "message": "Only management keys"}}
    for _ in range(2):
        simulator.script(Respond(body={"data": {}}), Respond(403, body=refused))

    shown = await invoke("key")
    as_json = await invoke("key", "--json")

    assert (shown.code, shown.stdout.splitlines()) == (
        0,
        [
            "limit         unknown",
            "used          unknown",
            "credits       unknown (403: Only management keys)",
        ],
    )
    assert as_json.stdout == '{"key":{},"credits":null}\n'


async def test_json_is_what_was_received(simulator: Simulator, invoke: Invoke) -> None:
    """Both answers in one line, with all members."""
    simulator.script(Respond(body={"data": KEY}))

    done = await invoke("key", "--json")
    (line,) = done.stdout.splitlines()
    told = json.loads(line)

    assert told["key"] == KEY
    assert told["credits"]["total_credits"] > 0


async def test_a_wrong_key_is_an_error(
    simulator: Simulator, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the code of all that the API reports."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "wrong")

    done = await invoke("key")

    assert (done.code, done.stdout) == (1, "")
    assert done.stderr.startswith(
        "error: 401: User not found (GET /key)\nhint: Check the key"
    )


async def test_what_the_key_says_is_shown_without_the_credits(
    simulator: Simulator, invoke: Invoke
) -> None:
    """That they could not be asked for is a failure, told after the rows."""
    for _ in range(2):
        simulator.script(Respond(body={"data": {"usage": 2}}), Fail(500))

    shown = await invoke("key", "--retries=0")
    as_json = await invoke("key", "--retries=0", "--json")

    assert (shown.code, as_json.code) == (1, 1)
    assert "used          $2.00\ncredits       unknown (500: " in shown.stdout
    assert as_json.stdout == '{"key":{"usage":2},"credits":null}\n'
    assert shown.stderr.startswith("error: 500: ")
    assert "(GET /credits)" in shown.stderr


@pytest.mark.parametrize(
    ("members", "row"),
    [
        ({"limit": None}, "none"),
        ({"limit_remaining": 3}, "$3.00 left"),
        (
            {"limit": 0, "limit_remaining": None, "limit_reset": "daily"},
            "$0, what is left of it is unknown, resets daily",
        ),
    ],
    ids=["null", "absent", "unknown"],
)
async def test_no_limit_is_told_where_the_key_says_so(
    simulator: Simulator, invoke: Invoke, members: dict[str, object], row: str
) -> None:
    """What is left may be known alone, and the limit too."""
    simulator.script(Respond(body={"data": members}))

    done = await invoke("key")

    assert done.stdout.splitlines()[0] == f"limit         {row}"
