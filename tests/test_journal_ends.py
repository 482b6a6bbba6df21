"""Journals whose event loop ends first, and errors where none were expected."""

from __future__ import annotations

import asyncio
import errno
import gc
import json
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from openrouter_async.errors import ConfigError
from openrouter_async.fanout.journal import Entry, Journal
from openrouter_async.fanout.journal.file import JournalFile

PARAMETERS = {"model": "a/b"}
PWRITE: Callable[[int, bytes, int], int] | None = getattr(os, "pwrite", None)
REGISTER = "openrouter_async.fanout.journal.register"
BLANK = b" "


def entry_of(index: int) -> Entry:
    """Make a finished item."""
    return Entry(index, 1, 0.25, b'{"text":"hi"}', 200, "gen-1")


def no_mapping(*_: object) -> None:
    """Fail as some network file systems do."""
    raise OSError(errno.ENODEV, "No such device")


async def open_again(path: Path) -> Journal:
    """Open and close the journal of a later run."""
    journal = await Journal.open(path, PARAMETERS)
    await journal.aclose()
    return journal


def descriptors_of(path: Path) -> int:
    """Count what this process has open or mapped of a file."""
    links = Path("/proc/self/fd").iterdir()
    opened = [os.readlink(link) for link in links if link.is_symlink()]
    maps = Path("/proc/self/maps").read_text("utf-8").splitlines()
    return opened.count(str(path)) + sum(line.endswith(str(path)) for line in maps)


def collected(count: Callable[[], int]) -> int:
    """Count what is left when the journal's thread has let go of its last call."""
    for _ in range(500):
        gc.collect()
        if not count():
            break

        time.sleep(0.01)

    return count()


def reopened(path: Path) -> Journal:
    """Open it again when the journal's thread has let go of its last call."""
    for _ in range(500):
        with suppress(ConfigError):
            return asyncio.run(open_again(path))

        time.sleep(0.01)

    return asyncio.run(open_again(path))


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/maps").exists(), reason="what is open cannot be listed"
)


async def _leave_open(path: Path) -> Journal:
    journal = await Journal.open(path, PARAMETERS)
    key = journal.key(b"a")
    journal.sent(key)
    await journal.append(key, entry_of(0))
    journal.sent(journal.key(b"b"))
    return journal


@needs_proc
@pytest.mark.parametrize("mapped", [True, False], ids=["mapped", "not-mapped"])
def test_loop_ends_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mapped: bool
) -> None:
    """A journal dropped after the end of its loop leaves nothing open or locked."""
    if not mapped:
        monkeypatch.setattr(f"{REGISTER}.mmap.mmap", no_mapping)

    journal = asyncio.run(_leave_open(tmp_path / "j"))
    before = descriptors_of(tmp_path / "j")
    del journal
    after = collected(lambda: descriptors_of(tmp_path / "j"))
    later = asyncio.run(open_again(tmp_path / "j"))

    assert (before, after) == (3 if mapped else 2, 0)
    assert (later.finished, later.interrupted) == (1, 1)


def test_not_collected_yet(tmp_path: Path) -> None:
    """A dropped journal does not refuse the next run until garbage is collected."""
    gc.disable()
    try:
        asyncio.run(_leave_open(tmp_path / "j"))
        later = reopened(tmp_path / "j")
    finally:
        gc.enable()

    assert later.finished == 1


class SlowDisk:
    """Make the journal's thread wait before it writes lines."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered = threading.Event()
        self.free = threading.Event()
        self._write = os.write
        monkeypatch.setattr(os, "write", self.write)

    def write(self, descriptor: int, text: bytes) -> int:
        """Write as the system would, when it may."""
        if threading.current_thread().name.startswith("journal"):
            self.entered.set()
            assert self.free.wait(10)

        return self._write(descriptor, text)


def test_handed_over_before_the_loop_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines are written that wait in or for the thread when the loop ends."""
    disks: list[SlowDisk] = []
    threads: set[threading.Thread] = set()

    async def run() -> None:
        journal = await Journal.open(tmp_path / "j", PARAMETERS)
        threads.update(
            each for each in threading.enumerate() if each.name.startswith("journal")
        )
        disks.append(SlowDisk(monkeypatch))
        keys = [journal.key(b"%d" % number) for number in range(3)]
        appends = [asyncio.create_task(journal.append(keys[0], entry_of(0)))]
        await asyncio.to_thread(disks[0].entered.wait, 10)
        for index in (1, 2):
            append = journal.append(keys[index], entry_of(index))
            appends.append(asyncio.create_task(append))

        await asyncio.sleep(0)

    asyncio.run(run())
    gc.collect()
    disks[0].free.set()
    for thread in threads:
        for _ in range(1000):
            gc.collect()  # it ends when nothing is left of the journal
            thread.join(0.01)
            if not thread.is_alive():
                break

    later = asyncio.run(open_again(tmp_path / "j"))
    lines = (tmp_path / "j").read_bytes().splitlines()[1:]

    assert later.finished == 3
    assert [json.loads(line)["index"] for line in lines] == [0, 1, 2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_dropped_by_a_forked_process(tmp_path: Path) -> None:
    """A child process that drops its copy does not give back the parent's lock."""
    journal = asyncio.run(_leave_open(tmp_path / "j"))
    child = os.fork()
    if not child:  # pragma: no cover
        del journal
        gc.collect()
        os._exit(0)

    os.waitpid(child, 0)
    with pytest.raises(Exception, match="in use by another run"):
        asyncio.run(open_again(tmp_path / "j"))

    del journal
    assert reopened(tmp_path / "j").finished == 1


@pytest.fixture
def bad_slots(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Refuse to map files, and on demand to blank or to fill slots."""
    if PWRITE is None:
        pytest.skip("every file is mapped here")

    monkeypatch.setattr(f"{REGISTER}.mmap.mmap", no_mapping)

    def refuse(blanks: bool) -> None:
        def write(descriptor: int, text: bytes, at: int) -> int:
            if text.startswith(BLANK) is blanks:
                raise OSError(errno.EIO, "Input/output error")

            assert PWRITE is not None
            return PWRITE(descriptor, text, at)

        monkeypatch.setattr(os, "pwrite", write)

    return refuse


async def test_slot_cannot_be_blanked(
    tmp_path: Path,
    bad_slots: Callable[[bool], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Items end as ever when their slots stay full; the close tells, once."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    keys = [journal.key(b"%d" % number) for number in range(4)]
    bad_slots(True)
    for key in keys:
        journal.sent(key)

    async with asyncio.timeout(5):
        await asyncio.gather(*(journal.append(key, entry_of(0)) for key in keys[:2]))
        await journal.append(keys[2], entry_of(2))

    journal.failed(keys[3])
    with pytest.raises(OSError, match="Input/output error") as caught:
        await journal.aclose()

    await journal.aclose()
    monkeypatch.undo()
    later = await open_again(tmp_path / "j")

    assert caught.value.filename == str(tmp_path / "j")
    assert (later.finished, later.interrupted) == (3, 1)


async def test_slot_cannot_be_filled(
    tmp_path: Path, bad_slots: Callable[[bool], None]
) -> None:
    """An item that gets no slot is known by a line of its own."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    keys = [journal.key(b"%d" % number) for number in range(3)]
    bad_slots(False)
    for key in keys:
        journal.sent(key)

    await journal.append(keys[0], entry_of(0))
    journal.failed(keys[1])
    with pytest.raises(OSError, match="Input/output error"):
        await journal.aclose()

    later = await open_again(tmp_path / "j")

    assert (later.finished, later.interrupted) == (1, 1)


async def test_thread_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the thread raises ends the batch and all behind it, as an `OSError`."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    keys = [journal.key(b"%d" % number) for number in range(3)]
    entered, free = threading.Event(), threading.Event()

    def fail(*_: object) -> None:
        entered.set()
        assert free.wait(10)
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(JournalFile, "append", fail)
        appends = [asyncio.create_task(journal.append(keys[0], entry_of(0)))]
        await asyncio.to_thread(entered.wait, 10)

    appends.append(asyncio.create_task(journal.append(keys[1], entry_of(1))))
    await asyncio.sleep(0)
    free.set()
    async with asyncio.timeout(5):
        ends = await asyncio.gather(*appends, return_exceptions=True)

    with pytest.raises(OSError, match="MemoryError"):
        journal.sent(keys[2])

    await journal.aclose()

    assert [type(end) for end in ends] == [OSError, OSError]
    assert ["MemoryError" in str(end) for end in ends] == [True, True]
    assert (await open_again(tmp_path / "j")).finished == 0


async def test_close_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A descriptor that closes with an error ends the close, which tells."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    close = os.close

    def fail(descriptor: int) -> None:
        close(descriptor)
        if threading.current_thread().name.startswith("journal"):
            raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "close", fail)
        async with asyncio.timeout(5):
            with pytest.raises(OSError, match="Input/output error"):
                await journal.aclose()

    assert (await open_again(tmp_path / "j")).finished == 0
