"""Every keyword of other clients that the library knows leads to its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from openrouter_async import ConfigError, OpenRouter
from tests.chatting import HI

RETRY = "did you mean `retry`"
IN_FLIGHT = "did you mean `max_in_flight`"
STEPS = "did you mean `max_steps`"
PARSE = "did you mean `parse`"
BODY = "did you mean `body`"
PARAMS = "did you mean `params`"

OF_CHAT = {
    "max_retries": RETRY,
    "num_retries": RETRY,
    "request_timeout": "did you mean `timeout`",
    "headers": "did you mean `extra_headers`",
    "response_model": PARSE,
    "text_format": PARSE,
    "concurrency": "`map` and `gather` have `max_in_flight`",
    "max_concurrency": "`map` and `gather` have `max_in_flight`",
    "max_concurrent": "`map` and `gather` have `max_in_flight`",
    "max_workers": "`map` and `gather` have `max_in_flight`",
    "n_jobs": "`map` and `gather` have `max_in_flight`",
    "max_in_flight": "`map` and `gather` have `max_in_flight`",
    "journal": "`map` and `gather` have `journal`",
    "max_budget": "`map` and `gather` have `max_cost`",
    "max_cost": "`map` and `gather` have `max_cost`",
    "max_pause": "`map` and `gather` have `max_pause`",
    "ordered": "`map` has `ordered`",
    "max_iterations": "`chat.completions.run_tools` has `max_steps`",
    "max_rounds": "`chat.completions.run_tools` has `max_steps`",
    "max_tool_rounds": "`chat.completions.run_tools` has `max_steps`",
    "max_turns": "`chat.completions.run_tools` has `max_steps`",
    "max_steps": "`chat.completions.run_tools` has `max_steps`",
    "pin_provider": "`chat.completions.run_tools` has `pin_provider`",
    "extra_query": "`client.request` has `params`",
    "api_key": "`client.with_options(api_key=...)` has another key",
    "base_url": "`client.with_options(base_url=...)` asks elsewhere",
    "api_base": "`client.with_options(base_url=...)` asks elsewhere",
}
OF_RUNS = {
    "max_retries": RETRY,
    "num_retries": RETRY,
    "request_timeout": "did you mean `timeout`",
    "headers": "did you mean `extra_headers`",
    "concurrency": IN_FLIGHT,
    "max_concurrency": IN_FLIGHT,
    "max_concurrent": IN_FLIGHT,
    "max_workers": IN_FLIGHT,
    "n_jobs": IN_FLIGHT,
    "max_budget": "did you mean `max_cost`",
    "response_model": PARSE,
    "text_format": PARSE,
}
OF_TOOL_RUNS = {
    "max_iterations": STEPS,
    "max_rounds": STEPS,
    "max_tool_rounds": STEPS,
    "max_turns": STEPS,
    "response_model": PARSE,
}
OF_TEXT = {
    "response_model": "`parse` is for chat",
    "text_format": "`parse` is for chat",
}
OF_REQUESTS = {
    "json": BODY,
    "data": BODY,
    "content": BODY,
    "files": BODY,
    "form": BODY,
    "extra_body": BODY,
    "query": PARAMS,
    "extra_query": PARAMS,
    "response_model": "did you mean `response_type`",
    "headers": "did you mean `extra_headers`",
    "max_retries": RETRY,
}
OF_LISTS = {
    "query": PARAMS,
    "extra_query": PARAMS,
    "response_type": "did you mean `item_type`",
    "response_model": "did you mean `item_type`",
    "headers": "did you mean `extra_headers`",
}


Misuse = Callable[[Any, dict[str, Any]], Any]  # type checkers find all of these

VERBS: dict[str, Misuse] = {
    "chat": lambda c, given: c.chat.completions.create(messages=HI, **given),
    "map": lambda c, given: c.chat.completions.map(["a"], **given),
    "run_tools": lambda c, given: c.chat.completions.run_tools(messages=HI, **given),
    "text": lambda c, given: c.completions.create(prompt="a", **given),
    "request": lambda c, given: c.request("POST", "/keys", **given),
    "paginate": lambda c, given: c.paginate("/keys", **given),
}


async def refusal(verb: str, name: str) -> str:
    """Return what is told of a keyword; nothing listens where it would go."""
    async with OpenRouter("sk-or-v1-x", base_url="http://127.0.0.1:1") as client:
        with pytest.raises(ConfigError) as raised:
            await VERBS[verb](client, {name: 1})

    return str(raised.value)


TABLES = {
    "chat": OF_CHAT,
    "map": OF_RUNS,
    "run_tools": OF_TOOL_RUNS,
    "text": OF_TEXT,
    "request": OF_REQUESTS,
    "paginate": OF_LISTS,
}


@pytest.mark.parametrize(
    ("verb", "name"), [(verb, name) for verb in TABLES for name in TABLES[verb]]
)
async def test_a_keyword_of_another_client(verb: str, name: str) -> None:
    """It is refused, nothing is sent, and the message names what to use."""
    told = await refusal(verb, name)

    assert told.startswith(f"`{name}` is not known here: {TABLES[verb][name]}")


@pytest.mark.parametrize("verb", ["chat", "map", "run_tools", "text"])
async def test_a_field_that_is_new_has_a_place(verb: str) -> None:
    """The refusal says where it goes if it is meant."""
    assert "goes into `extra_body`" in await refusal(verb, "max_retries")
