"""`openrouter-async map`: a file of prompts, a file of answers."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Annotated, cast

import typer

from openrouter_async.cli.checking import (
    saying_nothing_was_sent,
    saying_what_takes_long,
)
from openrouter_async.cli.connecting import Connection
from openrouter_async.cli.consoles import show_notes
from openrouter_async.cli.conversations import checked_system
from openrouter_async.cli.extra_fields import extra_members
from openrouter_async.cli.map_job import MapJob
from openrouter_async.cli.map_report import MapReport
from openrouter_async.cli.map_run import run_map
from openrouter_async.cli.map_summary import show_report
from openrouter_async.cli.places import find_places
from openrouter_async.cli.prompt_files import (
    Format,
    PromptFile,
    line_form,
    open_prompts,
)
from openrouter_async.cli.prompt_lines import LineForm
from openrouter_async.cli.request_options import (
    AllowHTTP,
    BaseURL,
    Choices,
    Echo,
    Extra,
    Logprobs,
    MaxTokens,
    Model,
    Provider,
    Retries,
    Seed,
    Stop,
    Suffix,
    System,
    Temperature,
    TopP,
    request_params,
)
from openrouter_async.cli.running import exit_codes
from openrouter_async.config import RateLimits
from openrouter_async.fanout.limiter import MAX_PAUSE

_BAD_TOLD = 10
_OWN = {
    "prompt": "each line has its own",
    "messages": "each line has its own",
    "stream": "whole answers are written",
}


def map_prompts(
    context: typer.Context,
    prompts: Annotated[str, typer.Argument(help="A file; - is standard input.")],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="ANSWERS",
            help="A file of JSON lines; - is standard output.",
        ),
    ],
    form: Annotated[
        Format | None,
        typer.Option(
            "--format", help="Of the prompts; else .txt is text, the rest JSON lines."
        ),
    ] = None,
    chat: Annotated[
        bool,
        typer.Option("--chat", help="Send strings and `content` as user messages."),
    ] = False,
    system: System = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="NAMES", help="Members of lines that are not sent."),
    ] = None,
    send: Annotated[
        list[str] | None,
        typer.Option(metavar="NAMES", help="Members of lines that are sent unknown."),
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Go on without lines that are bad.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Write whole answers, as received.")
    ] = False,
    ordered: Annotated[
        bool, typer.Option("--ordered", help="Write answers in the prompts' order.")
    ] = False,
    journal: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="To go on from; by default ANSWERS.journal."),
    ] = None,
    no_journal: Annotated[
        bool, typer.Option("--no-journal", help="Keep nothing to go on from.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start over; forget earlier answers.")
    ] = False,
    max_in_flight: Annotated[
        int | None, typer.Option(min=1, help="Requests at a time; 256.")
    ] = None,
    max_cost: Annotated[
        float | None, typer.Option(metavar="USD", help="Stop before it costs more.")
    ] = None,
    max_pause: Annotated[
        float,
        typer.Option(metavar="S", help="Longest wait for a limit; inf for any."),
    ] = MAX_PAUSE,
    requests_per_minute: Annotated[
        float | None, typer.Option(help="A limit that you know of.")
    ] = None,
    tokens_per_minute: Annotated[
        float | None, typer.Option(help="A limit that you know of.")
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but what is wrong.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Sum up as a JSON object.")
    ] = False,
    model: Model = None,
    max_tokens: MaxTokens = None,
    temperature: Temperature = None,
    top_p: TopP = None,
    n: Choices = None,
    stop: Stop = None,
    seed: Seed = None,
    logprobs: Logprobs = None,
    suffix: Suffix = None,
    echo: Echo = False,
    provider: Provider = None,
    extra: Extra = None,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds for each prompt.")
    ] = None,
    retries: Retries = None,
    base_url: BaseURL = None,
    allow_http: AllowHTTP = False,
) -> None:
    """Send each prompt of a file; run it again to go on where it was stopped."""
    with exit_codes():
        params = request_params(
            model=model,
            max_tokens=max_tokens,
            temperature=temperature,
            top_p=top_p,
            n=n,
            stop=stop or None,
            seed=seed,
            logprobs=logprobs,
            suffix=suffix,
            echo=echo or None,
            provider=provider,
        )
        places = find_places(
            prompts, output, journal, no_journal=no_journal, fresh=fresh
        )
        job = MapJob(
            is_chat=chat,
            params=params,
            system=checked_system(system),
            extra=extra_members(extra, _OWN),
            places=places,
            full=full,
            fresh=fresh,
            ordered=ordered,
            quiet=quiet,
            max_in_flight=max_in_flight,
            max_cost=max_cost,
            max_pause=None if max_pause == math.inf else max_pause,
            rate_limits=_limits(requests_per_minute, tokens_per_minute),
            connection=Connection(
                timeout=timeout,
                retries=retries,
                base_url=base_url,
                allow_http=allow_http,
            ),
            command=_typed(context),
        )
        lines = line_form(
            prompts,
            form,
            keep=keep or (),
            send=send or (),
            chat=chat,
            system=job.system,
        )
        report = _conduct(job, prompts, lines, skip_bad=skip_bad)
        show_report(report, quiet=quiet, as_json=as_json)

    raise typer.Exit(report.exit_code)


def _conduct(
    job: MapJob, prompts: str, lines: LineForm, *, skip_bad: bool
) -> MapReport:
    job.check()
    with ExitStack() as stack:
        with saying_nothing_was_sent():
            file = stack.enter_context(open_prompts(prompts, lines))
            with saying_what_takes_long(file.name):
                file.check()

        if not (job.quiet and skip_bad):
            show_notes(file.bad_lines(_BAD_TOLD))

        file.refuse_mixture()
        if not skip_bad:
            file.refuse_bad()

        return asyncio.run(run_map(_job_of(job, file), file))


def _job_of(job: MapJob, file: PromptFile) -> MapJob:
    """
    Return the job for the kind of lines that a file turned out to have.

    Raises:
        ConfigError: an option is for the other kind.
    """
    if job.is_chat is not file.is_chat:
        job = replace(job, is_chat=file.is_chat)
        job.check()
    elif not (job.is_chat or file.findings.items):
        return _without_journal(job)

    return job


def _without_journal(job: MapJob) -> MapJob:
    """Return a job without items: its journal would be of a kind that nobody chose."""
    if job.fresh:
        return job

    return replace(job, places=replace(job.places, journal=None))


def _limits(requests: float | None, tokens: float | None) -> RateLimits | None:
    if requests is None and tokens is None:
        return None

    return RateLimits(requests_per_minute=requests, tokens_per_minute=tokens)


def _typed(context: typer.Context) -> list[str]:
    return list(cast("Sequence[str]", context.find_root().obj))
