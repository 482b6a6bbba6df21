"""What a run changes in its requests, and what it refuses to send."""

from __future__ import annotations

import gc
from typing import Any, cast

import pytest

from openrouter_async import ConfigError
from openrouter_async.formats.tool import tool
from openrouter_async.resources.tool_runs import run_tools
from tests.tool_running import ASKED, Json, Model, add, answer, call, told

NAMED = {"type": "function", "function": {"name": "add"}}


@pytest.mark.parametrize(
    ("choice", "later"),
    [
        ("required", "auto"),
        (NAMED, "auto"),
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


@pytest.mark.parametrize("choice", ["add", add], ids=["name", "tool"])
async def test_a_tool_is_demanded_by_its_name_or_by_itself(choice: object) -> None:
    """The first request spells it out; from then on the model may choose."""
    model = Model(answer(call("add")), answer())

    await model.run(add, params={"tool_choice": choice})

    choices = [params["tool_choice"] for _, params in model.requests]
    assert choices == [NAMED, "auto"]


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


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        (iter(ASKED), "not list_iterator"),
        ("How many?", "not str"),
        ([], "this list is empty"),
    ],
    ids=["iterator", "text", "nothing"],
)
async def test_no_conversation_is_refused(messages: object, told: str) -> None:
    """An iterator would be empty in the second request."""
    model = Model()

    with pytest.raises(ConfigError, match=f"messages must be a list of .*{told}"):
        await run_tools(model.create, cast("Any", messages), [add], {})

    assert model.requests == []


async def test_a_conversation_is_copied() -> None:
    """What a caller does to the list is no part of the run."""
    messages = list(ASKED)
    run = await run_tools(Model(answer(text="3")).create, messages, [add], {})
    messages.clear()

    assert run.messages == [*ASKED, run.answer.message]


async def test_members_that_a_run_changes_may_stand_in_the_extra_body() -> None:
    """They win over typed ones, as they do elsewhere, and change as those do."""
    search = {"type": "openrouter:web_search"}
    body: Json = {
        "provider": {"zdr": True},
        "tool_choice": "required",
        "tools": [add, search],
        "new": 1,
    }
    model = Model(answer(call("add"), provider="Google"), answer(text="3"))

    await model.run(
        add,
        params={"tool_choice": "none", "extra_body": body},
        pin_provider=True,
    )

    common: Json = {"tools": [add, search], "extra_body": {"new": 1}}
    assert [params for _, params in model.requests] == [
        {**common, "provider": {"zdr": True}, "tool_choice": "required"},
        {**common, "provider": {"zdr": True, **PINNED}, "tool_choice": "auto"},
    ]


async def test_calls_without_an_id_get_one() -> None:
    """Results are told apart by it; that of a call which has one stays."""
    calls = [call("add", id=""), call("add", id="b"), call("add")]
    del calls[2]["id"]
    first = answer(*calls)
    model = Model(first, answer(call("add", id="")), answer(text="3"))

    run = await model.run(add)

    ids = [["call_1_1", "b", "call_1_3"], ["call_5_1"]]
    assert [[use.call.id for use in step.uses] for step in run.steps] == [*ids, []]
    sent = cast("list[Any]", model.requests[2][0])
    asked, *results = sent[1:5]
    assert [each["id"] for each in asked.tool_call_members] == ids[0]
    assert [each["tool_call_id"] for each in results] == ids[0]
    assert [each["id"] for each in sent[5].tool_call_members] == ids[1]
    assert "id" not in (first.message.tool_call_members or [])[2]


@pytest.mark.parametrize("tools", [(add,), ()], ids=["beside others", "alone"])
async def test_tools_that_are_searched_for(tools: tuple[Any, ...]) -> None:
    """Those in `deferred_tools` run as others do."""
    arguments = '{"first": 1, "second": 2}'
    model = Model(answer(call("more", arguments)), answer(text="3"))
    more = tool(add.function, name="more")

    run = await model.run(
        *tools, params={"deferred_tools": [more], "tool_choice": more}
    )

    assert told(run) == ["3"]
    sent = model.requests[0][1]
    assert sent["deferred_tools"] == [more]
    assert sent.get("tools", ()) == tools


@tool
async def good(word: str) -> str:
    """Be a tool that is called by mistake."""
    return word


WORDS = "or one of the words 'auto', 'none' and 'required'"
UNDESCRIBED = "is a function that does not describe itself; decorate it with `@tool`"
EXCEPTIONS = "raises must be a class of exceptions, or a list of them;"
REFUSED: dict[str, tuple[Json, str]] = {
    "function without code": (
        {"tools": [{"type": "function", "function": {"name": "add"}}]},
        "tools[0] has no Python function to run; decorate one with `@tool`, or answer"
        " calls yourself with `create`",
    ),
    "bare function": ({"tools": [add, add.function]}, f"tools[1] {UNDESCRIBED}"),
    "same name": ({"tools": [add, add]}, "tools[1]: there are two tools 'add'"),
    "same name among those for later": (
        {"params": {"deferred_tools": [good, add]}},
        "deferred_tools[1]: there are two tools 'add'",
    ),
    "bare function for later": (
        {"params": {"extra_body": {"deferred_tools": [add.function]}}},
        f"deferred_tools[0] {UNDESCRIBED}",
    ),
    "misspelt word": (
        {"params": {"tool_choice": "auot"}},
        f"tool_choice: no tool 'auot'; there are: add; {WORDS}",
    ),
    "no list": ({"tools": add}, "tools must be a list, such as [add]"),
    "bare function in no list": ({"tools": add.function}, f"tools[0] {UNDESCRIBED}"),
    "something in no list": ({"tools": 1}, "tools must be a list, such as [int]"),
    "no tools": ({"tools": []}, "there are no tools to run; use `create`"),
    **{
        f"{steps!r} steps": (
            {"max_steps": steps},
            f"max_steps must be a whole number >= 1, not {steps!r}",
        )
        for steps in (0, 2.5, "3", True)
    },
    "conversation beside messages": (
        {"params": {"extra_body": {"messages": ASKED}}},
        "extra_body: the conversation of a run grows; pass it as messages=",
    ),
    "function without code in the extra body": (
        {"params": {"extra_body": {"tools": [{"type": "function"}]}}},
        "tools[0] has no Python function to run; decorate one with `@tool`, or answer"
        " calls yourself with `create`",
    ),
    "choice of no tool": (
        {"params": {"tool_choice": "nope"}},
        f"tool_choice: no tool 'nope'; there are: add; {WORDS}",
    ),
    "choice of a tool not offered": (
        {"params": {"tool_choice": good}},
        f"tool_choice: no tool 'good'; there are: add; {WORDS}",
    ),
    "choice where all tools are OpenRouter's": (
        {"tools": [{"type": "x:y"}], "params": {"tool_choice": NAMED}},
        f"tool_choice: no tool 'add'; there are: none; {WORDS}",
    ),
    "name of an exception": (
        {"raises": "KeyError"},
        f"{EXCEPTIONS} 'KeyError' is none",
    ),
    "exception that happened": (
        {"raises": [OSError, KeyError(1)]},
        f"{EXCEPTIONS} KeyError(1) is none",
    ),
    "other class": ({"raises": int}, f"{EXCEPTIONS} <class 'int'> is none"),
    "no exception": ({"raises": None}, f"{EXCEPTIONS} None is none"),
    "stream": (
        {"params": {"stream": True}},
        "run_tools does not stream; see docs/examples/conversation.py for a loop of"
        " your own around `stream`",
    ),
}


@pytest.mark.parametrize(("options", "message"), REFUSED.values(), ids=REFUSED)
async def test_what_cannot_run_is_refused(options: Json, message: str) -> None:
    """Nothing is sent."""
    model = Model()
    given: Json = {"tools": [add], "params": {}, **options}
    tools, params = given.pop("tools"), given.pop("params")

    with pytest.raises(ConfigError) as raised:
        await run_tools(model.create, ASKED, tools, params, **given)

    assert (str(raised.value), model.requests) == (message, [])


async def test_called_tools_are_refused() -> None:
    """They are taken for calls that nobody awaits, and no warning follows."""
    model = Model()

    with pytest.raises(ConfigError) as raised:
        await run_tools(model.create, ASKED, cast("Any", [good("a"), good("b")]), {})

    gc.collect()
    message = "tools[0] is a coroutine: pass `good`, not `good(...)`"
    assert (str(raised.value), model.requests) == (message, [])
