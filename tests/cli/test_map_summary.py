"""`openrouter-async map` in this process: what it says in the end, and why it stops."""

from __future__ import annotations

import json

import pytest

from openrouter_async.testing import Fail, Hang, Respond, Simulator
from tests.cli.answers import Files, range_of_prompts, read_lines, rows
from tests.cli.conftest import Invoke
from tests.cli.processes import Ended


@pytest.fixture(autouse=True)
def two_prompts(files: Files) -> None:
    """Two prompts are there, unless a test writes others."""
    files.write("One", "Two")


def summary(done: Ended) -> dict[str, object]:
    """Read the object that `--json` writes."""
    found: dict[str, object] = json.loads(done.stdout)
    return found


async def test_many_kinds_of_failures_are_counted(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """The most frequent ones come first; only some are told."""
    files.write(*range_of_prompts(14))
    simulator.script(Fail(400, times=3), *(Fail(430 + n) for n in range(10)))

    done = await files.map(invoke, "--max-in-flight=1", "--retries=0")

    told = done.stderr.splitlines()
    first = told.index("failed      13")
    assert told[first + 1].startswith("            3 x BadRequestError 400: ")
    assert told[first + 9] == "            3 more kinds"


async def test_the_summary_says_what_there_is(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """A row each; nothing of what did not happen."""
    done = await files.map(invoke)
    told = rows(done.stderr)

    assert [*told] == [
        *("answered", "requests", "tokens", "cost", "time", "answers", "journal")
    ]
    assert told["answered"] == "2 of 2"
    assert told["requests"] == "2, 0 refused by a limit"
    assert told["answers"] == str(files.output)
    assert told["journal"] == str(files.journal)


async def test_quiet_says_nothing_if_all_is_well(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """Answers are written all the same."""
    done = await files.map(invoke, "--quiet")

    assert (done.code, done.stdout, done.stderr) == (0, "", "")
    assert files.numbers() == [1, 2]


async def test_quiet_says_what_is_left(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """In a line, and how to go on in another."""
    simulator.script(Fail(400))

    done = await files.map(invoke, "--quiet")

    assert (done.code, done.stderr.splitlines()) == (
        1,
        [
            "error: 1 of 2 prompts answered, 1 failed",
            f"to go on: openrouter-async map {files.prompts} -o {files.output} --quiet",
        ],
    )


async def test_json_sums_up_for_programs(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """One object on standard output, and no rows."""
    simulator.script(Fail(400))

    done = await files.map(invoke, "--json", "--max-in-flight=1")
    told = summary(done)
    some = (
        *("total", "answered", "replayed", "failed", "not_sent", "skipped"),
        *("failures", "cause", "interrupted", "requests", "refused", "exit_code"),
    )

    assert (done.code, done.stderr) == (1, "")
    assert [told[name] for name in some] == [
        *(2, 1, 0, 1, 0, 0),
        *({"BadRequestError 400": 1}, None, False, 2, 0, 1),
    ]
    assert (told["output"], told["journal"]) == (str(files.output), str(files.journal))


async def test_answers_can_go_to_standard_output(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """Alone; what is said goes to standard error, and there is no journal."""
    done = await invoke("map", str(files.prompts), "-o", "-", "--json", "--ordered")
    told = json.loads(done.stderr)

    assert [line["line"] for line in read_lines(done.stdout)] == [1, 2]
    assert (told["output"], told["journal"], told["resume"]) == ("-", None, None)
    assert [each.name for each in files.folder.iterdir()] == ["prompts.jsonl"]


async def test_a_key_that_is_wrong_stops_the_run(
    simulator: Simulator, invoke: Invoke, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cause has a line, its hint another; what was not sent has no answer."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-v1-wrong")
    files.write(*range_of_prompts(50))

    done = await files.map(invoke, "--max-in-flight=1", "--json")
    told = summary(done)
    shown = await files.map(invoke, "--max-in-flight=1")

    assert (done.code, told["failed"], told["not_sent"]) == (1, 1, 49)
    assert told["cause"] == {
        "class": "AuthenticationError",
        "message": "401: User not found",
    }
    assert files.numbers() == [1]
    assert shown.stderr.splitlines()[-3:] == [
        "error: 401: User not found",
        "hint: Check the key: OPENROUTER_API_KEY",
        f"to go on: openrouter-async {' '.join(files.command)} --max-in-flight=1",
    ]
    assert "sk-or-v1" not in done.stdout + shown.stderr + files.output.read_text()


async def test_the_budget_stops_the_run_in_the_words_of_its_option(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """It is per run: the same command goes on with a budget of its own."""
    files.write(*range_of_prompts(20))
    options = ("--max-cost=0.00003", "--max-tokens=2")

    first = await files.map(invoke, *options)
    answered = len(files.answers())
    second = await files.map(invoke, *options)

    assert (first.code, second.code) == (1, 1)
    assert " of --max-cost=$0.000030 are spent, and one more" in first.stderr
    assert "\nhint: raise --max-cost, or run the same command again" in first.stderr
    assert 0 < answered < len(files.answers()) < 20


async def test_a_pause_that_is_too_long_is_told_in_the_words_of_its_option(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """`inf` would wait."""
    simulator.script(Fail(429, retry_after=3600, times=None))

    done = await files.map(invoke, "--max-pause", "5")

    assert done.code == 1
    assert "asks to wait 3,600 s, more than --max-pause (5 s)" in done.stderr
    assert "`--max-pause inf` waits however long it takes" in done.stderr


async def test_a_server_that_is_not_there_is_named(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """With what sets its address."""
    done = await files.map(invoke, "--base-url=http://127.0.0.1:1", "--retries=0")

    assert done.code == 1
    assert "2 x APIConnectionError: no connection to 127.0.0.1:1" in done.stderr
    assert (
        "\nhint: the base URL is http://127.0.0.1:1; see OPENROUTER_BASE_URL and"
        " --base-url\n"
    ) in done.stderr


async def test_a_spent_retry_budget_is_told_without_names_of_python(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """And a server that is not there is named all the same."""
    files.write(*range_of_prompts(60))
    options = ("--base-url=http://127.0.0.1:1", "--max-in-flight=60", "--retries=9")

    done = await files.map(invoke, *options, "--timeout=5")

    hint = next(x for x in done.stderr.splitlines() if x.startswith("hint: "))
    assert hint.startswith("hint: the base URL is http://127.0.0.1:1; see OPENROUTER")
    assert hint.endswith(
        "so many requests failed that not all of them were tried again"
    )
    assert "RetryPolicy" not in done.stderr


async def test_kinds_are_bounded(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """A server may have a code of its own for each error."""
    files.write(*range_of_prompts(110))
    simulator.script(
        *(
            Respond(400, {"error": {"message": "No", "code": f"c{n}"}})
            for n in range(110)
        )
    )

    done = await files.map(invoke, "--json", "--retries=0")
    failures = json.loads(done.stdout)["failures"]

    assert (len(failures), failures["others"]) == (101, 10)


async def test_a_timeout_is_told_in_the_words_of_its_option(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """As `chat` tells it."""
    files.write("One")
    simulator.script(Hang())

    done = await files.map(invoke, "--timeout=0.2", "--retries=0")

    assert done.code == 1
    assert "1 x APITimeoutError: " in done.stderr
    assert "(--timeout)" in done.stderr
    assert "Timeout.total" not in done.stderr
