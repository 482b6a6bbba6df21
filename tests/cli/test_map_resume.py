"""`openrouter-async map` run again: what is sent, written anew, and refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from openrouter_async.fanout.journal.lock import lock, unlock
from openrouter_async.testing import Fail, Simulator
from tests.cli.answers import Files
from tests.cli.conftest import Invoke

PROMPTS = [f"Prompt {number}" for number in range(1, 21)]


@pytest.fixture
def begun(simulator: Simulator, files: Files) -> Files:
    """Give files of twenty prompts; the first request for the fifth one fails."""
    files.write(*PROMPTS)
    simulator.script(Fail(400), when=lambda asked: asked.params["prompt"] == PROMPTS[4])
    return files


async def test_a_second_run_sends_what_is_missing(
    simulator: Simulator, invoke: Invoke, begun: Files
) -> None:
    """The failed one; the output holds each item once, and says what is replayed."""
    first = await begun.map(invoke)
    second = await begun.map(invoke)

    assert (first.code, second.code) == (1, 0)
    assert len(simulator.journal) == 21
    assert begun.numbers() == [*range(1, 21)]
    assert [line["line"] for line in begun.answers() if not line["replayed"]] == [5]
    assert "answered    20 of 20\n            19 of them from the" in second.stderr
    assert not begun.part.exists()


async def test_the_command_that_goes_on_is_the_one_that_was_typed(
    simulator: Simulator, invoke: Invoke, begun: Files
) -> None:
    """With quotes where a shell needs them, and without what would start over."""
    done = await begun.map(invoke, "--stop", "the end", "--fresh")

    words = " ".join(begun.command)
    assert done.stderr.splitlines()[-1] == (
        f"to go on: openrouter-async {words} --stop 'the end'"
    )


async def test_lines_may_move(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """An answer belongs to its request; the number of its line is that of today."""
    files.write("One", "Two", "One")
    await files.map(invoke)
    files.write("Zero", "Two", "One", {"prompt": "One", "id": 4})

    done = await files.map(invoke, "--ordered")

    assert done.code == 0
    assert [(line["input"], line["replayed"]) for line in files.answers()] == [
        ("Zero", False),
        ("Two", True),
        ("One", True),
        ({"prompt": "One", "id": 4}, True),
    ]


async def test_the_output_is_made_again_from_the_journal(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """If it is gone, or has a last line that is torn."""
    files.write("One", "Two")
    await files.map(invoke)
    whole = files.output.read_text()
    files.output.unlink()
    await files.map(invoke)
    again = files.output.read_text()
    files.output.write_text(whole[:-20])
    await files.map(invoke)

    assert len(simulator.journal) == 2
    assert again.count("\n") == 2
    assert files.numbers() == [1, 2]


async def test_a_run_that_comes_to_nothing_takes_no_answer_away(
    simulator: Simulator, invoke: Invoke, begun: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The output stays as it was, and that is said."""
    await begun.map(invoke)
    before = begun.output.read_bytes()
    monkeypatch.setenv("OPENROUTER_API_KEY", "wrong")

    done = await begun.map(invoke, "--max-in-flight=1")

    assert done.code == 1
    assert begun.output.read_bytes() == before
    assert not begun.part.exists()
    assert f"{begun.output} is as an earlier run left it" in done.stderr


async def test_fewer_prompts_make_fewer_answers(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """A run that is whole puts its answers in place, however many."""
    files.write(*PROMPTS)
    await files.map(invoke)
    files.write(*PROMPTS[:3])

    done = await files.map(invoke)

    assert (done.code, files.numbers(), len(simulator.journal)) == (0, [1, 2, 3], 20)


async def test_other_parameters_are_refused(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """In the words of options, with what can be done."""
    files.write("One")
    await files.map(invoke, "--max-tokens=2", '--extra={"top_k": 4}')
    before = files.output.read_bytes()

    done = await files.map(invoke, "--max-tokens=3", "--top-p=1")

    assert (done.code, done.stderr) == (
        2,
        f"error: the journal {files.journal} is of a run with other parameters:"
        " --max-tokens was 2 and is 3; top_k was 4 and is not given; --top-p was not"
        " given and is 1.0: go on with what it was, name another file, or start over"
        " with --fresh\n",
    )
    assert files.output.read_bytes() == before


async def test_another_server_is_another_run(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """Its answers must not be mixed with those that are there."""
    files.write("One")
    await files.map(invoke)

    done = await files.map(invoke, "--base-url=http://127.0.0.1:1")

    assert done.code == 2
    assert ": the base URL was " in done.stderr


async def test_fresh_starts_over(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """Journal and answers are forgotten, and other parameters are fine."""
    files.write("One", "Two")
    await files.map(invoke, "--max-tokens=2")

    done = await files.map(invoke, "--max-tokens=3", "--fresh")

    assert (done.code, len(simulator.journal), files.numbers()) == (0, 4, [1, 2])
    assert [line["replayed"] for line in files.answers()] == [False, False]


async def test_bad_lines_do_not_let_fresh_forget(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """What is there stays until the prompts are known to be good."""
    files.write("One")
    await files.map(invoke)
    before = files.journal.read_bytes(), files.output.read_bytes()
    files.write([])

    done = await files.map(invoke, "--fresh")

    assert done.code == 2
    assert (files.journal.read_bytes(), files.output.read_bytes()) == before


async def test_fresh_forgets_journals_only(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """A file that was named by mistake is left as it is."""
    files.write("One")
    other = files.folder / "notes"
    other.write_text("mine")

    done = await files.map(invoke, "--fresh", f"--journal={other}")

    assert (done.code, other.read_text()) == (2, "mine")
    assert done.stderr == f"error: {other} is not a journal: name another file\n"


async def test_fresh_leaves_a_journal_alone_that_is_in_use(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """Its run would lose what it has paid for."""
    files.write("One")
    await files.map(invoke)
    with files.journal.open() as other:
        lock(other.fileno())
        forced = await files.map(invoke, "--fresh")
        plain = await files.map(invoke)
        unlock(other.fileno())

    assert (forced.code, plain.code) == (2, 2)
    assert " is in use by another run" in forced.stderr
    assert plain.stderr.endswith(": wait for its end, or name another file\n")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ((), "there is no journal {} to go on from"),
        (("--no-journal",), "without a journal a run cannot go on from them"),
    ],
    ids=["lost", "unwanted"],
)
async def test_answers_without_a_journal_are_not_written_over(
    simulator: Simulator,
    invoke: Invoke,
    files: Files,
    options: tuple[str, ...],
    error: str,
) -> None:
    """They may be all that is left of what was paid for."""
    files.write("One")
    files.output.write_text("mine\n")

    done = await files.map(invoke, *options)
    forced = await files.map(invoke, *options, "--fresh")

    assert (done.code, done.stderr) == (
        2,
        f"error: {files.output} has answers, and {error.format(files.journal)}\n"
        "hint: name another file, or --fresh writes this one anew\n",
    )
    assert (forced.code, files.numbers()) == (0, [1])


async def test_without_a_journal_there_is_nothing_to_go_on_from(
    simulator: Simulator, invoke: Invoke, begun: Files
) -> None:
    """Nothing is said of going on, and no file is left beside the answers."""
    done = await begun.map(invoke, "--no-journal")

    assert done.code == 1
    assert "to go on" not in done.stderr
    assert not begun.journal.exists()


async def test_a_journal_can_be_elsewhere(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """Also one for answers that go to standard output: they all come again."""
    files.write("One", "Two")
    journal = files.folder / "other"
    command = ("map", str(files.prompts), "-o", "-", f"--journal={journal}")

    first = await invoke(*command)
    second = await invoke(*command)

    assert len(simulator.journal) == 2
    assert first.stdout.count("\n") == second.stdout.count("\n") == 2
    assert '"replayed":true' in second.stdout


@pytest.mark.parametrize(
    ("options", "roles"),
    [
        (("-o", "prompts.jsonl"), "the answers and the prompts"),
        (("-o", "x", "--journal", "prompts.jsonl"), "the journal and the prompts"),
        (("-o", "./x", "--journal", "x"), "the answers and the journal"),
        (("-o", "link"), "the answers and the prompts"),
    ],
    ids=["output", "journal", "both", "link"],
)
async def test_a_file_has_one_role(
    simulator: Simulator,
    invoke: Invoke,
    files: Files,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    roles: str,
) -> None:
    """Prompts must not be written over."""
    files.write("One")
    monkeypatch.chdir(files.folder)
    Path("link").symlink_to("prompts.jsonl")

    done = await invoke("map", "prompts.jsonl", *options)

    assert done.code == 2
    assert done.stderr.endswith(f" cannot be {roles} at once\n")
    assert simulator.journal == []


async def test_a_link_stays_one(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """What it leads to is written anew, with the mode that it has."""
    files.write("One", "Two")
    elsewhere = files.folder / "elsewhere"
    elsewhere.touch()
    elsewhere.chmod(0o600)
    files.output.symlink_to(elsewhere)

    await files.map(invoke)
    await files.map(invoke)

    assert files.output.is_symlink()
    assert elsewhere.read_text().count("\n") == 2
    assert elsewhere.stat().st_mode & 0o777 == 0o600


async def test_a_folder_that_is_not_there(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """It is not made: its name may be a mistake."""
    files.write("One")

    done = await invoke("map", str(files.prompts), "-o", str(files.folder / "x" / "y"))

    assert done.code == 2
    assert done.stderr.endswith(f": there is no folder {files.folder / 'x'}\n")


async def test_another_output_beside_the_same_journal(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """The journal is what is gone on from."""
    files.write("One", "Two")
    await files.map(invoke)
    other = files.folder / "other.jsonl"
    shutil.copy(files.journal, f"{other}.journal")

    done = await invoke("map", str(files.prompts), "-o", str(other))

    assert (done.code, len(simulator.journal)) == (0, 2)
    assert other.read_text().count("\n") == 2
