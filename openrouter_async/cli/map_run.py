"""Sends the prompts of a file and writes their answers, until all have one."""

from __future__ import annotations

import asyncio
import sys
import time

from openrouter_async.cli.answer_files import answer_target
from openrouter_async.cli.answer_lines import answer_line
from openrouter_async.cli.answer_writer import AnswerWriter
from openrouter_async.cli.connecting import PLACES, name_base_url
from openrouter_async.cli.consoles import stderr_console
from openrouter_async.cli.map_job import MapJob
from openrouter_async.cli.map_report import MapReport, Outcomings, cause_text
from openrouter_async.cli.places import STDOUT, forget
from openrouter_async.cli.progress import REFRESH, end_echo, gauge
from openrouter_async.cli.prompt_files import PromptFile
from openrouter_async.cli.running import drop_output
from openrouter_async.cli.stopping import stopping
from openrouter_async.errors import ConfigError, NotSentError, OpenRouterError


async def run_map(job: MapJob, prompts: PromptFile) -> MapReport:
    """
    Send what the journal has no answer to, and write all answers.

    Raises:
        ConfigError: nothing was sent, as journal or output cannot be used.
    """
    run = _MapRun(job, prompts)
    await run.conduct()
    return run.report()


class _MapRun:
    def __init__(self, job: MapJob, prompts: PromptFile) -> None:
        self._job = job
        self._prompts = prompts
        self._writer = AnswerWriter(answer_target(job.places, fresh=job.fresh))
        self._counts = Outcomings()
        self._client = job.client()
        self._outcomes = job.outcomes(self._client, prompts.items())
        self._began = asyncio.get_running_loop().create_future()
        self._started = time.monotonic()
        self._interrupted = False
        self._cut_off = 0
        self._crash: Exception | None = None

    async def conduct(self) -> None:
        """Go through all prompts, show how it goes, and close everything."""
        working = asyncio.create_task(self._work(), name="openrouter-async map")

        def interrupt() -> None:
            if not working.done():
                self._interrupted = True
                self._count_cut_off()
                working.cancel()

        with stopping(interrupt):
            try:
                await self._watch(working)
            except asyncio.CancelledError:
                interrupt()

            await asyncio.wait({working})
            self._interrupted &= working.cancelled()
            ended = self._outcomes.statistics().input_ended
            whole = ended and not self._interrupted and self._cause() is None
            await self._writer.finish(whole=whole)
            if not working.cancelled():
                working.result()

    async def _work(self) -> None:
        try:
            if self._job.fresh and self._job.places.journal is not None:
                forget(self._job.places.journal)

            async with self._client, self._outcomes:
                await self._writer.open()
                self._began.set_result(None)
                await self._consume()
        except (OSError, OpenRouterError) as exc:
            self._crash = exc

        if self._crash is not None and not self._began.done():
            raise _refusal(self._crash)

    async def _consume(self) -> None:
        async for outcome in self._outcomes:
            if outcome.error is not None:
                name_base_url(outcome.error, self._client, *PLACES)

            self._counts.add(outcome)
            if isinstance(outcome.error, NotSentError):
                continue  # what was not tried has no line: most of it was not pulled

            await self._writer.put(answer_line(outcome, full=self._job.full))
            if self._writer.error is not None:
                self._count_cut_off()
                return

    def _count_cut_off(self) -> None:
        """Take note of what is under way, before it is cancelled."""
        self._cut_off = self._cut_off or self._outcomes.statistics().in_flight

    async def _watch(self, working: asyncio.Task[None]) -> None:
        await asyncio.wait({working, self._began}, return_when=asyncio.FIRST_COMPLETED)
        if not self._began.done():
            return

        console, loop = stderr_console(), asyncio.get_running_loop()
        total, silent = self._prompts.findings.items, self._is_silent()
        with gauge(console, total, silent=silent) as shown:
            while not (working.done() or self._interrupted or self._writer.error):
                shown.show(self._outcomes.statistics(), loop.time())
                await asyncio.wait({working}, timeout=REFRESH)

            if self._writer.error is None:
                shown.show(self._outcomes.statistics(), loop.time())

        if self._interrupted:
            end_echo(console)
        else:
            if self._writer.error is not None:
                self._count_cut_off()

            working.cancel()  # the output broke, or it is over

    def _is_silent(self) -> bool:
        """Tell whether a display would not be wanted, or be mixed with answers."""
        mixed = self._job.places.output == STDOUT and sys.stdout.isatty()
        return self._job.quiet or mixed

    def _cause(self) -> Exception | None:
        if self._writer.error is None:
            return self._crash or self._outcomes.statistics().cause

        broken = self._writer.error
        return OSError(broken.errno, broken.strerror, self._job.places.output)

    def report(self) -> MapReport:
        """
        Return how it went.

        Raises:
            BrokenPipeError: nobody reads standard output any more.
        """
        broken = self._writer.error
        if broken is not None and self._job.places.output == STDOUT:
            if isinstance(broken, BrokenPipeError):
                raise BrokenPipeError

            drop_output()

        return MapReport(
            findings=self._prompts.findings,
            statistics=self._outcomes.statistics(),
            counts=self._counts,
            cause=self._cause(),
            interrupted=self._interrupted,
            cut_off=self._cut_off,
            places=self._job.places,
            written=self._writer.answers,
            output_failed=broken is not None,
            displaced=not self._writer.in_place,
            seconds=time.monotonic() - self._started,
            command=self._job.command,
        )


def _refusal(crash: Exception) -> OpenRouterError:
    """Return the error of a run that could not begin."""
    if isinstance(crash, OpenRouterError):
        return crash

    return ConfigError(cause_text(crash))
