"""Where answers are written: files that are replaced, and the thread that writes."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from openrouter_async.cli.answer_files import AnswerFile
from openrouter_async.cli.answer_writer import AnswerWriter


def lines(*texts: str, replayed: bool = False) -> list[bytes]:
    """Return lines of answers as they are written."""
    end = f',"replayed":{"true" if replayed else "false"},"error":null}}\n'
    return [f'{{"text":"{text}"{end}'.encode() for text in texts]


FAILED = b'{"text":null,"replayed":false,"error":{"class":"ServerError"}}\n'


def texts(path: Path) -> str:
    """Return the texts of the answers in a file."""
    return " ".join(line.split('"')[3] for line in path.read_text().splitlines())


def test_a_file_without_answers_is_written_to_itself(tmp_path: Path) -> None:
    """`tail -f` shows lines as they come, after failures of earlier runs too."""
    path = tmp_path / "answers"
    path.write_bytes(FAILED)
    target = AnswerFile(str(path), fresh=False)
    target.open()
    target.write(lines("a"))
    before = texts(path)
    target.write(lines("b"))

    assert target.finish(whole=False)
    assert (before, texts(path)) == ("a", "a b")


def test_answers_are_replaced_as_soon_as_as_many_are_replayed(tmp_path: Path) -> None:
    """Before that, the old ones are there; after that, the new ones grow."""
    path = tmp_path / "answers"
    path.write_bytes(b"".join(lines("old", "older")) + FAILED + b'{"text":"torn')
    target = AnswerFile(str(path), fresh=False)
    target.open()
    shown: list[int] = []
    for text, replayed in (("a", True), ("b", False), ("c", True), ("d", False)):
        target.write(lines(text, replayed=replayed))
        shown.append(path.read_text().count("text"))

    target.finish(whole=False)

    assert shown == [4, 4, 3, 4]
    assert texts(path) == "a b c d"
    assert [each.name for each in tmp_path.iterdir()] == ["answers"]


@pytest.mark.parametrize(
    ("whole", "left"), [(True, "a"), (False, "old older")], ids=["whole", "not"]
)
def test_fewer_answers_replace_more_only_if_they_are_all(
    tmp_path: Path, whole: bool, left: str
) -> None:
    """Otherwise the old ones stay, and the new ones are dropped."""
    path = tmp_path / "answers"
    path.write_bytes(b"".join(lines("old", "older")))
    target = AnswerFile(str(path), fresh=False)
    target.open()
    target.write(lines("a", replayed=True))

    assert target.finish(whole=whole) is whole
    assert texts(path) == left
    assert [each.name for each in tmp_path.iterdir()] == ["answers"]


def test_what_an_earlier_run_left_beside_the_answers_is_gone(tmp_path: Path) -> None:
    """One that was killed could not put it in place."""
    path, part = tmp_path / "answers", tmp_path / "answers.part"
    path.write_bytes(b"".join(lines("old")))
    part.write_bytes(b"".join(lines("a", "b", "c")))
    target = AnswerFile(str(path), fresh=False)
    target.open()
    target.write(lines("x"))
    target.finish(whole=True)

    assert (texts(path), part.exists()) == ("x", False)


def test_a_line_that_did_not_fit_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fills up leaves whole lines."""
    path = tmp_path / "answers"
    target = AnswerFile(str(path), fresh=False)
    target.open()
    target.write(lines("one"))
    write = os.write
    room = [len(lines("two")[0]) + 3]

    def fill(descriptor: int, data: bytes) -> int:
        if not room:
            raise OSError(28, "No space left on device")

        return write(descriptor, data[: room.pop()])

    monkeypatch.setattr(os, "write", fill)
    with pytest.raises(OSError, match="No space left"):
        target.write(lines("two", "three"))

    target.finish(whole=False)
    assert texts(path) == "one two"


class Target:
    """Keep what is written, once it may be."""

    def __init__(self, error: Exception | None = None) -> None:
        self.answers = 0
        self.go = threading.Event()
        self.batches: list[int] = []
        self.error = error

    def open(self) -> None:
        """Begin."""

    def write(self, lines: Sequence[bytes]) -> None:
        """Wait, then keep the number of lines."""
        self.go.wait(10)
        if self.error is not None:
            raise self.error

        self.batches.append(len(lines))

    def finish(self, *, whole: bool) -> bool:
        """End."""
        if self.error is not None and not self.batches:
            raise OSError(errno.EIO, "cannot be closed")

        return whole


async def test_lines_are_collected_while_others_are_written() -> None:
    """A slow disk gets few large batches, and nobody waits for it."""
    target = Target()
    writer = AnswerWriter(target)
    await writer.open()
    for _ in range(100):
        await writer.put(b"line\n")

    target.go.set()
    await writer.finish(whole=True)

    assert (target.batches, writer.in_place, writer.error) == ([1, 99], True, None)


async def test_a_reader_that_is_slow_holds_up_who_writes() -> None:
    """What waits is bounded."""
    target = Target()
    writer = AnswerWriter(target)
    block = b"x" * (1 << 20)

    async def fill() -> None:
        for _ in range(20):
            await writer.put(block)

    filling = asyncio.create_task(fill())
    for _ in range(100):
        await asyncio.sleep(0)

    held_up = not filling.done()
    target.go.set()
    await filling
    await writer.finish(whole=True)

    assert held_up
    assert target.batches[:2] == [1, 4]
    assert sum(target.batches) == 20


@pytest.mark.parametrize(
    ("error", "number"),
    [(OSError(errno.ENOSPC, "full"), errno.ENOSPC), (ValueError("closed"), errno.EIO)],
    ids=["disk", "closed"],
)
async def test_after_an_error_nothing_is_written(error: Exception, number: int) -> None:
    """It is the first error that is kept."""
    target = Target(error)
    target.go.set()
    writer = AnswerWriter(target)
    await writer.put(b"one\n")
    await writer.put(b"two\n")
    await writer.finish(whole=True)

    assert writer.error is not None
    assert (writer.error.errno, target.batches) == (number, [])


async def test_what_cannot_be_closed_is_an_error() -> None:
    """Network file systems say so late."""
    target = Target(OSError(errno.EIO, ""))
    writer = AnswerWriter(target)
    await writer.finish(whole=True)

    assert (writer.error is not None, writer.in_place) == (True, True)
