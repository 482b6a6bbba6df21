"""How lines get into a journal's file while the event loop goes on."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from openrouter_async.errors import ConfigError
from openrouter_async.fanout.journal import Entry, Journal, Key

PARAMETERS = {"model": "a/b"}
WRITE = os.write
NUMBER = errno.ENOSPC
FULL = os.strerror(NUMBER)


def entry_of(index: int) -> Entry:
    """Make a finished item."""
    return Entry(index, 1, 0.25, b'{"text":"hi"}', 200, "gen-1")


class Disk:
    """
    Stand between a journal and the disk.

    Attributes:
        calls: the text of each write.
        free: set while writes may go on.
        entered: set by the write that waits for it.
        room: bytes that can be written before the disk is full.
        most: bytes that one write takes.
    """

    def __init__(self) -> None:
        self.calls: list[bytes] = []
        self.free = threading.Event()
        self.free.set()
        self.entered = threading.Event()
        self.room = 1 << 40
        self.most = 1 << 40

    def write(self, descriptor: int, text: bytes) -> int:
        """Write as the system would."""
        if not threading.current_thread().name.startswith("journal"):
            return WRITE(descriptor, text)

        self.entered.set()
        assert self.free.wait(10)
        if not self.room:
            raise OSError(NUMBER, FULL)

        done = WRITE(descriptor, bytes(text)[: min(self.room, self.most)])
        self.calls.append(bytes(text)[:done])
        self.room -= done
        return done

    async def reached(self) -> None:
        """Wait until a write waits."""
        await asyncio.to_thread(self.entered.wait, 10)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """Take the place of `os.write`."""
    made = Disk()
    monkeypatch.setattr(os, "write", made.write)
    yield made
    made.free.set()


async def lines_of(path: Path) -> list[int]:
    """Read the journal of a later run; give the indices in the order of the file."""
    journal = await Journal.open(path, PARAMETERS)
    await journal.aclose()
    lines = path.read_bytes().splitlines()[1:]
    assert journal.finished == len(lines)
    return [json.loads(line)["index"] for line in lines]


def keys_of(journal: Journal, count: int) -> list[Key]:
    """Make keys of so many different items."""
    return [journal.key(b"%d" % number) for number in range(count)]


async def test_loop_goes_on(tmp_path: Path, disk: Disk) -> None:
    """While a write waits the loop turns, and what comes meanwhile goes together."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    keys = keys_of(journal, 50)
    disk.calls.clear()
    disk.entered.clear()
    disk.free.clear()
    appends = [asyncio.create_task(journal.append(keys[0], entry_of(0)))]
    await disk.reached()
    for index, key in enumerate(keys[1:], start=1):
        appends.append(asyncio.create_task(journal.append(key, entry_of(index))))
        await asyncio.sleep(0)

    done = [append.done() for append in appends]
    disk.free.set()
    await asyncio.gather(*appends)
    await journal.aclose()

    assert not any(done)
    assert [text.count(b"\n") for text in disk.calls] == [1, 49]
    assert await lines_of(tmp_path / "j") == list(range(50))


async def test_lines_of_one_turn_go_together(tmp_path: Path, disk: Disk) -> None:
    """Items that finish in the same turn of the loop cost one write."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    keys = keys_of(journal, 9)
    disk.calls.clear()
    await asyncio.gather(*(journal.append(key, entry_of(0)) for key in keys))
    await journal.aclose()

    assert [text.count(b"\n") for text in disk.calls] == [9]


async def test_short_writes(tmp_path: Path, disk: Disk) -> None:
    """A write that takes only a part is followed by the rest."""
    disk.most = 7
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    keys = keys_of(journal, 3)
    await asyncio.gather(
        *(journal.append(key, entry_of(index)) for index, key in enumerate(keys))
    )
    await journal.aclose()

    assert await lines_of(tmp_path / "j") == [0, 1, 2]


async def test_cancelled_waiters(tmp_path: Path, disk: Disk) -> None:
    """Whoever stops waiting, lines that were handed over are written."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    keys = keys_of(journal, 6)
    disk.entered.clear()
    disk.free.clear()
    appends = [asyncio.create_task(journal.append(keys[0], entry_of(0)))]
    await disk.reached()
    for index, key in enumerate(keys[1:], start=1):
        appends.append(asyncio.create_task(journal.append(key, entry_of(index))))

    await asyncio.sleep(0)
    for append in appends[::2]:
        append.cancel()

    await asyncio.sleep(0)
    disk.free.set()
    ends = await asyncio.gather(*appends, return_exceptions=True)
    await journal.aclose()

    assert [end is None for end in ends] == [False, True] * 3
    assert await lines_of(tmp_path / "j") == list(range(6))


async def test_close_waits(tmp_path: Path, disk: Disk) -> None:
    """Closing waits for the batch under way and the one behind it."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    keys = keys_of(journal, 2)
    disk.entered.clear()
    disk.free.clear()
    appends = [asyncio.create_task(journal.append(keys[0], entry_of(0)))]
    await disk.reached()
    appends.append(asyncio.create_task(journal.append(keys[1], entry_of(1))))
    await asyncio.sleep(0)
    closing = asyncio.create_task(journal.aclose())
    await asyncio.sleep(0)
    with pytest.raises(ConfigError, match="in use"):
        await Journal.open(tmp_path / "j", PARAMETERS)

    disk.free.set()
    await asyncio.gather(closing, *appends)

    assert await lines_of(tmp_path / "j") == [0, 1]


async def test_close_is_cancelled(tmp_path: Path, disk: Disk) -> None:
    """A close that nobody waits for closes all the same."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    (key,) = keys_of(journal, 1)
    disk.entered.clear()
    disk.free.clear()
    append = asyncio.create_task(journal.append(key, entry_of(0)))
    await disk.reached()
    closing = asyncio.create_task(journal.aclose())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing

    disk.free.set()
    await append
    await journal.aclose()

    assert await lines_of(tmp_path / "j") == [0]


async def test_disk_full(tmp_path: Path, disk: Disk) -> None:
    """All of a batch and after it get the cause; whole lines stay, a torn one goes."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    keys = keys_of(journal, 7)
    await journal.append(keys[0], entry_of(0))
    size = (tmp_path / "j").stat().st_size
    line = len(disk.calls[-1])
    disk.room = 2 * line + 40  # two lines and a part of the third
    appends = (journal.append(key, entry_of(i)) for i, key in enumerate(keys[1:4], 1))
    ends = await asyncio.gather(*appends, return_exceptions=True)
    kept = (tmp_path / "j").stat().st_size - size
    disk.room = 1 << 40
    late = await asyncio.gather(
        journal.append(keys[4], entry_of(4)),
        journal.append(keys[0], entry_of(0)),
        return_exceptions=True,
    )
    with pytest.raises(OSError, match=FULL):
        journal.sent(keys[5])

    journal.failed(keys[5])
    entries = [await journal.find(key) for key in keys[:4]]
    await journal.aclose()

    errors = [end for end in (*ends, *late) if isinstance(end, OSError)]
    assert [(error.errno, error.filename) for error in errors] == [
        (NUMBER, str(tmp_path / "j"))
    ] * 5
    assert len(set(map(id, errors))) == 5
    assert kept == 2 * line
    assert entries == [entry_of(0), entry_of(1), entry_of(2), None]
    assert await lines_of(tmp_path / "j") == [0, 1, 2]


async def test_batch_behind_a_failed_one(tmp_path: Path, disk: Disk) -> None:
    """What had been collected when the disk was full is not written either."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    keys = keys_of(journal, 2)
    disk.entered.clear()
    disk.free.clear()
    disk.room = 0
    appends = [asyncio.create_task(journal.append(keys[0], entry_of(0)))]
    await disk.reached()
    appends.append(asyncio.create_task(journal.append(keys[1], entry_of(1))))
    await asyncio.sleep(0)
    disk.free.set()
    ends = await asyncio.gather(*appends, return_exceptions=True)
    await journal.aclose()

    assert [type(end) for end in ends] == [OSError, OSError]
    assert await lines_of(tmp_path / "j") == []


async def test_torn_line_cannot_be_cut(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part of a line that stays in the file is cut by the next run."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    (key,) = keys_of(journal, 1)
    disk.room = 20

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "ftruncate", refuse)
        with pytest.raises(OSError, match=FULL):
            await journal.append(key, entry_of(0))

    await journal.aclose()
    disk.room = 1 << 40

    assert not (tmp_path / "j").read_bytes().endswith(b"\n")
    assert await lines_of(tmp_path / "j") == []


async def test_mark_cannot_be_written(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure that no append has heard of is raised by the close, once."""
    monkeypatch.setattr("openrouter_async.fanout.journal.header.SLOTS", 0)
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    (key,) = keys_of(journal, 1)
    disk.room = 0
    journal.sent(key)
    with pytest.raises(OSError, match=FULL):
        await journal.aclose()

    journal.failed(key)
    await journal.aclose()


async def test_sync_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The close tells when the disk may not have what was written."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="Input/output error") as caught:
        await journal.aclose()

    monkeypatch.undo()
    await journal.aclose()

    assert caught.value.filename == str(tmp_path / "j")
    assert await lines_of(tmp_path / "j") == []


@pytest.mark.parametrize("room", [0, 20])
async def test_no_room_for_the_header(tmp_path: Path, disk: Disk, room: int) -> None:
    """A journal that cannot be started is an error, and can be started later."""
    disk.room = room
    with pytest.raises(OSError, match=FULL):
        await Journal.open(tmp_path / "j", PARAMETERS)

    disk.room = 1 << 40
    assert await lines_of(tmp_path / "j") == []


async def test_no_room_for_a_line_break(tmp_path: Path, disk: Disk) -> None:
    """A last line that lacks its line break stays as it is on a full disk."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    (key,) = keys_of(journal, 1)
    await journal.append(key, entry_of(0))
    await journal.aclose()
    content = (tmp_path / "j").read_bytes()[:-1]
    (tmp_path / "j").write_bytes(content)
    disk.room = 0
    with pytest.raises(OSError, match=FULL):
        await Journal.open(tmp_path / "j", PARAMETERS)

    assert (tmp_path / "j").read_bytes() == content
    disk.room = 1 << 40
    assert await lines_of(tmp_path / "j") == [0]


def _write_to(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"{}\n")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(Path.unlink, "deleted", id="deleted"),
        pytest.param(_write_to, "something else", id="longer"),
    ],
)
async def test_file_of_others(
    tmp_path: Path, spoil: Callable[[Path], None], message: str
) -> None:
    """A file that someone else deletes or writes to gets no more lines."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    (key,) = keys_of(journal, 1)
    spoil(tmp_path / "j")
    with pytest.raises(OSError, match=message):
        await journal.append(key, entry_of(0))

    await journal.aclose()


@pytest.mark.parametrize(
    "line", [b'{"sent":"AAAAAAAAAAAAAAAAAAAAAA=="}', b"x" * 40], ids=["mark", "noise"]
)
async def test_line_changed_while_in_use(tmp_path: Path, line: bytes) -> None:
    """A line that is not the one that was there is no answer."""
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    (key,) = keys_of(journal, 1)
    await journal.append(key, entry_of(0))
    content = (tmp_path / "j").read_bytes()
    start = content.index(b"\n") + 1
    with (tmp_path / "j").open("r+b") as file:
        file.seek(start)
        file.write(line + b"\n")

    with pytest.raises(ConfigError, match="changed while it was in use"):
        await journal.find(key)

    await journal.aclose()


LIMITED = """
    import asyncio, json, resource, sys
    from openrouter_async.fanout.journal import Entry, Journal

    async def main():
        journal = await Journal.open(sys.argv[1], {"model": "a/b"})
        keys = [journal.key(b"%d" % number) for number in range(300)]
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        entry = Entry(0, 1, 0.1, b'{"text":"hi"}', 200)
        ends = await asyncio.gather(
            *(journal.append(key, entry) for key in keys[:10]),
            return_exceptions=True,
        )
        ends += await asyncio.gather(
            *(journal.append(key, entry) for key in keys[10:]),
            return_exceptions=True,
        )
        await journal.aclose()
        print(json.dumps([end and end.errno for end in ends]))

    asyncio.run(main())
"""


def test_file_too_large(tmp_path: Path) -> None:
    """A real limit on the size of files leaves whole lines up to it."""
    command = [sys.executable, "-c", textwrap.dedent(LIMITED), str(tmp_path / "j")]
    # The limit would also hit the data of a coverage measurement.
    unmeasured = {
        name: text for name, text in os.environ.items() if "COVERAGE" not in name
    }
    done = subprocess.run(
        command, check=True, capture_output=True, timeout=15, env=unmeasured
    )
    content = (tmp_path / "j").read_bytes()
    line = content.splitlines(keepends=True)[-1]

    assert json.loads(done.stdout) == [None] * 10 + [errno.EFBIG] * 290
    assert content.endswith(b"\n")
    assert 20_000 - len(line) < len(content) <= 20_000
