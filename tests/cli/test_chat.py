"""`openrouter-async chat` in this process, against a simulator."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from openrouter_async.testing import (
    Cut,
    Fail,
    FailInside,
    Respond,
    Simulator,
    Text,
    ToolCall,
    ToolCalls,
)
from tests.cli.conftest import Invoke

BOTH_WAYS = pytest.mark.parametrize("way", ["--stream", "--no-stream"])


def user(content: object) -> dict[str, object]:
    """Return what a user says as a message."""
    return {"role": "user", "content": content}


@BOTH_WAYS
async def test_stdout_is_the_text_alone(
    simulator: Simulator, invoke: Invoke, way: str
) -> None:
    """One newline ends it, and nothing is said beside it to a pipe."""
    simulator.script(Text("Once upon\na time", reasoning="They want a story."))

    done = await invoke("chat", "Tell me", way)

    assert (done.code, done.stdout, done.stderr) == (0, "Once upon\na time\n", "")
    assert simulator.journal[0].path.endswith("/chat/completions")


async def test_options_become_members_of_the_request(
    simulator: Simulator, invoke: Invoke
) -> None:
    """What is given is sent by the name that chat has for it, and nothing else."""
    options = (
        *("--system", "Be brief.", "--model", "openai/gpt-4o", "--max-tokens", "9"),
        *("--temperature", "0.5", "--top-p", "0.9", "-n", "2", "--stop", "END"),
        *("--seed", "7", "--logprobs", "2", "--provider", '{"order": ["a"]}'),
        *("--extra", '{"reasoning": {"effort": "low"}, "seed": 8}'),
    )

    done = await invoke("chat", "Say hi", *options)

    assert done.code == 0
    assert simulator.journal[0].params == {
        "messages": [{"role": "system", "content": "Be brief."}, user("Say hi")],
        "model": "openai/gpt-4o",
        "max_tokens": 9,
        "temperature": 0.5,
        "top_p": 0.9,
        "n": 2,
        "stop": ["END"],
        "seed": 8,
        "logprobs": True,
        "top_logprobs": 2,
        "provider": {"order": ["a"]},
        "reasoning": {"effort": "low"},
    }


@pytest.mark.parametrize("source", ["argument", "stdin", "file"])
async def test_a_message_is_read_unchanged(
    simulator: Simulator, invoke: Invoke, tmp_path: Path, source: str
) -> None:
    """It is all that is sent where nothing else is given."""
    message = "Ein Café\nin Kraków\n"
    file = tmp_path / "message.txt"
    file.write_bytes(message.encode())
    argument = {"argument": message, "stdin": "-", "file": f"--file={file}"}[source]

    done = await invoke("chat", argument, stdin=message.encode())

    assert done.code == 0
    assert simulator.journal[0].params == {"messages": [user(message)]}


@BOTH_WAYS
async def test_reasoning_is_shown_on_demand(
    simulator: Simulator, invoke: Invoke, way: str
) -> None:
    """It goes to standard error, in a line of its own."""
    simulator.script(Text("42", reasoning="Six times\nseven."))

    done = await invoke("chat", "What is it?", "--show-reasoning", way)

    assert (done.stdout, done.stderr) == ("42\n", "Six times\nseven.\n")


@pytest.mark.parametrize("ways", [(), ("--stream",)], ids=["whole", "streamed"])
async def test_reasoning_is_no_part_of_json_lines(
    simulator: Simulator, invoke: Invoke, ways: tuple[str, ...]
) -> None:
    """Standard output stays JSON."""
    simulator.script(Text("42", reasoning="Six times seven."))

    done = await invoke("chat", "What is it?", "--show-reasoning", "--json", *ways)

    assert [json.loads(line) for line in done.stdout.splitlines()]
    assert done.stderr == "Six times seven.\n"


@BOTH_WAYS
@pytest.mark.parametrize(
    ("answer", "stderr"),
    [
        (
            ToolCalls(
                ToolCall("weather", {"city": "Brest"}), ToolCall("time", "{}"), text=""
            ),
            'tool call: weather({"city":"Brest"})\ntool call: time({})\n',
        ),
        (Text("", refusal="I will not."), "refusal: I will not.\n"),
        (
            Text("", finish_reason="length", reasoning="Let me think"),
            "the answer has no text (finish_reason: length)\n",
        ),
        (
            Text(
                "",
                images=["data:image/png;base64,AA=="],
                annotations=[{"type": "url_citation"}] * 2,
            ),
            "not shown: 1 image, 2 annotations; --json prints all of it\n",
        ),
    ],
    ids=["tools", "refusal", "nothing", "media"],
)
async def test_what_is_not_text_is_told(
    simulator: Simulator,
    invoke: Invoke,
    way: str,
    answer: Text | ToolCalls,
    stderr: str,
) -> None:
    """An answer that is empty on standard output has its reason on the other."""
    simulator.script(answer)

    done = await invoke("chat", "Go on", way)

    assert (done.code, done.stdout.strip(), done.stderr) == (0, "", stderr)


async def test_json_says_all_by_itself(simulator: Simulator, invoke: Invoke) -> None:
    """One document in one line, as it was received; nothing is told beside it."""
    body = b'\n {"id": "gen-1",\n "novel": 1.50,\n "choices": []}\n'
    simulator.script(Respond(body=body))

    done = await invoke("chat", "Say hi", "--json")

    assert done.stdout == body.strip().replace(b"\n", b" ").decode() + "\n"
    assert done.stderr == ""


async def test_streamed_json_is_a_line_per_chunk(
    simulator: Simulator, invoke: Invoke
) -> None:
    """The texts of the chunks make up the answer; usage comes last."""
    done = await invoke("chat", "Say hi", "--json", "--stream")
    plain = await invoke("chat", "Say hi")
    chunks = [json.loads(line) for line in done.stdout.splitlines()]
    texts = [each["delta"]["content"] for one in chunks for each in one["choices"]]

    assert "".join(texts) + "\n" == plain.stdout
    assert chunks[-1]["usage"]["completion_tokens"] > 0


@BOTH_WAYS
async def test_choices_are_apart(
    simulator: Simulator, invoke: Invoke, way: str
) -> None:
    """Each has lines of its own, with an empty line between."""
    simulator.script(Text("Same"))

    assert (await invoke("chat", "Tell", "--n", "2", way)).stdout == "Same\n\nSame\n"


@BOTH_WAYS
async def test_verbose_says_what_it_took(
    simulator: Simulator, invoke: Invoke, way: str
) -> None:
    """Attempts that failed, tokens, cost and where the answer came from."""
    simulator.script(Fail(503, retry_after=0.001))

    done = await invoke("chat", "Say hi", "--verbose", "--max-tokens=4", way)
    first, second = done.stderr.splitlines()

    assert first.startswith("attempt 1 failed after 0.0")
    assert " + 4 tokens, $0.0000" in second
    assert ", 2 attempts, 0." in second


@pytest.mark.parametrize(
    ("way", "fault"),
    [
        ("--stream", Cut(after_tokens=2)),
        ("--no-stream", FailInside(400, at="choice", after_tokens=2)),
    ],
    ids=["streamed", "plain"],
)
async def test_what_came_before_an_error_is_printed(
    simulator: Simulator, invoke: Invoke, way: str, fault: Cut | FailInside
) -> None:
    """Text stays on standard output, the error follows on standard error."""
    whole = await invoke("chat", "Say hi")
    simulator.script(fault)

    done = await invoke("chat", "Say hi", way, "--retries=0")

    assert (done.code, len(done.stdout.split())) == (1, 2)
    assert whole.stdout.startswith(done.stdout.removesuffix("\n"))
    assert done.stderr.startswith("error: ")


@pytest.mark.parametrize(
    ("arguments", "code", "stderr"),
    [
        (["x", "--n=0"], 1, "error: 400: n: 0 is less than the minimum of 1\n"),
        ([], 2, "error: give one message: as argument, - (stdin), or --file\n"),
        ([""], 2, "error: the message is empty\n"),
        (["-"], 2, "error: the message is empty: standard input holds nothing\n"),
        (["x", "--system="], 2, "error: --system is empty\n"),
        (["x", "--suffix=y"], 2, "error: no such option: --suffix\n"),
        (["x", '--extra={"stream": true}'], 2, "error: --extra must not hold `stream`"),
        (
            ["x", '--extra={"messages": []}'],
            2,
            "error: --extra must not hold `messages`; MESSAGE and --system make them,"
            " and `openrouter-async map` sends whole conversations\n",
        ),
        (
            ["x", '--extra={"prompt": "y"}'],
            2,
            "error: --extra must not hold `prompt`; `openrouter-async complete` sends"
            " prompts\n",
        ),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(value),
)
@pytest.mark.usefixtures("simulator")
async def test_errors_have_a_line_and_a_code(
    invoke: Invoke, arguments: list[str], code: int, stderr: str
) -> None:
    """1 is for what the API or the network did, 2 for what the caller did."""
    done = await invoke("chat", *arguments)

    assert (done.code, done.stdout, done.stderr[: len(stderr)]) == (code, "", stderr)
    assert len(done.stderr.splitlines()) == 1
