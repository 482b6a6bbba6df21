"""`openrouter-async map` in this process: what it sends, writes and says."""

from __future__ import annotations

import pytest

from openrouter_async.testing import Cut, Fail, FailInside, Respond, Simulator, Text
from tests.cli.answers import Files, range_of_prompts, rows
from tests.cli.conftest import Invoke


@pytest.fixture(autouse=True)
def two_prompts(files: Files) -> None:
    """Two prompts are there, unless a test writes others."""
    files.write("One", "Two")


async def test_each_prompt_has_a_line(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """It holds the prompt, the text, what it took, and no error."""
    simulator.script(Text("Hi."))
    files.write("Say hi")

    done = await files.map(invoke, "--model", "a/b")
    (answer,) = files.answers()

    assert (done.code, done.stdout) == (0, "")
    assert answer["generation_id"].startswith("gen-")
    assert answer["cost"] > 0
    assert {
        name: answer[name] for name in answer.keys() - {"generation_id", "cost"}
    } == {
        "line": 1,
        "input": "Say hi",
        "text": "Hi.",
        "finish_reason": "stop",
        "model": "a/b",
        "prompt_tokens": 2,
        "completion_tokens": 2,
        "attempts": 1,
        "replayed": False,
        "error": None,
    }


async def test_options_become_members_of_each_request(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """They are those of `complete`; `--extra` wins over them."""
    options = (
        *("-m", "openai/gpt-4o", "--max-tokens", "9", "--temperature", "0.5"),
        *("--top-p", "0.9", "-n", "2", "--stop", "END", "--seed", "7"),
        *("--logprobs", "2", "--suffix", "!", "--echo"),
        *("--provider", '{"order": ["a"]}', "--extra", '{"x": [1], "seed": 8}'),
    )

    done = await files.map(invoke, *options)
    first, second = [dict(record.params) for record in simulator.journal]

    assert done.code == 0
    assert {first.pop("prompt"), second.pop("prompt")} == {"One", "Two"}
    assert first == second
    assert first == {
        "model": "openai/gpt-4o",
        "max_tokens": 9,
        "temperature": 0.5,
        "top_p": 0.9,
        "n": 2,
        "stop": ["END"],
        "seed": 8,
        "logprobs": 2,
        "suffix": "!",
        "echo": True,
        "provider": {"order": ["a"]},
        "x": [1],
    }


async def test_members_of_a_line_win(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """Over options, and over `--extra`."""
    files.write({"prompt": "One", "max_tokens": 1, "top_k": 3})

    await files.map(invoke, "--max-tokens=9", "--extra", '{"top_k": 40}')

    assert simulator.journal[0].params == {
        "prompt": "One",
        "max_tokens": 1,
        "top_k": 3,
    }


async def test_several_choices_are_all_there(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """`text` is the first of `texts`."""
    files.write("One")

    await files.map(invoke, "-n", "3", "--max-tokens=2")
    (answer,) = files.answers()

    assert len(answer["texts"]) == 3
    assert answer["text"] == answer["texts"][0]


async def test_full_lines_hold_the_answer_as_received(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """Members included that are not typed, in one line."""
    body = b'\n {"id": "gen-1",\n "novel": 1.50,\n "choices": [{"text": "Hi"}]}\n'
    simulator.script(Respond(body=body))
    files.write("One")

    await files.map(invoke, "--full")

    (line,) = files.output.read_text().splitlines()
    assert line.endswith(
        '"answer":{"id": "gen-1",  "novel": 1.50,  "choices": [{"text": "Hi"}]}}'
    )


async def test_full_lines_are_json_whatever_was_received(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """What could be read is written, an answer that failed is null."""
    simulator.script(
        Respond(body=b'\xef\xbb\xbf{"x": NaN, "choices": [{"text": "\xff"}]}'),
        Fail(400),
    )

    await files.map(invoke, "--full", "--max-in-flight=1", "--no-journal")
    first, second = files.answers()

    assert first["answer"] == {"x": None, "choices": [{"text": "\ufffd"}]}
    assert second["answer"] is None


async def test_an_answer_may_say_little(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """What is not known is null."""
    simulator.script(Respond(body={"choices": []}))
    files.write("One")

    done = await files.map(invoke)
    (answer,) = files.answers()

    assert done.code == 0
    assert (answer["text"], answer["finish_reason"], answer["cost"]) == ("", None, None)


async def test_a_failed_item_has_a_line_with_its_error(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """The exit code is 1, and the summary tells failures by kind."""
    simulator.script(
        Fail(400, "Not this one"), when=lambda asked: asked.params["prompt"] == "Two"
    )

    done = await files.map(invoke, "--ordered")
    first, second = files.answers()

    assert done.code == 1
    assert first["error"] is None
    assert (second["line"], second["text"]) == (2, None)
    assert second["error"] == {
        "class": "BadRequestError",
        "message": "Not this one",
        "code": 400,
        "status": 400,
        "provider": None,
        "retryable": False,
        "maybe_billed": False,
        "partial_text": None,
    }
    told = rows(done.stderr)
    assert (told["answered"], told["failed"]) == ("1 of 2", "1")
    assert "\n            1 x BadRequestError 400: Not this one\n" in done.stderr


async def test_text_before_an_error_is_kept(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """It is no answer, so it is with the error."""
    simulator.script(FailInside(400, at="choice", after_tokens=2))
    files.write("Say hi")

    await files.map(invoke)
    (answer,) = files.answers()

    assert answer["text"] is None
    assert len(answer["error"]["partial_text"].split()) == 2


async def test_ordered_answers_are_in_the_prompts_order(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """Whatever order they arrive in."""
    files.write(*range_of_prompts(40))

    await files.map(invoke, "--ordered", "--max-in-flight=8")

    assert [answer["line"] for answer in files.answers()] == [*range(1, 41)]


async def test_refused_requests_go_again(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """They are no failures, and are counted."""
    simulator.script(Fail(429, retry_after=0.001, times=2))

    done = await files.map(invoke, "--retries=0", "--max-pause=inf")

    assert done.code == 0
    assert rows(done.stderr)["requests"] == "4, 2 refused by a limit"


async def test_retries_and_timeout_reach_the_client(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """`--retries` counts attempts after the first, `--timeout` bounds all of them."""
    files.write("One")
    simulator.script(Cut(times=2))
    await files.map(invoke, "--retries=1", "--timeout=30")
    (failed,) = files.answers()
    simulator.script(Fail(503, retry_after=30))
    waited = await files.map(invoke, "--timeout=5", "--no-journal", "--fresh")

    assert (failed["attempts"], len(simulator.journal)) == (2, 3)
    assert waited.code == 1


@pytest.mark.parametrize(
    ("options", "stderr"),
    [
        (["--extra={"], "error: --extra must be a JSON object: "),
        (['--extra={"stream": true}'], "error: --extra must not hold `stream`; whole"),
        (['--extra={"prompt": "x"}'], "error: --extra must not hold `prompt`; each"),
        (["--provider=[1]"], "error: --provider must be a JSON object: "),
        (["--max-cost=-1"], "error: --max-cost must be USD >= 0"),
        (["--max-pause=-1"], "error: --max-pause must be seconds >= 0"),
        (["--max-in-flight=0"], "error: invalid value for '--max-in-flight': "),
        (["--requests-per-minute=0"], "error: --requests-per-minute must be above 0\n"),
        (["--tokens-per-minute=-1"], "error: --tokens-per-minute must be "),
        (["--timeout=-1"], "error: --timeout must be a number"),
        (["--base-url=ftp://x"], "error: the base URL must be an http"),
        (["--journal=j", "--no-journal"], "error: --journal and --no-journal exclude"),
        (["--keep=prompt"], "error: --keep must not name `prompt`"),
        (["--model="], "error: --model is empty\n"),
        (["--journal=-"], "error: --journal must name a file"),
        (["--format=txt", "--keep=a"], "error: --keep is for JSON lines"),
        (["--format=txt", "--send=a"], "error: --send is for JSON lines"),
        (["--system=caf\udcff"], "error: --system is not UTF-8\n"),
        (["--max-cost=nan"], "error: --max-cost must be USD >= 0; not nan\n"),
        (["--max-tokens=x"], "error: invalid value for '--max-tokens': "),
        (["--keep=a,b", "--send=b"], "error: --keep and --send both name b\n"),
        (["--format=csv"], "error: invalid value for '--format': "),
        (["--journal=/nowhere/j"], "error: /nowhere/j cannot be written: No such file"),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(value),
)
async def test_wrong_options_have_a_line(
    simulator: Simulator,
    invoke: Invoke,
    files: Files,
    options: list[str],
    stderr: str,
) -> None:
    """The exit code is 2, nothing is sent, and no answers are begun."""
    done = await files.map(invoke, *options)

    assert (done.code, done.stdout, done.stderr[: len(stderr)]) == (2, "", stderr)
    assert simulator.journal == []
    assert not files.output.exists()


async def test_without_a_key_nothing_is_read(
    simulator: Simulator, invoke: Invoke, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has a long file learns of it before it is checked."""
    monkeypatch.delenv("OPENROUTER_API_KEY")
    files.prompts.write_text("bad")

    done = await files.map(invoke)

    assert done.code == 2
    assert done.stderr.startswith("error: there is no API key\n")


async def test_known_limits_are_kept(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """The second request waits for its place in the minute."""
    done = await files.map(
        invoke, "--requests-per-minute=600", "--tokens-per-minute=1e9"
    )
    first, second = sorted(record.received_at for record in simulator.journal)

    assert done.code == 0
    assert second - first >= 0.09


async def test_a_folder_that_is_not_there_is_a_folder(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """Its journal would be named `.journal`."""
    done = await invoke("map", str(files.prompts), "-o", f"{files.folder}/new/")

    assert done.code == 2
    assert done.stderr == f"error: {files.folder}/new/ is a folder: name a file\n"
