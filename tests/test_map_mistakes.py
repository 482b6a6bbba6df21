"""What cannot be mapped over: refused by name, or the failure of one item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

import pytest

from openrouter_async import ConfigError, Failure, OpenRouter
from tests.mapping import collect, prompts_of, service


class Broken(Mapping[str, object]):
    """A mapping that raises when it is read, as a lazy row can."""

    def __getitem__(self, key: str) -> object:
        raise RuntimeError("the row is gone")

    def __iter__(self) -> Iterator[str]:
        return iter(["prompt"])

    def __len__(self) -> int:
        return 1


LOOP: list[object] = []
LOOP.append(LOOP)

BAD_ITEMS: dict[str, tuple[object, str]] = {
    "None": (None, "NoneType"),
    "number": (7, "int"),
    "bytes": (b"a", "bytes"),
    "bytearray": (bytearray(b"a"), "bytearray"),
    "set": ({"a"}, "set"),
    "object": (object(), "object"),
    "exception": (ValueError("x"), "ValueError"),
    "empty list": ([], "empty"),
    "mixed list": (["a", 1], "list holds"),
    "list of mappings": ([{"prompt": "a"}], "dict"),
    "list that holds itself": (LOOP, "prompt"),
    "lone surrogate": ("\ud800", "prompt"),
    "infinite token": ([float("inf")], "prompt"),
    "mapping without a prompt": ({"model": "a/b"}, "`prompt`"),
    "empty mapping": ({}, "`prompt`"),
    "prompt that is None": ({"prompt": None}, "NoneType"),
    "not a number": ({"prompt": "a", "top_p": float("nan")}, "top_p"),
    "bytes in a field": ({"prompt": "a", "user": b"u"}, "user"),
    "object in a field": ({"prompt": "a", "seed": object()}, "seed"),
    "key that is a tuple": ({"prompt": "a", (1, 2): "x"}, "request"),
    "mapping that raises": (Broken(), "the row is gone"),
    "streamed": ({"prompt": "a", "stream": True}, "stream"),
}


@pytest.mark.parametrize(("item", "named"), BAD_ITEMS.values(), ids=BAD_ITEMS.keys())
async def test_bad_item(item: object, named: str) -> None:
    """An item that cannot be sent fails by itself; the others are sent."""
    items = cast("list[str]", ["a", item, "b"])
    async with service() as (simulator, client):
        outcomes = client.completions.map(items, ordered=True)
        first, bad, last = await collect(outcomes)
        prompts = prompts_of(simulator)

    assert (first.ok, last.ok, sorted(map(str, prompts))) == (True, True, ["a", "b"])
    assert isinstance(bad, Failure)
    assert isinstance(bad.error, ConfigError)
    assert named in str(bad.error)
    assert bad.input is item
    assert (bad.index, bad.attempts, bad.value, bad.ok) == (1, 0, None, False)
    assert outcomes.statistics().cause is None


BAD_INPUTS: dict[str, tuple[object, str]] = {
    "text": ("one prompt", "str"),
    "bytes": (b"one", "bytes"),
    "bytearray": (bytearray(b"one"), "bytearray"),
    "memoryview": (memoryview(b"one"), "memoryview"),
    "mapping": ({"prompt": "a"}, "dict"),
    "number": (7, "int"),
    "None": (None, "NoneType"),
    "function": (collect, "function"),
}


@pytest.mark.parametrize("verb", ["map", "gather"])
@pytest.mark.parametrize(("inputs", "kind"), BAD_INPUTS.values(), ids=BAD_INPUTS.keys())
async def test_bad_inputs(inputs: object, kind: str, verb: str) -> None:
    """One prompt in place of many is refused, and the message says what came."""
    call = getattr(OpenRouter("sk-or-v1-x").completions, verb)
    with pytest.raises(ConfigError, match=rf"^inputs .*\b{kind}\b"):
        await call(inputs)


BAD_OPTIONS: dict[str, dict[str, object]] = {
    "max_in_flight": {"max_in_flight": 0},
    "max_in_flight negative": {"max_in_flight": -1},
    "max_in_flight fraction": {"max_in_flight": 2.0},
    "max_in_flight bool": {"max_in_flight": True},
    "max_cost negative": {"max_cost": -0.01},
    "max_cost NaN": {"max_cost": float("nan")},
    "max_cost infinite": {"max_cost": float("inf")},
    "max_cost text": {"max_cost": "1"},
    "max_pause": {"max_pause": -1},
    "max_pause text": {"max_pause": "1"},
    "journal": {"journal": 7},
    "total": {"timeout": -1.0},
    "max_retries": {"retry": -1},
    "extra_headers": {"extra_headers": ["X"]},
    "extra_body": {"extra_body": ["X"]},
    "Authorization": {"extra_headers": {"Authorization": "x"}},
    "temperature": {"temperature": float("nan")},
    "stream": {"extra_body": {"stream": True}},
}


@pytest.mark.parametrize("verb", ["map", "gather"])
@pytest.mark.parametrize(
    ("field", "options"),
    [(name.partition(" ")[0], each) for name, each in BAD_OPTIONS.items()],
    ids=BAD_OPTIONS.keys(),
)
async def test_bad_options(field: str, options: dict[str, object], verb: str) -> None:
    """An option that cannot be used is refused by its name, before anything is sent."""
    call = getattr(OpenRouter("sk-or-v1-x").completions, verb)
    with pytest.raises(ConfigError, match=field):
        await call(["a"], **options)
