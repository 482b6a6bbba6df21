"""Journals that break under a map: what came is yielded, and the cause is told."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Sequence
from pathlib import Path

import pytest

from openrouter_async import (
    AuthenticationError,
    ConfigError,
    NotSentError,
    OpenRouterError,
    RetryPolicy,
)
from openrouter_async.fanout.journal.file import JournalFile, Written
from tests.calling import refusal
from tests.mapping import (
    Gates,
    Pulled,
    bytes_service,
    collect,
    collect_until,
    finish,
    held,
    prompts_of,
    service,
    text_of,
    told,
    turns,
    until,
)
from tests.scripted import (
    ReadBody,
    ReadHead,
    Reset,
    Script,
    Send,
    Step,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a place for a journal."""
    return tmp_path / "answers.journal"


@pytest.mark.parametrize("verb", ["map", "gather"])
async def test_unwritable_path(tmp_path: Path, verb: str) -> None:
    """A place where no file can be made is told before anything is sent."""
    inputs = ["a"]
    missing = tmp_path / "missing" / "j"
    async with service() as (simulator, client):
        call = getattr(client.completions, verb)
        with pytest.raises(FileNotFoundError, match="missing"):
            await finish(call(inputs, journal=missing))

        with pytest.raises(FileNotFoundError, match="missing"):
            await client.completions.map(inputs, journal=missing).__aenter__()

        requests = len(simulator.journal)

    assert requests == 0


def fill_disk(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """Let the disk be full after so many answers."""
    append = JournalFile.append
    left = room

    def write(file: JournalFile, lines: Sequence[bytes]) -> Written:
        nonlocal left
        left -= len([line for line in lines if b'"answer"' in line])
        if left >= 0:
            return append(file, lines)

        end = Path(file.path).stat().st_size
        error = OSError(errno.ENOSPC, "No space left on device", file.path)
        return Written(end, end, error)

    monkeypatch.setattr(JournalFile, "append", write)


@pytest.mark.parametrize("ordered", [False, True], ids=["as completed", "ordered"])
async def test_disk_full(
    path: Path, monkeypatch: pytest.MonkeyPatch, ordered: bool
) -> None:
    """Answers that came are yielded, nothing more is sent, then the error comes."""
    fill_disk(monkeypatch, 5)
    async with service() as (simulator, client):
        outcomes = client.completions.map(
            Pulled(), journal=path, max_in_flight=4, ordered=ordered
        )
        found, error = await collect_until(outcomes, OSError)
        requests = len(simulator.journal)
        statistics = outcomes.statistics()

    assert isinstance(error, OSError)
    assert (error.errno, error.filename) == (errno.ENOSPC, str(path))
    assert isinstance(statistics.cause, OSError)
    answered = [each for each in found if each.ok]
    assert len(answered) == requests
    assert 6 <= requests <= 5 + 4
    assert {type(each.error) for each in found} <= {NotSentError, type(None)}
    assert sorted(each.index for each in found) == list(range(statistics.pulled))


async def test_disk_full_while_others_are_under_way(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers that come after the journal broke are yielded as well."""
    fill_disk(monkeypatch, 0)
    async with service() as (simulator, client):
        gates = Gates(simulator)
        outcomes = client.completions.map(
            ["a", "b", "c"], journal=path, max_in_flight=2
        )
        async with outcomes:
            waiting = asyncio.create_task(collect_until(outcomes, OSError))
            await until(lambda: len(gates.arrived) == 2)
            gates.open("a")
            await until(lambda: outcomes.statistics().cause)
            await turns()
            early = waiting.done()
            gates.open("b", "c")
            found, _ = await waiting

    assert not early
    assert told(found) == [(0, "A"), (1, "B")]
    assert gates.arrived == ["a", "b"]


async def test_gather_when_the_disk_is_full(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has come is returned; the other places say why there is nothing."""
    fill_disk(monkeypatch, 5)
    async with service() as (_, client):
        found = await client.completions.gather(
            Pulled(50), journal=path, max_in_flight=4
        )

    answered = [each for each in found if each.ok]
    assert 6 <= len(answered) <= 9
    assert {type(each.error) for each in found if not each.ok} == {NotSentError}
    assert all("No space left" in str(x.error) for x in found if not x.ok)
    assert [each.index for each in found] == list(range(50))


async def test_gather_when_the_disk_is_full_at_the_end(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When no place could tell of it a warning does, and no answer is thrown away."""
    fill_disk(monkeypatch, 2)
    async with service() as (_, client):
        with pytest.warns(RuntimeWarning, match="No space left"):
            found = await client.completions.gather(
                ["a", "b", "c"], journal=path, max_in_flight=1
            )

    assert [text_of(each) for each in found] == ["A", "B", "C"]


async def test_journal_changed_by_others(path: Path) -> None:
    """A journal that somebody else writes to stops the run, and says so."""
    async with service() as (_, client):
        outcomes = client.completions.map(Pulled(), journal=path, max_in_flight=1)
        async with outcomes:
            await anext(outcomes)
            await turns()
            with path.open("ab") as file:
                file.write(b"x\n")

            found, error = await collect_until(outcomes, OSError)

    assert all(each.ok or isinstance(each.error, NotSentError) for each in found)
    assert "something else wrote" in str(error)


async def test_line_changed_by_others(path: Path) -> None:
    """A line that is not the one that was written stops a run that would yield it."""
    async with service() as (simulator, client):
        await client.completions.gather(["a", "b"], journal=path)
        async with client.completions.map(["b", "x", "a"], journal=path) as outcomes:
            content = path.read_bytes()
            first = content.rindex(b"\n", 0, -1) + 1
            path.write_bytes(
                content[:first] + b"0" * (len(content) - first - 1) + b"\n"
            )
            found, error = await collect_until(outcomes, ConfigError)

        requests = len(simulator.journal)

    assert "changed while it was in use" in str(error)
    assert {type(each.error) for each in found} <= {NotSentError, type(None)}
    assert requests <= 3


async def test_journal_that_cannot_be_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that cannot be read stops the run; its item is not sent in its place."""

    def read(file: JournalFile, place: int, size: int) -> bytes:
        raise OSError(errno.EIO, "Input/output error", file.path)

    async with service() as (simulator, client):
        await client.completions.gather(["a", "b"], journal=path)
        monkeypatch.setattr(JournalFile, "read", read)
        outcomes = client.completions.map(["x", "a", "b"], journal=path)
        found, error = await collect_until(outcomes, OSError)
        sent = prompts_of(simulator)[2:]

    kinds = {each.index: type(each.error) for each in found}
    assert "Input/output error" in str(error)
    assert kinds[1] is NotSentError
    assert set(sent) <= {"x"}


@pytest.mark.parametrize(
    ("fault", "owed"),
    [(Reset(), 1), (Send(refusal(500)), 0)],
    ids=["connection lost", "refused"],
)
async def test_stopped_between_attempts(path: Path, fault: Step, owed: int) -> None:
    """An attempt that may be billed is told of, though the run stopped after it."""
    release = asyncio.Event()
    scripts: list[Script] = [[ReadHead(), ReadBody(), fault]]
    scripts.append(held(release, refusal(401)))
    patient = RetryPolicy(floor=1000)
    async with bytes_service(*scripts, retry=patient) as (server, client):
        outcomes = client.completions.map(["a", "b"], journal=path, max_in_flight=2)
        async with outcomes:
            waiting = asyncio.create_task(collect(outcomes))
            await until(lambda: len(server.requests) == 2)
            await until(lambda: outcomes.statistics().waiting == 1)
            release.set()
            found = await waiting

        again = client.completions.map([], journal=path)
        await collect(again)

    [waited] = [
        each for each in found if not isinstance(each.error, AuthenticationError)
    ]
    assert isinstance(waited.error, OpenRouterError)
    assert waited.error.maybe_billed == bool(owed)
    assert "had stopped" in str(waited.error)
    assert [each.attempts for each in found] == [1, 1]
    assert again.statistics().interrupted == owed
