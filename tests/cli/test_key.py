"""`openrouter-async key`: limits, usage and what is left."""

from __future__ import annotations

import json

import pytest

from openrouter_async.testing import Respond, Simulator
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
            "limit         none",
            "used          unknown",
            "credits       only a management key may ask",
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
    assert done.stderr.startswith("error: 401: User not found\nhint: Check the key")
