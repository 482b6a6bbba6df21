"""`openrouter-async map` over chat: lines of messages, and what a user says."""

from __future__ import annotations

import json

import pytest

from openrouter_async.testing import Fail, Simulator, Text, ToolCall, ToolCalls
from tests.cli.answers import Files, rows
from tests.cli.conftest import Invoke

BRIEF = {"role": "system", "content": "Be brief."}


def user(content: object) -> dict[str, object]:
    """Return what a user says as a message."""
    return {"role": "user", "content": content}


def sent(simulator: Simulator) -> list[object]:
    """Return the messages that arrived at the endpoint of chat, in their order."""
    assert {each.path.split("/v1")[1] for each in simulator.journal} == {
        "/chat/completions"
    }
    return [record.params["messages"] for record in simulator.journal]


async def test_messages_go_to_chat(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """No option is needed; answers have the members that those of prompts have."""
    simulator.script(Text("Hi."))
    files.write({"id": 7, "messages": [user("Say hi")], "max_completion_tokens": 9})

    done = await files.map(invoke, "--model", "a/b", "--extra", '{"top_k": 3}')
    (answer,) = files.answers()

    assert (done.code, sent(simulator)) == (0, [[user("Say hi")]])
    assert simulator.journal[0].params["max_completion_tokens"] == 9
    assert simulator.journal[0].params["top_k"] == 3
    assert answer["cost"] > 0
    assert [*answer] == [
        *("line", "input", "text", "finish_reason", "model", "generation_id"),
        *("prompt_tokens", "completion_tokens", "cost", "attempts", "replayed"),
        "error",
    ]
    assert (answer["text"], answer["model"], answer["input"]["id"]) == ("Hi.", "a/b", 7)


async def test_strings_and_contents_are_what_a_user_says(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """With `--chat`, beside lines with messages; content parts are a content too."""
    parts = [{"type": "text", "text": "Three"}]
    files.write(
        "One",
        {"content": "Two", "temperature": 0.5},
        {"content": parts},
        {"messages": [user("Four")]},
    )

    done = await files.map(invoke, "--chat", "--max-in-flight=1")

    assert done.code == 0
    assert sent(simulator) == [[user(each)] for each in ("One", "Two", parts, "Four")]
    assert simulator.journal[1].params["temperature"] == 0.5
    assert "content" not in simulator.journal[1].params


async def test_text_lines_are_what_users_say(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """As they stand."""
    prompts = files.folder / "prompts.txt"
    prompts.write_text(' "One" \n')

    done = await invoke("map", str(prompts), "-o", str(files.output), "--chat")

    assert (done.code, sent(simulator)) == (0, [[user(' "One" ')]])


async def test_a_system_message_comes_before(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """Where a line has one of its own, that one counts."""
    own = [{"role": "developer", "content": "Rhyme."}, user("Three")]
    files.write("One", {"messages": [user("Two")]}, {"messages": own})
    options = ("--chat", "--max-in-flight=1", "--system", "Be brief.")

    done = await files.map(invoke, *options)

    assert done.code == 0
    assert sent(simulator) == [[BRIEF, user("One")], [BRIEF, user("Two")], own]


async def test_options_are_those_of_chat(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """By the names that chat has; `--extra` wins over them."""
    files.write("One")
    options = ("--max-tokens=9", "--logprobs=2", '--extra={"seed": 8}', "--seed=7")

    await files.map(invoke, "--chat", *options)

    assert simulator.journal[0].params == {
        "messages": [user("One")],
        "max_tokens": 9,
        "logprobs": True,
        "top_logprobs": 2,
        "seed": 8,
    }


async def test_tool_calls_and_refusals_are_written(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """As they were received, where there are any."""
    simulator.script(
        ToolCalls(ToolCall("weather", {"city": "Brest"}, id="call_1")),
        Text("", refusal="I will not."),
    )
    files.write("One", "Two")

    await files.map(invoke, "--chat", "--max-in-flight=1", "--ordered")
    called, refused = files.answers()

    (call,) = called["tool_calls"]
    assert (called["finish_reason"], call["id"]) == ("tool_calls", "call_1")
    assert call["function"] == {"name": "weather", "arguments": '{"city":"Brest"}'}
    assert (refused["refusal"], "tool_calls" in refused) == ("I will not.", False)


async def test_full_lines_and_choices(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """`--full` has reasoning and all else, `texts` are those of all choices."""
    simulator.script(Text("Hi.", reasoning="They want it."))
    files.write("One")

    await files.map(invoke, "--chat", "--full", "-n", "2")
    (answer,) = files.answers()
    first, _ = answer["answer"]["choices"]

    assert (answer["text"], answer["texts"]) == ("Hi.", ["Hi.", "Hi."])
    assert first["message"]["reasoning"] == "They want it."


async def test_a_run_goes_on(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """What failed is sent again, what was answered is not."""
    simulator.script(
        Fail(400), when=lambda asked: asked.params["messages"] == [user("Two")]
    )
    files.write({"messages": [user("One")]}, {"messages": [user("Two")]})

    first = await files.map(invoke)
    second = await files.map(invoke)
    replayed = {answer["line"]: answer["replayed"] for answer in files.answers()}

    assert (first.code, second.code) == (1, 0)
    assert f"\nto go on: openrouter-async map {files.prompts}" in first.stderr
    assert (len(simulator.journal), replayed) == (3, {1: True, 2: False})


async def test_a_cost_limit_stops_it(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """As it does with prompts."""
    files.write(*[{"messages": [user(str(number))]} for number in range(40)])

    done = await files.map(invoke, "--max-cost=0.0005", "--max-in-flight=2")
    told = rows(done.stderr)

    assert done.code == 1
    assert 0 < int(told["answered"].split()[0]) < 40
    assert "not" in told


@pytest.mark.parametrize("skipping", [(), ("--skip-bad",)], ids=["", "skipping"])
async def test_a_mixture_is_refused(
    simulator: Simulator, invoke: Invoke, files: Files, skipping: tuple[str, ...]
) -> None:
    """Before anything is sent, with the lines of both kinds."""
    files.write({"prompt": "a"}, {"messages": [user("b")]}, *["c"] * 6)

    done = await files.map(invoke, *skipping)

    assert (done.code, done.stderr) == (
        2,
        f"error: {files.prompts} has both text completions (lines 1, 3, 4, 5, 6 ...)"
        " and chat (line 2); nothing was sent\n"
        "hint: make it two files; --chat sends strings as what a user says\n",
    )
    assert simulator.journal == []
    assert not files.output.exists()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            {"prompt": "a"},
            "`prompt` is for text completions; with --chat it is `content` or"
            " `messages`",
        ),
        (
            {"prompt": "a", "messages": [user("b")]},
            "`prompt` is for text completions and `messages` for chat: leave one out",
        ),
        ({"text": "a"}, "neither `content` nor `messages`"),
        ({"content": 1}, "`content` must be text or a list of content parts"),
        ({"content": ""}, "the message is empty"),
        ("", "the message is empty"),
        (user("a"), 'a message by itself; messages go into {"messages": [...]}'),
        (
            [user("a")],
            "a JSON array is neither a JSON string nor an object; messages go into"
            ' {"messages": [...]}',
        ),
        (
            {"messages": "a"},
            '`messages` must be a list of messages, such as [{"role": "user",'
            ' "content": "Hi"}]; not a string',
        ),
        (
            {"messages": [{"content": "a"}]},
            'messages[0] must have a `role`, such as "user"',
        ),
        ({"content": "a", "suffix": "b"}, "no request fields: `suffix`"),
        (
            {"content": "a", "stream": True},
            "`stream` must be left out: whole answers are written",
        ),
    ],
    ids=json.dumps,
)
async def test_a_bad_line_is_told_before_anything_is_sent(
    simulator: Simulator, invoke: Invoke, files: Files, line: object, reason: str
) -> None:
    """With file, line and reason; the good one before it is not sent."""
    files.write("One", line)

    done = await files.map(invoke, "--chat")

    assert done.code == 2
    assert done.stderr.splitlines()[:2] == [
        f"{files.prompts}:2: {reason}",
        f"error: 1 of 2 lines of {files.prompts} cannot be sent; nothing was sent",
    ]
    assert simulator.journal == []


@pytest.mark.parametrize(
    ("line", "options", "stderr"),
    [
        (
            {"messages": [user("a")]},
            ["--suffix=x"],
            "error: --suffix is for text completions, and this is chat\n",
        ),
        (
            "a",
            ["--chat", "--echo"],
            "error: --echo is for text completions, and this is chat\n",
        ),
        ("a", ["--chat", "--system="], "error: --system is empty\n"),
        (
            "a",
            ["--chat", '--extra={"messages": []}'],
            "error: --extra must not hold `messages`; each line has its own\n",
        ),
        (
            "a",
            ["--chat", '--extra={"max_cost": 1}'],
            "error: --extra must not hold `max_cost`; there is --max-cost of `map`\n",
        ),
        ("a", ["--keep=messages"], "error: --keep must not name `messages`"),
    ],
    ids=lambda value: "" if isinstance(value, str | dict) else str(value),
)
async def test_wrong_options_have_a_line(
    simulator: Simulator,
    invoke: Invoke,
    files: Files,
    line: object,
    options: list[str],
    stderr: str,
) -> None:
    """The exit code is 2, nothing is sent, and no answers are begun."""
    files.write(line)

    done = await files.map(invoke, *options)

    assert (done.code, done.stdout, done.stderr[: len(stderr)]) == (2, "", stderr)
    assert simulator.journal == []
    assert not files.output.exists()


async def test_a_system_message_needs_chat(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """A text completion has no place for it."""
    files.write("One")

    done = await files.map(invoke, "--system", "Be brief.")

    assert (done.code, done.stderr) == (
        2,
        f"error: --system is for chat, and {files.prompts} has text completions\n"
        "hint: --chat sends each line as what a user says\n",
    )
    assert simulator.journal == []


async def test_a_file_without_lines_is_of_no_kind(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """A pipeline that has no rows today goes on with conversations tomorrow."""
    line = {"messages": [user("One")]}
    codes: list[int | None] = []
    for lines in ([], [line], [], [line]):
        files.write(*lines)
        codes.append((await files.map(invoke)).code)

    assert codes == [0, 0, 0, 0]
    assert (len(simulator.journal), files.answers()[0]["replayed"]) == (1, True)


@pytest.mark.parametrize("chat_first", [True, False])
async def test_a_journal_is_of_one_kind(
    simulator: Simulator, invoke: Invoke, files: Files, chat_first: bool
) -> None:
    """The message names the kinds rather than addresses."""
    kinds = ["text completions", "chat"]
    options: list[list[str]] = [[], ["--chat"]]
    if chat_first:
        kinds.reverse()
        options.reverse()

    files.write("One")
    await files.map(invoke, *options[0])
    done = await files.map(invoke, *options[1])

    assert done.code == 2
    assert f": its requests were {kinds[0]} and are {kinds[1]}: go on" in done.stderr
    assert len(simulator.journal) == 1


async def test_another_system_message_is_another_run(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """As with any option of the requests: nothing is paid for again without a word."""
    files.write("One")
    first = await files.map(invoke, "--chat", "--system", "Be brief.")
    again = await files.map(invoke, "--chat", "--system", "Be brief.")
    other = await files.map(invoke, "--chat", "--system", "Be long.")
    none = await files.map(invoke, "--chat")
    fresh = await files.map(invoke, "--chat", "--system", "Be long.", "--fresh")

    assert [each.code for each in (first, again, other, none, fresh)] == [0, 0, 2, 2, 0]
    assert len(simulator.journal) == 2
    assert set(simulator.journal[0].params) == {"messages"}
    assert ': --system was "Be brief." and is "Be long.": go on with' in other.stderr
    assert '--system was "Be brief." and is not given' in none.stderr


async def test_an_array_is_not_advised_to_be_a_prompt(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """`--chat` would refuse that."""
    files.write([])

    done = await files.map(invoke, "--chat")

    assert 'messages go into {"messages": [...]}\n' in done.stderr
