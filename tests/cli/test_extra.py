"""`--extra` and `--send`: what they refuse, and what is sent unknown."""

from __future__ import annotations

import pytest

from openrouter_async.testing import Simulator
from tests.cli.answers import Files
from tests.cli.conftest import Invoke


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ('{"temprature": 1}', "`temprature`; did you mean `temperature`?"),
        ('{"max_retries": 1}', "`max_retries`; there is --retries"),
        ('{"timeout": 1}', "`timeout`; there is --timeout"),
        ('{"retry": 1}', "`retry`; there is --retries"),
        ('{"extra_headers": {}}', "`extra_headers`; it is no request field"),
        ('{"parse": 1}', "`parse`; it is no request field"),
        ('{"prompt": "other"}', "`prompt`; "),
        ('{"messages": []}', "`messages`; "),
        ('{"stream": true}', "`stream`; "),
    ],
)
@pytest.mark.parametrize("command", ["chat", "complete", "map"])
async def test_all_commands_refuse_the_same(
    simulator: Simulator,
    invoke: Invoke,
    files: Files,
    command: str,
    members: str,
    told: str,
) -> None:
    """Options, what the command makes itself, and slips."""
    files.write("One")
    words = files.command if command == "map" else (command, "Hi")

    done = await invoke(*words, "--extra", members)

    assert (done.code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: --extra must not hold {told}")
    assert simulator.journal == []


@pytest.mark.parametrize("name", ["inputs", "self", "novel"])
@pytest.mark.parametrize("command", ["chat", "complete", "map"])
async def test_all_commands_send_what_is_not_known(
    simulator: Simulator, invoke: Invoke, files: Files, command: str, name: str
) -> None:
    """Whatever it is called in Python."""
    files.write("One")
    words = files.command if command == "map" else (command, "Hi")

    done = await invoke(*words, "--extra", f'{{"{name}": 1}}')

    assert (done.code, simulator.journal[0].params[name]) == (0, 1)


async def test_a_line_wins_over_what_is_sent_unknown(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """As it does over known fields."""
    files.write({"prompt": "One", "novel": 2})

    done = await files.map(invoke, "--send=novel", '--extra={"novel": 1, "more": 1}')
    params = simulator.journal[0].params

    assert (done.code, params) == (0, {"prompt": "One", "novel": 2, "more": 1})


async def test_what_is_named_is_sent_although_it_looks_like_a_slip(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """The line that refuses it says how, and what was likely meant."""
    files.write({"prompt": "One", "max_token": 2})

    refused = await files.map(invoke)
    done = await files.map(invoke, "--send", "max_token")

    assert refused.code == 2
    told = "no request fields: `max_token` (did you mean `max_tokens`?)\n"
    assert told in refused.stderr
    assert "--send max_token sends them" in refused.stderr
    assert (done.code, simulator.journal[0].params["max_token"]) == (0, 2)


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ("", "not JSON: it is empty"),
        ("[1]", "it is an array"),
        ('{"seed": 1, "seed": 2}', "`seed` is there twice; which of them is meant?"),
    ],
)
async def test_what_is_no_object_is_refused(
    simulator: Simulator, invoke: Invoke, members: str, told: str
) -> None:
    """In words that are true."""
    done = await invoke("chat", "Hi", "--extra", members)

    assert done.code == 2
    assert done.stderr == f"error: --extra must be a JSON object: {told}\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("chat", "caf\udcff"), "MESSAGE"),
        (("complete", "caf\udcff"), "PROMPT"),
        (("chat", "Hi", "--system", "caf\udcff"), "--system"),
        (("complete", "Hi", "--stop=a", "--stop=caf\udcff"), "--stop"),
        (("models", "caf\udcff"), "SEARCH"),
    ],
)
async def test_words_that_are_not_utf_8_are_named(
    simulator: Simulator, invoke: Invoke, words: tuple[str, ...], told: str
) -> None:
    """Python has halves of surrogate pairs in place of such bytes."""
    done = await invoke(*words)

    assert (done.code, done.stderr) == (2, f"error: {told} is not UTF-8\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--max-tokens", "x"), ", not 'x'\n"),
        (("--temperature=hot",), ", not 'hot'\n"),
        (("--model", ""), "--model is empty\n"),
    ],
)
async def test_a_value_that_is_wrong_is_shown(
    simulator: Simulator, invoke: Invoke, words: tuple[str, ...], told: str
) -> None:
    """Whatever Typer says of it."""
    done = await invoke("chat", "Hi", *words)

    assert done.code == 2
    assert done.stderr.endswith(told)
