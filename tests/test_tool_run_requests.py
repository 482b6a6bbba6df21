"""What a run changes in its requests, and what it refuses to send."""

from __future__ import annotations

from typing import Any

import pytest

from openrouter_async import ConfigError
from openrouter_async.resources.tool_runs import run_tools
from tests.tool_running import ASKED, Json, Model, add, answer, call


@pytest.mark.parametrize(
    ("choice", "later"),
    [
        ("required", "auto"),
        ({"type": "function", "function": {"name": "add"}}, "auto"),
        ("auto", "auto"),
        ("none", "none"),
        (None, None),
    ],
    ids=["required", "named", "auto", "none", "null"],
)
async def test_a_call_is_demanded_once(choice: object, later: object) -> None:
    """Else the model could never answer."""
    model = Model(answer(call("add")), answer(call("add")), answer())

    await model.run(add, params={"tool_choice": choice})

    choices = [params["tool_choice"] for _, params in model.requests]
    assert choices == [choice, later, later]


SIGNED = [{"type": "reasoning.text", "signature": "abc"}]
ENCRYPTED = [{"type": "reasoning.encrypted", "data": "abc"}]
PLAIN = [{"type": "reasoning.text", "text": "Hm"}]
PINNED = {"only": ["Google"]}
PINS: dict[str, tuple[Any, Json, Json | None, Json]] = {
    "signed": (None, {"reasoning_details": SIGNED}, None, PINNED),
    "encrypted": (None, {"reasoning_details": ENCRYPTED}, None, PINNED),
    "plain reasoning": (None, {"reasoning_details": PLAIN}, None, {}),
    "no reasoning": (None, {}, None, {}),
    "always": (True, {}, None, PINNED),
    "never": (False, {"reasoning_details": SIGNED}, None, {}),
    "other preferences": (True, {}, {"zdr": True}, {"zdr": True, **PINNED}),
    "one already": (True, {}, {"only": ["vertex/us"]}, {"only": ["vertex/us"]}),
    "two already": (True, {}, {"only": ["a", "b"]}, PINNED),
}


@pytest.mark.parametrize(
    ("pin", "message", "preferences", "later"), PINS.values(), ids=PINS
)
async def test_signed_reasoning_stays_with_its_provider(
    pin: bool | None, message: Json, preferences: Json | None, later: Json
) -> None:
    """No other provider could read it."""
    params = {} if preferences is None else {"provider": preferences}
    model = Model(answer(call("add"), provider="Google", **message), answer())

    await model.run(add, params=params, pin_provider=pin)

    assert model.requests[0][1].get("provider") == preferences
    assert model.requests[1][1].get("provider", {}) == later


async def test_an_unknown_provider_is_not_pinned() -> None:
    """There is no name to ask for."""
    model = Model(answer(call("add")), answer())

    await model.run(add, pin_provider=True)

    assert "provider" not in model.requests[1][1]


async def test_server_tools_are_passed_on() -> None:
    """They run at OpenRouter."""
    search = {"type": "openrouter:web_search"}
    model = Model(answer(text="Hi"))

    await model.run(add, search)

    assert model.requests[0][1]["tools"] == (add, search)


REFUSED: dict[str, tuple[Json, str]] = {
    "function without code": (
        {"tools": [{"type": "function", "function": {"name": "add"}}]},
        "tools[0] has no Python function to run; decorate one with `@tool`, or answer"
        " calls yourself with `create`",
    ),
    "bare function": (
        {"tools": [add, add.function]},
        "tools[1] has no Python function to run; decorate one with `@tool`, or answer"
        " calls yourself with `create`",
    ),
    "same name": ({"tools": [add, add]}, "tools[1]: there are two tools 'add'"),
    "no list": ({"tools": add}, "tools must be a list, not Tool"),
    "no tools": ({"tools": []}, "there are no tools to run; use `create`"),
    "no steps": ({"max_steps": 0}, "max_steps must be at least 1, not 0"),
}


@pytest.mark.parametrize(("options", "message"), REFUSED.values(), ids=REFUSED)
async def test_what_cannot_run_is_refused(options: Json, message: str) -> None:
    """Nothing is sent."""
    model = Model()
    tools = options.pop("tools", [add])

    with pytest.raises(ConfigError) as raised:
        await run_tools(model.create, ASKED, tools, {}, **options)

    assert (str(raised.value), model.requests) == (message, [])
