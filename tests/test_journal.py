"""What a journal keeps of a run and gives to the next one."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from openrouter_async.errors import ConfigError, ResponseDecodeError
from openrouter_async.fanout.journal import Entry, Journal

PARAMETERS: Mapping[str, object] = {"model": "a/b", "temperature": 0.2}


def entry_of(index: int, answer: bytes = b'{"id":"gen-1"}') -> Entry:
    """Make a finished item."""
    return Entry(index, 1, 0.25, answer, 200, f"gen-{index}")


async def kept(path: Path, *bodies: bytes) -> None:
    """Run once: every body is answered and journaled."""
    journal = await Journal.open(path, PARAMETERS)
    for index, body in enumerate(bodies):
        key = journal.key(body)
        journal.sent(key)
        await journal.append(key, entry_of(index))

    await journal.aclose()


async def found(path: Path, *bodies: bytes) -> list[int | None]:
    """Run once without answers; give the index of each item that is in the file."""
    journal = await Journal.open(path, PARAMETERS)
    entries = [await journal.find(journal.key(body)) for body in bodies]
    await journal.aclose()
    return [None if entry is None else entry.index for entry in entries]


async def test_new_journal_is_empty(tmp_path: Path) -> None:
    """Nothing is finished or interrupted where there was no file."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    entry = await journal.find(journal.key(b"{}"))
    await journal.aclose()

    assert (journal.finished, journal.interrupted, entry) == (0, 0, None)


async def test_entry_comes_back(tmp_path: Path) -> None:
    """A later run finds an item as it was appended."""
    entry = Entry(7, 3, 1.5, b'{"text": "\\n \xc3\xa9"}', 200, None)
    first = await Journal.open(tmp_path / "j", PARAMETERS)
    await first.append(first.key(b"body"), entry)
    await first.aclose()

    second = await Journal.open(tmp_path / "j", PARAMETERS)
    again = await second.find(second.key(b"body"))
    await second.aclose()

    assert (second.finished, again) == (1, entry)


async def test_entry_of_this_run_can_be_found(tmp_path: Path) -> None:
    """Lines that were just appended can be read, though a block was read before."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    keys = [journal.key(body) for body in (b"0", b"1")]
    entries: list[Entry | None] = []
    for index, key in enumerate(keys):
        await journal.append(key, entry_of(index))
        entries.append(await journal.find(key))

    await journal.aclose()

    assert entries == [entry_of(0), entry_of(1)]


async def test_lines_can_be_read_with_other_tools(tmp_path: Path) -> None:
    """The file is a header and one JSON object per item."""
    await kept(tmp_path / "j", b"a", b"a")
    header, *lines = map(json.loads, (tmp_path / "j").read_text().splitlines())

    assert header["parameters"] == PARAMETERS
    assert header["in_flight"].strip() == ""
    digest = base64.b64encode(hashlib.blake2b(b"a", digest_size=16).digest())
    assert [line.pop("fingerprint") for line in lines] == [digest.decode()] * 2
    assert lines == [
        {
            "occurrence": index + 1,
            "index": index,
            "attempts": 1,
            "elapsed": 0.25,
            "status": 200,
            "generation_id": f"gen-{index}",
            "answer": {"id": "gen-1"},
        }
        for index in range(2)
    ]


async def test_equal_bodies_are_told_apart(tmp_path: Path) -> None:
    """The n-th item with a body is the n-th one in every run."""
    await kept(tmp_path / "j", b"a", b"b", b"a")

    assert await found(tmp_path / "j", b"a", b"a", b"a", b"b") == [0, 2, None, 1]


async def test_appended_once(tmp_path: Path) -> None:
    """An item that is in the file, or on its way, is not written again."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    key = journal.key(b"a")
    await asyncio.gather(*(journal.append(key, entry_of(0)) for _ in range(3)))
    await journal.append(key, entry_of(1))
    await journal.aclose()

    assert len((tmp_path / "j").read_bytes().splitlines()) == 2


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(b'\n\n {"a":\r\n1}\n', b'{"a":  1}', id="line breaks"),
        pytest.param(b'\xef\xbb\xbf{"a":NaN}', b'{"a":null}', id="mark and NaN"),
        pytest.param(
            b'{"a":"\xff"}', '{"a":"\N{REPLACEMENT CHARACTER}"}'.encode(), id="no UTF-8"
        ),
        pytest.param(b'{"a":' * 90 + b"1" + b"}" * 90, None, id="deep"),
        pytest.param(b'{"a":"' + b"x" * 200_000 + b'"}', None, id="long"),
        pytest.param(b'"' + b"y" * 65_500 + b'"', None, id="over a block's end"),
    ],
)
async def test_answers(tmp_path: Path, answer: bytes, expected: bytes | None) -> None:
    """Answers stay as they came, apart from what a line of JSON cannot hold."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    keys = [journal.key(body) for body in (b"a", b"b")]
    await journal.append(keys[0], entry_of(0, answer))
    await journal.append(keys[1], entry_of(1))
    await journal.aclose()

    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    entries = [await journal.find(key) for key in keys]
    await journal.aclose()

    assert entries == [entry_of(0, expected or answer), entry_of(1)]


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[" * 100_000])
async def test_no_json(tmp_path: Path, answer: bytes) -> None:
    """What is not JSON is refused, and the journal goes on."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    key = journal.key(b"a")
    with pytest.raises(ResponseDecodeError, match="cannot be kept in a journal"):
        await journal.append(key, entry_of(0, answer))

    await journal.append(key, entry_of(1))
    await journal.aclose()

    assert await found(tmp_path / "j", b"a") == [1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"temperature": 0.7}, r"temperature was 0\.2 and is 0\.7:", id="other value"
        ),
        pytest.param({"seed": 1}, "seed was not given and is 1:", id="more"),
        pytest.param({"temperature": 1, "n": 2}, r"0\.2 and is 1; n was", id="two"),
        pytest.param({"model": "x" * 90}, r'"a/b" and is "x{59}\.\.\.:', id="long"),
    ],
)
async def test_other_parameters(
    tmp_path: Path, changes: Mapping[str, object], message: str
) -> None:
    """A journal of other parameters is refused with what differs, and left alone."""
    await kept(tmp_path / "j", b"a")
    before = (tmp_path / "j").read_bytes()
    with pytest.raises(ConfigError, match=message):
        await Journal.open(tmp_path / "j", {**PARAMETERS, **changes})

    assert (tmp_path / "j").read_bytes() == before


class Name(str):
    """A string of another type."""

    __slots__ = ()


class Share(float):
    """A number of another type."""

    __slots__ = ()


class Seed(int):
    """A whole number of another type."""

    __slots__ = ()


async def test_equal_parameters(tmp_path: Path) -> None:
    """Parameters are compared by their JSON, whatever their order and types."""
    nested = {"b": (1, 2), "a": Name("x"), "c": [Share(0.5), Seed(7)]}
    first = await Journal.open(
        tmp_path / "j", {"m": 1, "n": MappingProxyType(nested), "r": range(2)}
    )
    await first.aclose()

    same = {"a": "x", "b": [1, 2], "c": [0.5, 7]}
    second = await Journal.open(tmp_path / "j", {"r": [0, 1], "n": same, "m": 1})
    await second.aclose()

    assert second.finished == 0


@pytest.mark.parametrize("value", [object(), "\ud800"], ids=["object", "surrogate"])
async def test_parameters_without_json(tmp_path: Path, value: object) -> None:
    """A parameter that cannot be written is named, and no file is made."""
    with pytest.raises(ConfigError, match="seed cannot be written into a journal"):
        await Journal.open(tmp_path / "j", {"seed": value})

    assert not (tmp_path / "j").exists()


async def test_modes(tmp_path: Path) -> None:
    """A new file is private, and an old one keeps its mode."""
    (tmp_path / "old").touch(0o640)
    for name in ("new", "old"):
        await kept(tmp_path / name, b"a")

    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("new", "old")]
    assert modes == [0o600, 0o640]


async def test_closed(tmp_path: Path) -> None:
    """Closing twice is fine; a closed journal takes nothing more."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    key = journal.key(b"a")
    await asyncio.gather(journal.aclose(), journal.aclose())
    await journal.aclose()
    journal.failed(key)

    with pytest.raises(ConfigError, match="is closed"):
        await journal.append(key, entry_of(0))

    with pytest.raises(ConfigError, match="is closed"):
        await journal.find(key)

    with pytest.raises(ConfigError, match="is closed"):
        journal.sent(key)


async def test_replay_lets_the_loop_go_on(tmp_path: Path) -> None:
    """A long run of items from the file yields to other tasks."""
    bodies = [b"%d" % number for number in range(200)]
    await kept(tmp_path / "j", *bodies)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counter = asyncio.create_task(count())
    indices = await found(tmp_path / "j", *bodies)
    counter.cancel()

    assert indices == list(range(200))
    assert turns >= 200 // 32


async def test_random_order(tmp_path: Path) -> None:
    """Items are found in any order, several at a time, beyond what is kept read."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    keys = [journal.key(b"%d" % number) for number in range(60)]
    answer = b'"' + b"z" * 30_000 + b'"'
    appends = (journal.append(key, entry_of(i, answer)) for i, key in enumerate(keys))
    await asyncio.gather(*appends)
    order = [(number * 37) % 60 for number in range(60)]
    entries = await asyncio.gather(*(journal.find(keys[number]) for number in order))
    await journal.aclose()

    assert entries == [entry_of(number, answer) for number in order]


async def test_path_is_a_link(tmp_path: Path) -> None:
    """A link is followed, and stays."""
    os.symlink(tmp_path / "there", tmp_path / "j")
    await kept(tmp_path / "j", b"a")

    assert (tmp_path / "j").is_symlink()
    assert await found(tmp_path / "there", b"a") == [0]
