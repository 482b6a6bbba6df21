"""`openrouter-async complete` in this process, against a simulator."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from openrouter_async.testing import (
    Cut,
    Fail,
    FailInside,
    Hang,
    Respond,
    Simulator,
    Text,
)
from tests.cli.conftest import Invoke

BOTH_WAYS = pytest.mark.parametrize("way", ["--stream", "--no-stream"])


@BOTH_WAYS
async def test_stdout_is_the_text_alone(
    simulator: Simulator, invoke: Invoke, way: str
) -> None:
    """One newline ends it, and nothing is said beside it to a pipe."""
    simulator.script(Text("Once upon\na time"))

    done = await invoke("complete", "Tell me", way)

    assert (done.code, done.stdout, done.stderr) == (0, "Once upon\na time\n", "")


async def test_a_text_that_ends_its_line_gets_no_other_newline(
    simulator: Simulator, invoke: Invoke
) -> None:
    """What ends with a newline is printed as it is."""
    simulator.script(Text("Done.\n"))

    assert (await invoke("complete", "Tell me")).stdout == "Done.\n"


async def test_a_pipe_gets_the_text_as_it_is(
    simulator: Simulator, invoke: Invoke
) -> None:
    """Control characters are kept away from terminals only."""
    simulator.script(Text("\x1b[2Jgone"))

    assert (await invoke("complete", "Tell me")).stdout == "\x1b[2Jgone\n"


async def test_options_become_members_of_the_request(
    simulator: Simulator, invoke: Invoke
) -> None:
    """What is given is sent by the API's name, and nothing else."""
    options = (
        *("--model", "openai/gpt-4o", "--max-tokens", "9", "--temperature", "0.5"),
        *("--top-p", "0.9", "-n", "2", "--stop", "END", "--stop", "."),
        *("--seed", "7", "--logprobs", "2", "--suffix", "!", "--echo"),
        *("--provider", '{"order": ["a"]}', "--extra", '{"x": [1], "seed": 8}'),
    )

    done = await invoke("complete", "Say hi", *options)

    assert done.code == 0
    assert simulator.journal[0].params == {
        "prompt": "Say hi",
        "model": "openai/gpt-4o",
        "max_tokens": 9,
        "temperature": 0.5,
        "top_p": 0.9,
        "n": 2,
        "stop": ["END", "."],
        "seed": 8,
        "logprobs": 2,
        "suffix": "!",
        "echo": True,
        "provider": {"order": ["a"]},
        "x": [1],
    }


async def test_without_options_only_the_prompt_is_sent(
    simulator: Simulator, invoke: Invoke
) -> None:
    """Defaults are left to the API."""
    await invoke("complete", "Say hi")

    assert simulator.journal[0].params == {"prompt": "Say hi"}


@pytest.mark.parametrize("source", ["stdin", "file"])
async def test_a_prompt_is_read_unchanged(
    simulator: Simulator, invoke: Invoke, tmp_path: Path, source: str
) -> None:
    """Standard input and files are UTF-8; their last newline is part of the prompt."""
    prompt = "Ein Café\nin Kraków\n".encode()
    file = tmp_path / "prompt.txt"
    file.write_bytes(prompt)
    argument = "-" if source == "stdin" else f"--file={file}"

    done = await invoke("complete", argument, stdin=prompt)

    assert done.code == 0
    assert simulator.journal[0].params["prompt"] == prompt.decode()


async def test_an_empty_file_is_no_prompt(
    simulator: Simulator, invoke: Invoke, tmp_path: Path
) -> None:
    """A byte order mark alone is empty as well."""
    file = tmp_path / "prompt.txt"
    file.write_bytes(b"\xef\xbb\xbf")

    done = await invoke("complete", f"--file={file}")

    assert (done.code, done.stderr) == (
        2,
        f"error: the prompt is empty: {file} holds nothing\n",
    )
    assert simulator.journal == []


@pytest.mark.parametrize("stdin", [b"\xff\xfe", "hi".encode("utf-16")])
async def test_a_prompt_that_is_not_utf_8_is_refused(
    simulator: Simulator, invoke: Invoke, stdin: bytes
) -> None:
    """It is not sent."""
    done = await invoke("complete", "-", stdin=stdin)

    assert (done.code, done.stderr) == (
        2,
        "error: standard input is not UTF-8 (byte 0)\n",
    )
    assert simulator.journal == []


@BOTH_WAYS
async def test_choices_are_apart(
    simulator: Simulator, invoke: Invoke, way: str
) -> None:
    """Each has lines of its own, with an empty line between."""
    simulator.script(Text("Same"))

    assert (await invoke("complete", "Tell", "--n", "3", way)).stdout == (
        "Same\n\nSame\n\nSame\n"
    )


async def test_json_is_the_answer_as_received(
    simulator: Simulator, invoke: Invoke
) -> None:
    """One document in one line, members included that are not typed."""
    body = b'\n {"id": "gen-1",\n "novel": 1.50,\n "choices": [{"text": "Hi"}]}\n'
    simulator.script(Respond(body=body))

    done = await invoke("complete", "Say hi", "--json")

    assert done.stdout == body.strip().replace(b"\n", b" ").decode() + "\n"


async def test_streamed_json_is_a_line_per_chunk(
    simulator: Simulator, invoke: Invoke
) -> None:
    """The texts of the chunks make up the answer; usage comes last."""
    done = await invoke("complete", "Say hi", "--json", "--stream")
    plain = await invoke("complete", "Say hi")
    chunks = [msgspec.json.decode(line) for line in done.stdout.splitlines()]
    texts = [choice["text"] for chunk in chunks for choice in chunk["choices"]]

    assert "".join(texts) + "\n" == plain.stdout
    assert chunks[-1]["usage"]["completion_tokens"] > 0


@BOTH_WAYS
async def test_verbose_says_what_it_took(
    simulator: Simulator, invoke: Invoke, way: str
) -> None:
    """Tokens, cost, attempts and where the answer came from, on standard error."""
    simulator.script(Fail(503, retry_after=0.001))

    done = await invoke("complete", "Say hi", "--verbose", "--max-tokens=4", way)
    first, second = done.stderr.splitlines()

    assert first.startswith("attempt 1 failed after 0.0")
    assert "(ServerError 503: No allowed providers" in first
    assert second.startswith("2 + 4 tokens, $0.000007, 2 attempts, 0.")
    assert ", simulator/prose, Simulator, gen-" in second


async def test_usage_may_be_unknown(simulator: Simulator, invoke: Invoke) -> None:
    """An answer without usage or cost is still an answer."""
    simulator.script(
        Respond(body={"choices": [{"text": "Hi"}]}),
        Respond(body={"choices": [{"text": "Hi"}], "usage": {"prompt_tokens": 2}}),
    )

    without = await invoke("complete", "Say hi", "-v")
    partly = await invoke("complete", "Say hi", "-v")

    assert without.stderr.startswith("usage unknown, 1 attempt, ")
    assert partly.stderr.startswith("2 + 0 tokens, 1 attempt, ")


@pytest.mark.parametrize(
    ("arguments", "code", "stderr"),
    [
        (["x", "--n=0"], 1, "error: 400: n: 0 is less than the minimum of 1\n"),
        (
            ["x", "--base-url=http://127.0.0.1:1", "--retries=0"],
            1,
            "error: no connection to 127.0.0.1:1",
        ),
        (["x", "--base-url=ftp://x"], 2, "error: the base URL must be an http"),
        (
            ["x", "--base-url=http://openrouter.invalid"],
            2,
            "error: the base URL http://openrouter.invalid would send the key in the"
            " clear; use https, or --allow-http\n",
        ),
        (["x", "--timeout=inf"], 2, "error: --timeout must be a number"),
        (["x", "--timeout=nan"], 2, "error: --timeout must be a number"),
        (["x", "--timeout=-1"], 2, "error: --timeout must be a number"),
        ([""], 2, "error: the prompt is empty\n"),
        (["-"], 2, "error: the prompt is empty: standard input holds nothing\n"),
        (
            ["x", '--extra={"stream": true}'],
            2,
            "error: --extra must not hold `stream`; use --stream or --no-stream\n",
        ),
        (
            ["x", '--extra={"messages": []}'],
            2,
            "error: --extra must not hold `messages`; `openrouter-async chat` sends"
            " messages\n",
        ),
        ([], 2, "error: give one prompt: as argument, - (stdin), or --file\n"),
        (["x", f"--file={__file__}"], 2, "error: give one prompt: as argument"),
        (["x", "--provider=[1]"], 2, "error: --provider must be a JSON object: "),
        (["x", "--extra={"], 2, "error: --extra must be a JSON object: "),
        (["x", "--retries=-1"], 2, "error: invalid value for '--retries': "),
        (["x", "--file=/nowhere"], 2, "error: invalid value for '--file': "),
        (["x", "--unknown"], 2, "error: no such option: --unknown\n"),
        (["x", "y"], 2, "error: "),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(value),
)
@pytest.mark.usefixtures("simulator")
async def test_errors_have_a_line_and_a_code(
    invoke: Invoke, arguments: list[str], code: int, stderr: str
) -> None:
    """1 is for what the API or the network did, 2 for what the caller did."""
    done = await invoke("complete", *arguments)

    assert (done.code, done.stdout, done.stderr[: len(stderr)]) == (code, "", stderr)
    assert sum(line.startswith("error: ") for line in done.stderr.splitlines()) == 1
    assert "\n" not in done.stderr.split("\nhint: ")[0].removesuffix("\n")


async def test_a_hint_has_a_line_of_its_own(
    simulator: Simulator, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error's line does not repeat it."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "wrong")

    done = await invoke("complete", "Say hi")

    assert (done.code, done.stderr.splitlines()) == (
        1,
        [
            "error: 401: User not found",
            "hint: Check the key: OPENROUTER_API_KEY",
        ],
    )


@pytest.mark.parametrize(
    ("wrong", "status"),
    [("", 404), ("http://127.0.0.1:1/api", None)],
    ids=["path", "port"],
)
async def test_a_wrong_base_url_is_named(
    simulator: Simulator, invoke: Invoke, wrong: str, status: int | None
) -> None:
    """What is not OpenRouter's 404 and what cannot be reached have a hint."""
    page = b"<title>404 Not Found</title>"
    simulator.script(Respond(404, page, {"Content-Type": "text/html"}))
    url = wrong or simulator.base_url

    done = await invoke("complete", "Say hi", f"--base-url={url}", "--retries=0")

    assert done.code == 1
    assert done.stderr.startswith("error: 404 " if status else "error: no connection")
    assert done.stderr.endswith(
        f"\nhint: the base URL is {url}; see OPENROUTER_BASE_URL and --base-url\n"
    )


@pytest.mark.parametrize(
    "fault",
    [Fail(404, "No such model"), Cut(), Fail(500), Hang()],
    ids=["404", "cut", "500", "timeout"],
)
async def test_what_the_api_says_has_no_hint_at_the_base_url(
    simulator: Simulator, invoke: Invoke, fault: Fail | Cut | Hang
) -> None:
    """It was the API that was asked."""
    simulator.script(fault)

    done = await invoke(
        "complete", "Say hi", "--retries=0", "--stream", "--timeout=0.5"
    )

    assert done.code == 1
    assert "base URL" not in done.stderr


async def test_http_is_permitted_on_demand(
    simulator: Simulator, invoke: Invoke
) -> None:
    """`--allow-http` lets an address be asked that is not loopback; nobody is there."""
    url = "http://0.0.0.0:1"

    done = await invoke(
        *("complete", "x", "--retries=0", "--allow-http", f"--base-url={url}")
    )

    assert done.code == 1
    assert done.stderr.startswith("error: no connection to 0.0.0.0:1")


@BOTH_WAYS
async def test_verbose_tells_the_attempts_before_an_error(
    simulator: Simulator, invoke: Invoke, way: str
) -> None:
    """They stand before the error's line; without the option nobody asked."""
    simulator.script(Fail(503, "Busy", times=4, retry_after=0.001))
    command = ("complete", "Say hi", "--retries=1", way)

    told = await invoke(*command, "-v")
    quiet = await invoke(*command)
    first, second = told.stderr.splitlines()

    assert (told.code, quiet.code) == (1, 1)
    assert first.startswith("attempt 1 failed after 0.0")
    assert "(ServerError 503: Busy)" in first
    assert second.startswith("error: 503: Busy (after 2 attempts")
    assert len(quiet.stderr.splitlines()) == 1


async def test_without_a_key_nothing_is_sent(
    simulator: Simulator, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hint says what needs none."""
    monkeypatch.delenv("OPENROUTER_API_KEY")

    done = await invoke("complete", "Say hi")

    assert done.code == 2
    assert done.stderr.startswith("error: there is no API key\nhint: set OPENROUTER")
    assert simulator.journal == []


async def test_retries_and_timeout_reach_the_client(
    simulator: Simulator, invoke: Invoke
) -> None:
    """`--retries` counts attempts after the first, `--timeout` bounds all of them."""
    simulator.script(Fail(503, times=2, retry_after=0.001))
    refused = await invoke("complete", "Say hi", "--retries", "1")
    simulator.script(Fail(503, retry_after=30))
    waited = await invoke("complete", "Say hi", "--timeout", "5")

    assert (refused.code, len(simulator.journal)) == (1, 3)
    assert "after 2 attempts" in refused.stderr
    assert waited.code == 1
    assert "\nhint: A wait of 3" in waited.stderr


async def test_a_timeout_is_named_as_the_option_is(
    simulator: Simulator, invoke: Invoke
) -> None:
    """Not as the library's users know it."""
    simulator.script(Hang())

    done = await invoke("complete", "Say hi", "--timeout=0.1")

    assert done.stderr.splitlines()[0].endswith(" 0.1 s (--timeout)")


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
    whole = await invoke("complete", "Say hi")
    simulator.script(fault)

    done = await invoke("complete", "Say hi", way, "--retries=0")

    assert done.code == 1
    assert done.stdout == " ".join(whole.stdout.split(" ")[:3]) + "\n"
    assert done.stderr.startswith("error: ")


async def test_json_prints_no_partial_answer(
    simulator: Simulator, invoke: Invoke
) -> None:
    """Half a document would not be one."""
    simulator.script(FailInside(400, at="choice"))

    done = await invoke("complete", "Say hi", "--json")

    assert (done.code, done.stdout) == (1, "")


async def test_json_of_a_cut_stream_has_the_chunks_that_came(
    simulator: Simulator, invoke: Invoke
) -> None:
    """Each of them is whole."""
    simulator.script(Cut(after_tokens=2))

    done = await invoke("complete", "Say hi", "--json", "--stream")

    assert done.code == 1
    assert len([json.loads(line) for line in done.stdout.splitlines()]) == 2
