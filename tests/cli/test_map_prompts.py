"""`openrouter-async map`: the forms that prompts come in, and lines that are bad."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from openrouter_async.cli.findings import Findings
from openrouter_async.cli.line_fields import BadLineError
from openrouter_async.cli.prompt_files import line_form, open_prompts
from openrouter_async.errors import ConfigError
from openrouter_async.testing import Simulator
from tests.cli.answers import Files, read_lines
from tests.cli.conftest import Invoke


def sent(simulator: Simulator) -> list[object]:
    """Return the prompts that arrived, in an order of their own."""
    return sorted((record.params["prompt"] for record in simulator.journal), key=repr)


async def test_text_is_a_prompt_a_line(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """Blank lines are none; spaces stay, and so does what would be JSON."""
    prompts = files.folder / "prompts.txt"
    prompts.write_bytes('\ufeffCafé\r\n\n  "two" \n \t \n{"prompt": 1}'.encode())

    done = await invoke("map", str(prompts), "-o", str(files.output), "--ordered")

    assert done.code == 0
    assert [(line["line"], line["input"]) for line in files.answers()] == [
        (1, "Café"),
        (3, '  "two" '),
        (5, '{"prompt": 1}'),
    ]
    assert sent(simulator) == ['  "two" ', "Café", '{"prompt": 1}']


async def test_json_lines_are_strings_or_objects(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """All four forms of a prompt can be in an object; blank lines are none."""
    files.prompts.write_bytes(
        b'\xef\xbb\xbf"One"\r\n\n'
        b'  {"prompt": ["a", "b"], "stream": false}  \r\n'
        b'{"prompt": [1, 2]}\n{"prompt": [[1], [2]]}'
    )

    done = await files.map(invoke, "--ordered")

    assert done.code == 0
    assert sent(simulator) == ["One", ["a", "b"], [1, 2], [[1], [2]]]
    assert [line["line"] for line in files.answers()] == [1, 3, 4, 5]


async def test_the_input_is_repeated_to_the_letter(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """With members that are the user's own: those are what rows are joined by."""
    row = '{"id": 7, "prompt": "One", "gold": 1.50, "user": "u"}'
    files.prompts.write_text(row)

    done = await files.map(invoke, "--keep", "gold,user", "--keep", "other")

    assert done.code == 0
    assert simulator.journal[0].params == {"prompt": "One"}
    assert f'"input":{row},' in files.output.read_text()


async def test_members_that_are_not_known_can_be_sent(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """`id` too, if it is named."""
    files.write({"id": 7, "prompt": "One", "novel": [1]})

    done = await files.map(invoke, "--send", "novel, id")

    assert done.code == 0
    assert simulator.journal[0].params == {"id": 7, "prompt": "One", "novel": [1]}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"Hello", "not JSON: invalid character (byte 0)"),
        (b'{"prompt": "a"', "not JSON: it ends too early"),
        (b'"a" "b"', "not JSON: trailing characters (byte 5)"),
        (b"[" * 100_000, "not JSON: nested too deeply"),
        (b'"a\xff"', "not UTF-8 (byte 3 of the line)"),
        (
            b'["a"]',
            "a JSON array is neither a JSON string nor an object; several prompts for"
            ' one request go into {"prompt": [...]}',
        ),
        (b"12", "12 is neither a JSON string nor an object"),
        (b"null", "null is neither a JSON string nor an object"),
        (b'""', "the prompt is empty"),
        (b'{"prompt": ""}', "the prompt is empty"),
        (b'{"text": "a"}', "neither `prompt` nor `messages`"),
        (
            b'{"content": "a"}',
            "no `prompt`; --chat sends `content` as what a user says",
        ),
        (
            b'{"role": "user", "content": "a"}',
            'a message by itself; messages go into {"messages": [...]}',
        ),
        (b'{"prompt": "a", "x": 1, "y": 2}', "no request fields: `x`, `y`"),
        (
            b'{"prompt": "a", "stream": true}',
            "`stream` must be left out: whole answers are written",
        ),
        (
            b'{"prompt": {}}',
            "`prompt` must be a string, a list of strings, a list of token ids or a"
            " list of lists of token ids, not an object",
        ),
    ],
    ids=lambda value: value[:20].decode(errors="replace") if value[:0] == b"" else "",
)
async def test_a_bad_line_is_told_before_anything_is_sent(
    simulator: Simulator, invoke: Invoke, files: Files, line: bytes, reason: str
) -> None:
    """With file, line and reason; the good ones beside it are not sent."""
    files.prompts.write_bytes(b'"One"\n\n' + line + b'\n"Four"\n')

    done = await files.map(invoke)
    told = done.stderr.splitlines()

    assert done.code == 2
    assert told[:2] == [
        f"{files.prompts}:3: {reason}",
        f"error: 1 of 4 lines of {files.prompts} cannot be sent; nothing was sent",
    ]
    assert told[2].startswith("hint: ")
    assert simulator.journal == []
    assert [each.name for each in files.folder.iterdir()] == ["prompts.jsonl"]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Hello\nYou\n", "--format txt takes each line as a prompt"),
        ('"a"\nYou\n', "mend them, or --skip-bad goes on without them"),
        (
            '{"prompt": "a", "x": 1, "gold": 2}\n',
            "--keep x,gold keeps these members out of the requests and in the answers,"
            " --send x,gold sends them; --skip-bad goes on without them",
        ),
    ],
    ids=["text", "mixed", "members"],
)
async def test_the_hint_is_what_helps(
    simulator: Simulator, invoke: Invoke, files: Files, text: str, hint: str
) -> None:
    """Text, damage, and members that are not known are mended differently."""
    files.prompts.write_text(text)

    done = await files.map(invoke)

    assert done.stderr.splitlines()[-1] == f"hint: {hint}"


async def test_utf_16_is_named(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """It is what spreadsheets save."""
    files.prompts.write_bytes('"One"\n'.encode("utf-16"))

    done = await files.map(invoke)

    assert (done.code, done.stderr) == (
        2,
        f"error: {files.prompts}:1: UTF-16; save the file as UTF-8\n",
    )


async def test_of_many_bad_lines_some_are_told(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """And how many there are."""
    files.write(*[0] * 2000, "One")

    done = await files.map(invoke, "--skip-bad", "--json")
    told = json.loads(done.stdout)
    lines = done.stderr.splitlines()

    assert done.code == 0
    assert (len(lines), lines[-1]) == (11, "... and 1,990 more")
    assert (told["skipped"], told["skipped_lines"]) == (2000, [*range(1, 1001)])
    assert files.numbers() == [2001]


async def test_bad_lines_can_be_skipped(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """The summary has their numbers; quiet, nothing is said."""
    files.prompts.write_text('"One"\nbad\n"Three"\n{"prompt": 1}\n')

    shown = await files.map(invoke, "--skip-bad")
    quiet = await files.map(invoke, "--skip-bad", "--quiet")

    assert (shown.code, files.numbers()) == (0, [1, 3])
    assert "\nskipped     2 lines: 2, 4\n" in shown.stderr
    assert (quiet.code, quiet.stderr) == (0, "")


@pytest.mark.parametrize("text", ["", "\n \n"], ids=["empty", "blank"])
async def test_nothing_to_send_is_no_error(
    simulator: Simulator, invoke: Invoke, files: Files, text: str
) -> None:
    """A pipeline that has no rows today is none either."""
    files.prompts.write_text(text)

    done = await files.map(invoke)

    assert (done.code, files.output.read_text()) == (0, "")
    assert "answered    0 of 0\n" in done.stderr


@pytest.mark.parametrize(
    ("options", "stdin"),
    [((), b'"One"\n{"prompt": "Two"}'), (("--format", "txt"), b"One\nTwo")],
    ids=["jsonl", "txt"],
)
async def test_standard_input(
    simulator: Simulator,
    invoke: Invoke,
    files: Files,
    options: tuple[str, ...],
    stdin: bytes,
) -> None:
    """It is JSON lines unless it is said to be text."""
    command = ("map", "-", "-o", str(files.output), *options)

    done = await invoke(*command, stdin=stdin)
    again = await invoke(*command, stdin=stdin)

    assert (done.code, sent(simulator)) == (0, ["One", "Two"])
    assert "2 of them from the journal" in again.stderr


async def test_standard_input_is_named_where_it_is_bad(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """As a file would be."""
    done = await invoke("map", "-", "-o", str(files.output), stdin=b"Hello\n")

    assert done.code == 2
    assert done.stderr.startswith("standard input:1: not JSON: ")


async def test_a_file_that_is_not_there(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """Its name is in the message."""
    done = await files.map(invoke)

    assert (done.code, done.stderr) == (
        2,
        f"error: {files.prompts} cannot be read: No such file or directory\n",
    )


async def test_a_folder_is_no_file(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """Neither of prompts nor of answers."""
    files.write("One")
    folder = str(files.folder)

    read = await invoke("map", folder, "-o", str(files.output))
    written = await invoke("map", str(files.prompts), "-o", folder)

    assert read.stderr == f"error: {folder} cannot be read: Is a directory\n"
    assert written.stderr == f"error: {folder} is a folder: name a file\n"
    assert (read.code, written.code) == (2, 2)


@pytest.mark.parametrize(
    "then",
    [b'"One"\n', b'"One"\n[]\n"Three"\n'],
    ids=["shorter", "damaged"],
)
def test_a_file_that_changes_is_noticed(tmp_path: Path, then: bytes) -> None:
    """What was checked is what is sent, or the run breaks."""
    path = tmp_path / "prompts.jsonl"
    path.write_bytes(b'"One"\n"Two"\n"Three"\n')
    form = line_form(str(path), None, keep=(), send=())

    with open_prompts(str(path), form) as prompts:
        prompts.check()
        path.write_bytes(then)
        with pytest.raises(ConfigError) as caught:
            list(prompts.items())

    assert str(caught.value).startswith(f"{path} was changed while it was in use: it")


def test_what_a_file_grows_by_is_not_read(tmp_path: Path) -> None:
    """Not even what is added to its last line."""
    path = tmp_path / "prompts.txt"
    path.write_bytes(b"One\nTwo")
    form = line_form(str(path), None, keep=(), send=())

    with open_prompts(str(path), form) as prompts:
        prompts.check()
        with path.open("ab") as file:
            file.write(b" and more\nThree\n")

        items = [item["prompt"] for item in prompts.items()]

    assert items == ["One", "Two"]


def test_unknown_names_are_bounded() -> None:
    """A file of the wrong kind may have a new one in each line."""
    found = Findings()
    for number in range(100):
        found.add_bad(number, BadLineError("", unknown=(f"x{number}",)))

    assert len(found.unknown) == 20


async def test_members_are_shown_without_control_characters(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """A file may come from anywhere."""
    files.write({"prompt": "a", "\x1b[2J": 1})

    done = await files.map(invoke)

    assert done.code == 2
    assert "\x1b" not in done.stderr


async def test_lines_are_read_one_at_a_time(
    simulator: Simulator, invoke: Invoke, files: Files
) -> None:
    """Numbers count lines, not prompts."""
    files.prompts.write_text("\n".join(["", '"a"', "", '"b"', ""]))

    await files.map(invoke, "--ordered")

    assert [line["line"] for line in read_lines(files.output.read_text())] == [2, 4]
