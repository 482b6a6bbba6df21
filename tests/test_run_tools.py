"""`chat.completions.run_tools` as users call it: what its options do, how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack, cast

import pytest
from pydantic import AnyUrl, BaseModel

from openrouter_async import ChatCompletion, Tool, ToolRun, tool
from openrouter_async.testing import Respond, Simulator, Text, ToolCall, ToolCalls
from openrouter_async.types import Message
from tests.chatting import whole

ASKED: list[Message] = [{"role": "user", "content": "How many?"}]
ADD = ToolCalls(ToolCall("add", {"first": 1, "second": 2}))
PICTURE = "data:image/png;base64,AA=="


@tool
def add(first: int, second: int) -> int:
    """Add."""
    return first + second


@tool
def fail() -> None:
    """Fail."""
    raise LookupError("no luck")


class Options(TypedDict, total=False):
    """Be the options that only a run of tools has."""

    max_steps: int
    raises: type[Exception] | Sequence[type[Exception]]
    pin_provider: bool | None


async def ran(
    simulator: Simulator, *tools: Tool[..., object], **options: Unpack[Options]
) -> ToolRun[ChatCompletion]:
    """Run tools with a client of the simulator."""
    async with simulator.client(retry=0) as client:
        return await client.chat.completions.run_tools(
            messages=ASKED, tools=tools, **options
        )


def providers(simulator: Simulator) -> list[object]:
    """Return the preferences of each request."""
    return [record.params.get("provider") for record in simulator.journal]


async def test_a_run_ends_with_the_answer() -> None:
    """The calls of a step are run, and their results go out with the next request."""
    calls = ToolCalls(
        ToolCall("add", {"first": 1, "second": 2}, id="a"),
        ToolCall("add", {"first": 3, "second": 4}, id="b"),
    )
    async with Simulator() as simulator:
        simulator.script(calls, Text("3 and 7."))
        run = await ran(simulator, add)
        first, second = (record.params for record in simulator.journal)

    assert (run.stop_reason, run.finished, run.errors) == ("answered", True, [])
    assert run.answer.text == "3 and 7."
    results = [
        {"role": "tool", "tool_call_id": "a", "content": "3"},
        {"role": "tool", "tool_call_id": "b", "content": "7"},
    ]
    assert first["messages"] == ASKED
    assert cast("list[object]", second["messages"])[2:] == results
    assert run.messages == [
        *ASKED,
        run.steps[0].answer.message,
        *results,
        run.answer.message,
    ]


async def test_a_run_sends_no_more_requests_than_it_may() -> None:
    """What the last one calls is run, and the model is not asked again."""
    async with Simulator() as simulator:
        simulator.script(ADD, Text("3."))
        run = await ran(simulator, add, max_steps=1)
        count = len(simulator.journal)

    assert (run.stop_reason, run.finished, count) == ("max_steps", False, 1)
    assert [use.content for use in run.steps[0].uses] == ["3"]


async def test_a_listed_exception_ends_the_run() -> None:
    """It leads to the run so far."""
    async with Simulator() as simulator:
        simulator.script(ToolCalls(ToolCall("fail")), Text("Sorry."))
        with pytest.raises(LookupError, match="no luck") as raised:
            await ran(simulator, fail, raises=LookupError)

        count = len(simulator.journal)

    run = ToolRun.of(raised.value)
    assert run is not None
    assert (len(run.steps), run.stop_reason, count) == (1, "error", 1)
    assert run.errors == [raised.value]


async def test_other_exceptions_are_told_to_the_model() -> None:
    """The run goes on."""
    async with Simulator() as simulator:
        simulator.script(ToolCalls(ToolCall("fail")), Text("Sorry."))
        run = await ran(simulator, fail, raises=OSError)

    assert (run.finished, run.answer.text) == (True, "Sorry.")
    assert [use.content for use in run.steps[0].uses] == ["Error: LookupError: no luck"]


SIGNED = [{"type": "reasoning.text", "text": "Hm", "signature": "abc", "index": 0}]


@pytest.mark.parametrize(
    ("pin", "details", "pinned"),
    [
        (True, None, True),
        (False, SIGNED, False),
        (None, SIGNED, True),
        (None, None, False),
    ],
    ids=["always", "never", "signed reasoning", "plain"],
)
async def test_one_provider_may_serve_the_whole_run(
    pin: bool | None, details: Sequence[dict[str, object]] | None, pinned: bool
) -> None:
    """From the second request on, by the name in the first answer."""
    call = ToolCalls(
        ToolCall("add", {"first": 1, "second": 2}), reasoning_details=details
    )
    async with Simulator() as simulator:
        simulator.script(call, Text("3."))
        run = await ran(simulator, add, pin_provider=pin)
        first, second = providers(simulator)

    name = run.steps[0].answer.provider
    assert name
    assert first is None
    assert second == ({"only": [name]} if pinned else None)


async def test_the_first_exception_that_ends_a_run_is_raised() -> None:
    """The other tool fails while it is being cancelled."""
    failed = asyncio.Event()

    @tool
    async def first() -> None:
        failed.set()
        raise KeyError("first")

    @tool
    async def second() -> None:
        try:
            await failed.wait()
            await asyncio.Event().wait()
        finally:
            raise OSError("second")

    async with Simulator() as simulator:
        simulator.script(ToolCalls(ToolCall("second"), ToolCall("first")))
        with pytest.raises(KeyError, match="first") as raised:
            await ran(simulator, first, second, raises=(KeyError, OSError))

    run = ToolRun.of(raised.value)
    assert run is not None
    assert [type(error) for error in run.errors] == [OSError, KeyError]
    assert run.errors[1] is raised.value


async def wrapped(simulator: Simulator, how: str) -> None:
    """Run a tool whose exception ends the run, and raise another in its place."""
    try:
        await ran(simulator, fail, raises=LookupError)
    except LookupError as error:
        if how == "from it":
            raise RuntimeError(how) from error

        if how == "from nothing":
            raise RuntimeError(how) from None

        raise RuntimeError(how)  # noqa: B904  # this is the point


@pytest.mark.parametrize("how", ["from it", "from nothing", "while it is handled"])
async def test_a_run_is_found_through_what_was_made_of_its_exception(how: str) -> None:
    """Whether or not it was raised `from` it."""
    async with Simulator() as simulator:
        simulator.script(ToolCalls(ToolCall("fail")))
        with pytest.raises(RuntimeError, match=how) as raised:
            await wrapped(simulator, how)

    run = ToolRun.of(raised.value)
    assert run is not None
    assert len(run.steps) == 1


async def test_an_answer_of_sound_alone_is_one() -> None:
    """It need not hold text."""
    sound = {"id": "audio_1", "data": "AAAA", "expires_at": 1}
    answer = whole({"content": None, "audio": sound})
    async with Simulator() as simulator:
        simulator.script(Respond(body=answer))
        run = await ran(simulator, add)

    assert (run.stop_reason, run.finished) == ("answered", True)
    assert run.messages == [*ASKED, run.answer.message]


PARTS: dict[str, dict[str, object]] = {
    "text": {"text": "Look."},
    "image_url": {"image_url": {"url": PICTURE}},
    "input_audio": {"input_audio": {"data": "AAAA", "format": "wav"}},
    "file": {"file": {"filename": "a.pdf", "file_data": "data:,a"}},
    "video_url": {"video_url": {"url": "https://example.com/a.mp4"}},
    "input_video": {"video_url": {"url": "https://example.com/a.mp4"}},
}


@pytest.mark.parametrize("kind", PARTS)
async def test_a_content_part_is_sent_as_one(kind: str) -> None:
    """Of each kind that messages can hold; it is no JSON text."""
    part = {"type": kind, **PARTS[kind]}

    @tool
    def show() -> object:
        return [part]

    async with Simulator() as simulator:
        simulator.script(ToolCalls(ToolCall("show")), Text("I see."))
        run = await ran(simulator, show)
        messages = cast(
            "list[dict[str, object]]", simulator.journal[1].params["messages"]
        )

    assert run.steps[0].uses[0].content == [part]
    assert messages[-1]["content"] == [part]


async def test_what_is_almost_a_part_is_json() -> None:
    """Its member is missing, or has another part's name."""
    found = [{"type": "image_url", "video_url": {"url": PICTURE}}]

    @tool
    def show() -> object:
        return found

    async with Simulator() as simulator:
        simulator.script(ToolCalls(ToolCall("show")), Text("I see."))
        run = await ran(simulator, show)

    assert run.steps[0].uses[0].content == (
        f'[{{"type":"image_url","video_url":{{"url":"{PICTURE}"}}}}]'
    )


class Download(BaseModel):
    """Be a model whose members have no JSON form of their own."""

    source: AnyUrl
    target: Path


async def test_a_model_of_pydantic_is_written_as_it_writes_itself() -> None:
    """Addresses and paths among its members become text."""
    made = Download(source=AnyUrl("https://example.com/a"), target=Path("b/c"))

    @tool
    def download() -> Download:
        return made

    async with Simulator() as simulator:
        simulator.script(ToolCalls(ToolCall("download")), Text("Done."))
        run = await ran(simulator, download)

    content = run.steps[0].uses[0].content
    assert content == '{"source":"https://example.com/a","target":"b/c"}'


async def test_a_run_ends_with_a_value() -> None:
    """`parse=` goes out with every request."""

    class Sum(BaseModel):
        """Be what is wanted."""

        value: int

    async with Simulator() as simulator, simulator.client(retry=0) as client:
        simulator.script(ADD, Text('{"value": 3}'))
        run = await client.chat.completions.run_tools(
            messages=ASKED, tools=[add], parse=Sum
        )
        formats = [record.params["response_format"] for record in simulator.journal]

    assert run.answer.parsed == Sum(value=3)
    assert formats[0] == formats[1]
    assert cast("dict[str, Any]", formats[0])["json_schema"]["name"] == "Sum"
