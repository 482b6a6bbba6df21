"""
Ask about every row of a CSV file, and write the answers beside the rows.

    python fan_out.py reviews.csv answers.csv     columns: id, review
    python fan_out.py                             with 200 rows of its own

Rows are read as they are needed, so the file can be of any length. Answers are kept in
a journal beside the output: run it again after an interruption, or after failures, and
only what is missing is sent.

To see it work against a limit, run `openrouter-async simulate --rate 100` beside it and
export what that prints.
"""

from __future__ import annotations

import asyncio
import csv
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from openrouter_async import MapStatistics, OpenRouter

MODEL = "openai/gpt-4o-mini-base"
COLUMNS = ["id", "answer", "error"]

Row = dict[str, str]


def prompts(reader: csv.DictReader[str], pending: dict[int, Row]) -> Iterator[str]:
    """Yield a prompt per row, and remember the row until its answer is there."""
    for index, row in enumerate(reader):
        pending[index] = row
        yield f"Review: {row['review']}\nOne word for its tone:"


async def ask_all(source: Path, target: Path) -> MapStatistics:
    """Write a line for each row of `source`, in the order in which answers come."""
    pending: dict[int, Row] = {}
    with ExitStack() as files:
        reader = csv.DictReader(files.enter_context(source.open(encoding="utf-8")))
        writer = csv.DictWriter(
            files.enter_context(target.open("w", encoding="utf-8", newline="")), COLUMNS
        )
        writer.writeheader()
        async with (
            OpenRouter() as client,
            client.completions.map(
                prompts(reader, pending),
                model=MODEL,
                max_tokens=4,
                journal=target.with_suffix(".journal"),
            ) as outcomes,
        ):
            async for outcome in outcomes:
                row = pending.pop(outcome.index)
                line = {"id": row["id"]}
                if outcome.error is None:
                    line["answer"] = outcome.value.text.strip()
                else:
                    line["error"] = str(outcome.error)

                writer.writerow(line)

    return outcomes.statistics()


def report(statistics: MapStatistics) -> None:
    """Print how the run went."""
    print(
        f"{statistics.succeeded} answered ({statistics.replayed} by an earlier run),"
        f" {statistics.failed} failed, {statistics.not_sent} not sent,"
        f" {statistics.elapsed:.2f} s, ${statistics.cost:.4f}"
    )
    print(f"{statistics.throttled} of {statistics.requests} requests met a limit")
    if statistics.interrupted:
        print(f"{statistics.interrupted} were sent twice, and may be billed twice")

    if statistics.cause is not None:
        print(f"stopped: {statistics.cause}")


def write_sample(path: Path) -> None:
    """Write a file to try it with."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "review"))
        writer.writerows((f"r{n}", f"It broke after {n} days.") for n in range(200))


def main(arguments: list[str]) -> int:
    """Ask, report, and return the exit status: 0 if every row has an answer."""
    names = arguments or ["reviews.csv", "answers.csv"]
    source, target = (Path(name) for name in names)
    if not arguments:
        write_sample(source)

    statistics = asyncio.run(ask_all(source, target))
    report(statistics)
    whole = statistics.input_ended and statistics.succeeded == statistics.pulled
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
