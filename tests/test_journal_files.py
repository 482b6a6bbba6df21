"""What may be in a journal's file, and whose it is."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from openrouter_async.errors import ConfigError
from openrouter_async.fanout.journal import Entry, Journal

PARAMETERS = {"model": "a/b"}
BODIES = (b"a", b"b", b"a", b"c")
# A process that is killed leaves torn data of a coverage measurement.
UNMEASURED = {
    name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")
}


def entry_of(index: int) -> Entry:
    """Make a finished item."""
    return Entry(index, 1, 0.25, b'{"text":"\\n"}', 200, "gen-1")


async def fill(path: Path) -> list[int]:
    """Answer whatever is missing; give the indices of what was not."""
    journal = await Journal.open(path, PARAMETERS)
    found: list[int] = []
    for index, body in enumerate(BODIES):
        key = journal.key(body)
        entry = await journal.find(key)
        if entry is None:
            journal.sent(key)
            await journal.append(key, entry_of(index))
        else:
            assert entry == entry_of(index)
            found.append(index)

    await journal.aclose()
    assert len(found) == journal.finished
    return found


@pytest.fixture
def small_header(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make headers short: cuts of all of them are tried."""
    monkeypatch.setattr("openrouter_async.fanout.journal.header.SLOTS", 2)


@pytest.mark.usefixtures("small_header")
async def test_cut_anywhere(tmp_path: Path) -> None:
    """A file cut at any byte gives its whole lines, and the next run the rest."""
    await fill(tmp_path / "whole")
    whole = (tmp_path / "whole").read_bytes()
    ends = [at + 1 for at, byte in enumerate(whole) if byte == ord("\n")]
    for size in range(len(whole)):
        path = tmp_path / str(size)
        path.write_bytes(whole[:size])
        # A line without its line break is an answer nevertheless.
        lines = sum(end - 1 <= size for end in ends[1:]) if size >= ends[0] else 0

        assert await fill(path) == list(range(lines)), size
        assert await fill(path) == [0, 1, 2, 3]
        assert path.read_bytes() == whole


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"prompt,answer\n1,2\n", id="table"),
        pytest.param(b"x", id="one byte"),
        pytest.param(b"\n", id="blank line"),
        pytest.param(b'{"prompt":"a"}\n', id="other JSON"),
        pytest.param(b'{"journal":"other","version":1}\n', id="other journal"),
        pytest.param(b'{"journal":"openrouter_async","version":2', id="later, torn"),
        pytest.param(bytes(range(256)) * 20, id="binary"),
        pytest.param(b"[" * 100_000 + b"\n", id="deep"),
    ],
)
async def test_not_a_journal(tmp_path: Path, content: bytes) -> None:
    """A file that holds something else is refused and not touched."""
    (tmp_path / "j").write_bytes(content)
    with pytest.raises(ConfigError, match="is not a journal"):
        await Journal.open(tmp_path / "j", PARAMETERS)

    assert (tmp_path / "j").read_bytes() == content


async def test_later_version(tmp_path: Path) -> None:
    """A journal of a later format is refused and not touched."""
    content = b'{"journal":"openrouter_async","version":2,"more":[]}\n{}\n'
    (tmp_path / "j").write_bytes(content)
    with pytest.raises(ConfigError, match="format version 2, and this release reads"):
        await Journal.open(tmp_path / "j", PARAMETERS)

    assert (tmp_path / "j").read_bytes() == content


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b'"model":"a/b"', b'"model":"a/c"', id="value"),
        pytest.param(b'"in_flight":"', b'"in_flight": "', id="rewritten"),
        pytest.param(b'"in_flight":"  ', b'"in_flight":"', id="shorter register"),
        pytest.param(b'"in_flight"', b'"in_height"', id="no register"),
        pytest.param(b'"parameters":{', b'"parameters":[', id="no JSON"),
    ],
)
async def test_damaged_header(tmp_path: Path, old: bytes, new: bytes) -> None:
    """A header that was changed is not trusted."""
    await fill(tmp_path / "j")
    content = (tmp_path / "j").read_bytes().replace(old, new, 1)
    (tmp_path / "j").write_bytes(content)
    with pytest.raises(ConfigError, match=r"is not a journal|line 1 .* is damaged"):
        await Journal.open(tmp_path / "j", PARAMETERS)

    assert (tmp_path / "j").read_bytes() == content


def _cut(line: bytes) -> bytes:
    return line[: len(line) // 2]


def _renamed(line: bytes) -> bytes:
    return line.replace(b'"occurrence":', b'"x":')


def _as(line: bytes) -> Callable[[bytes], bytes]:
    return lambda _: line


@pytest.mark.parametrize("number", [2, 3, 5])
@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(_cut, id="cut"),
        pytest.param(_as(b""), id="blank"),
        pytest.param(_renamed, id="member"),
        pytest.param(_as(b'{"sent":"AAAA"}'), id="mark"),
        pytest.param(_as(b'{"a":' * 100_000), id="deep"),
    ],
)
async def test_damaged_line(
    tmp_path: Path, number: int, damage: Callable[[bytes], bytes]
) -> None:
    """A whole line that cannot be read is an error with its number."""
    await fill(tmp_path / "j")
    lines = (tmp_path / "j").read_bytes().splitlines()
    lines[number - 1] = damage(lines[number - 1])
    content = b"\n".join([*lines, b""])
    (tmp_path / "j").write_bytes(content)
    with pytest.raises(ConfigError, match=f"line {number} of the journal .* damaged"):
        await Journal.open(tmp_path / "j", PARAMETERS)

    assert (tmp_path / "j").read_bytes() == content


async def test_repeated_line(tmp_path: Path) -> None:
    """Of two lines of one item, as from joined files, the first one counts."""
    await fill(tmp_path / "j")
    lines = (tmp_path / "j").read_bytes().splitlines(keepends=True)
    again = lines[1].replace(b'"index":0', b'"index":9')
    (tmp_path / "j").write_bytes(b"".join([*lines, again]))

    assert await fill(tmp_path / "j") == [0, 1, 2, 3]


@pytest.mark.parametrize("slot", ["=" * 24, "!" * 23 + "A", "A" * 12 + " " * 12])
async def test_odd_slots(tmp_path: Path, slot: str) -> None:
    """A slot that names no item counts, one that was being changed does not."""
    await fill(tmp_path / "j")
    content = (tmp_path / "j").read_text()
    (tmp_path / "j").write_text(
        content.replace('in_flight":"' + " " * 24, 'in_flight":"' + slot)
    )
    journal = await Journal.open(tmp_path / "j", PARAMETERS)
    await journal.aclose()

    assert journal.interrupted == int(" " not in slot)


def _link_to_itself(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("make", "number"),
    [
        pytest.param(Path.mkdir, errno.EISDIR, id="folder"),
        pytest.param(_link_to_itself, errno.ELOOP, id="loop"),
    ],
)
async def test_path_cannot_be_opened(
    tmp_path: Path, make: Callable[[Path], None], number: int
) -> None:
    """A path that cannot be opened fails as the system says it."""
    make(tmp_path / "j")
    with pytest.raises(OSError, match="j") as caught:
        await Journal.open(tmp_path / "j", PARAMETERS)

    assert (caught.value.errno, caught.value.filename) == (number, str(tmp_path / "j"))


async def test_no_parent(tmp_path: Path) -> None:
    """A path in a folder that is not there fails."""
    with pytest.raises(FileNotFoundError) as caught:
        await Journal.open(tmp_path / "folder" / "j", PARAMETERS)

    assert caught.value.filename == str(tmp_path / "folder" / "j")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_read_only_folder(tmp_path: Path) -> None:
    """A folder that may not be written to fails before anything is sent."""
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        await Journal.open(tmp_path / "j", PARAMETERS)


@pytest.mark.parametrize("name", ["pipe", "null"])
async def test_no_regular_file(tmp_path: Path, name: str) -> None:
    """A pipe or a device is no place for a journal."""
    os.mkfifo(tmp_path / "pipe")
    os.symlink(os.devnull, tmp_path / "null")
    with pytest.raises(ConfigError, match="is not a regular file"):
        await Journal.open(tmp_path / name, PARAMETERS)


async def test_two_in_one_process(tmp_path: Path) -> None:
    """A second run on the same file is refused until the first one ends."""
    first = await Journal.open(tmp_path / "j", PARAMETERS)
    with pytest.raises(ConfigError, match="in use by another run"):
        await Journal.open(tmp_path / "j", PARAMETERS)

    await first.aclose()
    second = await Journal.open(tmp_path / "j", PARAMETERS)
    await second.aclose()


async def test_lock_not_supported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system that knows no locks is an error with the file's name."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("openrouter_async.fanout.journal.lock.fcntl.flock", refuse)
    with pytest.raises(OSError, match="No locks available") as caught:
        await Journal.open(tmp_path / "j", PARAMETERS)

    assert caught.value.filename == str(tmp_path / "j")


HOLDER = """
    import asyncio, sys
    from openrouter_async.fanout.journal import Journal

    async def hold():
        journal = await Journal.open(sys.argv[1], {"model": "a/b"})
        print("ready", flush=True)
        sys.stdin.read()

    asyncio.run(hold())
"""


@contextmanager
def held(path: Path) -> Generator[None]:
    """Let another process have the file, and kill it in the end."""
    command = [sys.executable, "-c", textwrap.dedent(HOLDER), str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=UNMEASURED) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"ready\n"
        yield
        holder.kill()


async def test_two_processes(tmp_path: Path) -> None:
    """Another process is kept out, until the one that has the file is killed."""
    with (
        held(tmp_path / "j"),
        pytest.raises(ConfigError, match="in use by another run"),
    ):
        await Journal.open(tmp_path / "j", PARAMETERS)

    assert await fill(tmp_path / "j") == []


KILLED = """
    import asyncio, os, random, sys
    from openrouter_async.fanout.journal import Entry, Journal

    def note(what, index):
        os.write(log, b"%s %d\\n" % (what, index))

    async def work(journal, bodies):
        for index in bodies:
            key = journal.key(b"%d" % (index % 300))
            if await journal.find(key) is not None:
                note(b"found", index)
                continue

            note(b"sending", index)
            journal.sent(key)
            note(b"sent", index)
            await asyncio.sleep(random.random() * 0.05)
            answer = b'"%s"' % (b"x" * random.randrange(5_000))
            await journal.append(key, Entry(index, 1, 0.1, answer, 200))
            note(b"kept", index)

    async def main():
        journal = await Journal.open(sys.argv[1], {"model": "a/b"})
        print(journal.interrupted, flush=True)
        bodies = iter(range(400))
        await asyncio.gather(*(work(journal, bodies) for _ in range(20)))
        await journal.aclose()

    log = os.open(sys.argv[2], os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    asyncio.run(main())
"""


def run_and_kill(folder: Path, number: int, milliseconds: float) -> tuple[int, bool]:
    """Run the script; give what it said was interrupted, and whether it was killed."""
    script = textwrap.dedent(KILLED)
    paths = (str(folder / "j"), str(folder / f"log{number}"))
    command = [sys.executable, "-c", script, *paths]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, env=UNMEASURED) as process:
        assert process.stdout is not None
        interrupted = int(process.stdout.readline())
        timer = threading.Timer(milliseconds / 1000, process.kill)
        timer.start()
        code = process.wait(15)
        timer.cancel()
        timer.join()

    assert code in (0, -9)
    return interrupted, code != 0


def noted(folder: Path, number: int) -> dict[str, set[int]]:
    """Read what the script did before it was killed."""
    notes: dict[str, set[int]] = {
        name: set() for name in ("found", "sending", "sent", "kept")
    }
    for line in (folder / f"log{number}").read_text().splitlines():
        name, index = line.split()
        notes[name].add(int(index))

    return notes


def indices(path: Path) -> list[int]:
    """Read which items have a whole line."""
    lines = path.read_bytes().splitlines(keepends=True)[1:]
    return [json.loads(line)["index"] for line in lines if line.endswith(b"\n")]


async def test_killed_at_random_moments(tmp_path: Path) -> None:
    """No item is lost or sent twice, and what was in flight is counted."""
    least: set[int] = set()
    most: set[int] = set()
    finished: set[int] = set()
    kills = 0
    for number, pause in enumerate((3, 20, 45, 60, 10_000)):
        interrupted, killed = run_and_kill(tmp_path, number, pause)
        assert len(least) <= interrupted <= len(most)

        notes = noted(tmp_path, number)
        kills += killed
        assert not notes["sending"] & finished
        finished = set(indices(tmp_path / "j"))
        assert notes["kept"] <= finished
        # Killed between a note and the journal's own: at most one item.
        least = (least | notes["sent"]) - finished
        most = (most | notes["sending"]) - finished
        assert len(most) - len(least) <= 4

    assert sorted(indices(tmp_path / "j")) == list(range(400))
    assert kills >= 2


async def test_cancelled_while_opening(tmp_path: Path) -> None:
    """An open that nobody waits for any more gives the file back."""
    await fill(tmp_path / "j")
    opening = asyncio.create_task(Journal.open(tmp_path / "j", PARAMETERS))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening

    threads = [
        each for each in threading.enumerate() if each.name.startswith("journal")
    ]
    for thread in threads:
        await asyncio.to_thread(thread.join, 10)

    assert await fill(tmp_path / "j") == [0, 1, 2, 3]
