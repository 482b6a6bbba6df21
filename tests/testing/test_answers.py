"""Who answers what: envelope, prompts, candidates, models, usage."""

from __future__ import annotations

import math
import re
import subprocess
import sys

import pytest

from openrouter_async.testing import Simulator
from tests.testing.api import Api

ID = re.compile(r"gen-\d{10}-[A-Za-z0-9]{20}")


async def test_the_envelope_is_the_wires(api: Api) -> None:
    """A plain answer has the members that the live service sends, in their order."""
    reply = await api.post(model="openai/gpt-4o-mini")

    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json"
    assert list(reply.json) == [
        "id", "object", "created", "model", "provider", "system_fingerprint",
        "choices", "usage",
    ]  # fmt: skip
    assert ID.fullmatch(reply.json["id"])
    assert reply.json["id"] == reply.headers["X-Generation-Id"]
    assert reply.json["object"] == "chat.completion"
    assert reply.json["model"] == "openai/gpt-4o-mini"
    assert reply.json["system_fingerprint"] == ""
    assert reply.choice == {
        "logprobs": None,
        "finish_reason": "stop",
        "native_finish_reason": "stop",
        "index": 0,
        "text": reply.text,
        "reasoning": None,
    }


async def test_ids_are_unique(api: Api) -> None:
    """Each answer has an id of its own, also when the answers are the same."""
    replies = [await api.post() for _ in range(20)]

    assert len({reply.json["id"] for reply in replies}) == 20


async def test_the_time_is_the_clocks(api: Api) -> None:
    """The creation time is in whole seconds since the epoch and part of the id."""
    async with Simulator(wall_clock=lambda: 1_761_603_589.9) as simulator:
        reply = await Api(simulator, api.session).post()

    assert reply.json["created"] == 1_761_603_589
    assert reply.json["id"].startswith("gen-1761603589-")


async def test_the_same_request_gets_the_same_answer(api: Api) -> None:
    """Simulators agree, on every run."""
    async with Simulator() as other:
        replies = [await api.post(n=3), await Api(other, api.session).post(n=3)]

    first, second = (reply.json["choices"] for reply in replies)
    assert first == second
    assert len({choice["text"] for choice in first}) == 3


def test_answers_do_not_depend_on_the_process() -> None:
    """Another interpreter with another hash seed writes the same text."""
    program = (
        "from openrouter_async.testing.dice import Dice\n"
        "from openrouter_async.testing.prose import compose, topics_of\n"
        "print(ascii(compose(Dice('a', None, 3), topics_of('blue whales'), 4)))"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(texts) == 1
    assert "whales" in texts.pop()


@pytest.mark.parametrize(
    "change",
    [{"prompt": "Tell me about rivers"}, {"seed": 1}, {"model": "a/b"}],
    ids=["prompt", "seed", "model"],
)
async def test_what_decides_the_answer(api: Api, change: dict[str, object]) -> None:
    """Prompt, seed and model change the text."""
    usual = await api.post(n=4)
    changed = await api.post(**{"n": 4, **change})

    texts, others = (
        {choice["text"] for choice in reply.json["choices"]}
        for reply in (usual, changed)
    )
    assert not texts & others


@pytest.mark.parametrize(
    "params",
    [
        {"temperature": 1.7},
        {"top_p": 0.1},
        {"frequency_penalty": 1.0},
        {"presence_penalty": -1.0},
        {"logit_bias": {"5": -100}},
        {"user": "ada"},
        {"metadata": {"a": "b"}},
        {"stream_options": {"include_usage": False}},
        {"response_format": {"type": "text"}},
        {"response_format": {"type": "grammar", "grammar": "root ::= 'a'"}},
        {"provider": {"only": ["x"]}, "transforms": [], "plugins": [], "top_k": 5},
    ],
    ids=lambda params: next(iter(params)),
)
async def test_what_does_not_change_the_answer(
    api: Api, params: dict[str, object]
) -> None:
    """Sampling and routing parameters are accepted, and the text stays."""
    usual, changed = await api.post(), await api.post(**params)

    assert changed.status == 200
    assert changed.text == usual.text


async def test_answers_speak_about_the_prompt(api: Api) -> None:
    """Words of the prompt occur in the text, which goes on after the prompt."""
    texts = [(await api.post(seed=seed)).text for seed in range(30)]

    assert all("lighthouses" in text or "Brittany" in text for text in texts)
    assert all(text.startswith(" ") for text in texts)
    assert not (await api.post("Once upon a time ")).text.startswith(" ")


async def test_some_answers_need_more_than_ascii(api: Api) -> None:
    """Multi-byte characters occur now and then."""
    texts = [(await api.post(seed=seed)).text for seed in range(30)]
    plain = [text for text in texts if text.isascii()]

    assert 0 < len(plain) < 30


PROMPTS: dict[str, tuple[object, list[str], int]] = {
    "text": ("one two", ["one two"], 2),
    "texts": (["one two", "three"], ["one two", "three"], 3),
    "tokens": ([3, 4.0, 5], ["time there was"], 3),
    "token-lists": ([[0], [1, 2]], ["once", "upon a"], 3),
    "empty": ([[]], [""], 0),
}


@pytest.mark.parametrize(
    ("prompt", "texts", "tokens"), PROMPTS.values(), ids=PROMPTS.keys()
)
async def test_prompts_in_four_forms(
    api: Api, prompt: object, texts: list[str], tokens: int
) -> None:
    """Each prompt gets n choices, numbered prompt by prompt."""
    reply = await api.post(prompt, n=2, echo=True, max_tokens=1)
    choices = reply.json["choices"]

    assert [choice["index"] for choice in choices] == list(range(2 * len(texts)))
    assert reply.json["usage"]["prompt_tokens"] == tokens
    for index, choice in enumerate(choices):
        assert choice["text"].startswith(texts[index // 2])


async def test_a_prompt_is_answered_alike_alone_and_among_others(api: Api) -> None:
    """The answer to a prompt does not depend on its place in a list."""
    alone = await api.post("two", n=2)
    among = await api.post(["one", "two"], n=2)

    texts = [choice["text"] for choice in among.json["choices"]]
    assert texts[2:] == [choice["text"] for choice in alone.json["choices"]]


@pytest.mark.parametrize("name", ["n", "best_of"])
async def test_null_counts_as_not_given(api: Api, name: str) -> None:
    """Null stands for the default."""
    reply = await api.post(**{name: None})

    assert len(reply.json["choices"]) == 1


async def test_best_of_counts_all_candidates(api: Api) -> None:
    """The n best of the candidates are returned, the tokens of all are counted."""
    every = await api.post(n=4)
    best = await api.post(n=2, best_of=4)

    texts = [choice["text"] for choice in every.json["choices"]]
    assert [choice["index"] for choice in best.json["choices"]] == [0, 1]
    assert all(choice["text"] in texts for choice in best.json["choices"])
    assert best.json["usage"] == every.json["usage"]


async def test_best_of_empty_texts(api: Api) -> None:
    """Candidates without a token can be compared as well."""
    reply = await api.post(n=1, best_of=3, stop=[chr(code) for code in range(128)])

    assert reply.text == ""
    assert reply.json["usage"]["completion_tokens"] == 0


async def test_best_of_below_n_is_refused(api: Api) -> None:
    """There have to be as many candidates as choices."""
    reply = await api.post(n=3, best_of=2)

    assert reply.status == 400
    assert reply.error["message"].startswith("best_of: ")


@pytest.mark.parametrize(
    ("params", "model"),
    [
        ({}, "simulator/prose"),
        ({"models": []}, "simulator/prose"),
        ({"models": ["a/b", "c/d"]}, "a/b"),
        ({"model": "e/f", "models": ["a/b"]}, "e/f"),
    ],
    ids=["none", "empty", "first-of-models", "model"],
)
async def test_which_model_answers(
    api: Api, params: dict[str, object], model: str
) -> None:
    """The model asked for answers, else the first fallback, else the default."""
    assert (await api.post(**params)).json["model"] == model


async def test_the_default_model_can_be_set(api: Api) -> None:
    """An account has a default model."""
    async with Simulator(default_model="my/default") as simulator:
        reply = await Api(simulator, api.session).post()

    assert reply.json["model"] == "my/default"


@pytest.mark.parametrize(
    ("model", "prompt_price", "completion_price"),
    [("any/thing", 0.5, 1.5), ("openai/gpt-4o", 2.5, 10.0), ("openai/x:free", 0, 0)],
    ids=["usual", "by-author", "free"],
)
async def test_usage_has_the_cost(
    api: Api, model: str, prompt_price: float, completion_price: float
) -> None:
    """Usage has the members of the live service and a cost by the model's price."""
    usage = (await api.post(model=model)).json["usage"]
    prompt_cost = usage["prompt_tokens"] * prompt_price / 1e6
    completion_cost = usage["completion_tokens"] * completion_price / 1e6

    assert usage["prompt_tokens"] == 6
    assert usage["total_tokens"] == 6 + usage["completion_tokens"]
    assert math.isclose(usage["cost"], prompt_cost + completion_cost)
    assert usage["is_byok"] is False
    assert usage["prompt_tokens_details"]["cached_tokens"] == 0
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 0
    assert usage["cost_details"] == {
        "upstream_inference_cost": usage["cost"],
        "upstream_inference_prompt_cost": prompt_cost,
        "upstream_inference_completions_cost": completion_cost,
    }
