"""What is told of an answer that has no text."""

from __future__ import annotations

import pytest

from openrouter_async.testing import Respond, Simulator
from tests.cli.conftest import Invoke


@pytest.mark.parametrize("command", ["chat", "complete"])
async def test_an_answer_of_nothing_is_told(
    simulator: Simulator, invoke: Invoke, command: str
) -> None:
    """Silence would look like an answer."""
    choice: dict[str, object] = {
        "index": 0,
        "text": "",
        "finish_reason": "content_filter",
    }
    if command == "chat":
        choice["message"] = {"role": "assistant", "content": ""}

    simulator.script(Respond(body={"id": "a", "choices": [choice]}))

    done = await invoke(command, "Hi", "--no-stream")

    assert (done.code, done.stdout) == (0, "")
    assert done.stderr == "the answer has no text (finish_reason: content_filter)\n"


@pytest.mark.parametrize("command", ["chat", "complete"])
async def test_an_answer_without_choices_is_told(
    simulator: Simulator, invoke: Invoke, command: str
) -> None:
    """The same, but in JSON: there it is to be seen."""
    for _ in range(2):
        simulator.script(Respond(body={"id": "a", "choices": []}))

    done = await invoke(command, "Hi", "--no-stream")
    as_json = await invoke(command, "Hi", "--json", "--no-stream")

    assert (done.stdout, done.stderr) == ("", "the answer has no choices\n")
    assert (as_json.code, as_json.stderr) == (0, "")
