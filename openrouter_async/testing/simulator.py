"""The simulator: a server on a loopback port that answers as OpenRouter does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias, cast

from openrouter_async.testing.answers import Completer
from openrouter_async.testing.api import SimulatedAPI
from openrouter_async.testing.checks import check_arguments
from openrouter_async.testing.ledger import Ledger
from openrouter_async.testing.limits import Limit
from openrouter_async.testing.scenes import Pace
from openrouter_async.testing.script import Script
from openrouter_async.testing.server import Server
from openrouter_async.testing.service import Service
from openrouter_async.testing.wire import UsageShape

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from openrouter_async.client import OpenRouter
    from openrouter_async.testing.behaviours import Behaviour
    from openrouter_async.testing.endpoints import AnswerFunction
    from openrouter_async.testing.journal import JournalRecord, Statistics
    from openrouter_async.testing.script import Predicate

Limits: TypeAlias = Limit | Sequence[Limit] | None

API_KEY = "sk-or-v1-simulator"
BASE_PATH = "/api/v1"
DEFAULT_MODEL = "simulator/prose"

_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class Simulator:
    """
    A server that answers as OpenRouter does, without a network and for free.

    The same request always gets the same answer.

    Args:
        host: Address to bind; only this machine can reach the default.
        port: TCP port; 0 takes a free one.
        api_key: The key that requests must carry.
        require_key: Whether they must carry it.
        rate_limit: A limit, or several that are asked in order.
        latency: Seconds before a plain answer, or a stream's first token.
        token_interval: Seconds before each token; a plain answer takes as long
            as all its tokens.
        comments: Comments at the start of a stream.
        comment_interval: Seconds before each of them.
        padding_interval: Seconds between pieces of whitespace that a plain answer
            sends while it waits; None sends none.
        usage_shape: The last chunk of a stream: `"empty_choices"`, or
            `"repeated_finish"` with a choice that repeats its finish reason.
        events_per_write: Events of a stream that are written at a time while no
            interval is between them.
        sentences: The fewest and the most sentences of an answer.
        default_model: Answers requests that name no model.
        credits: What the account has paid in; when the answers have used it up,
            requests get a 402.
        generation_misses: How often `GET /generation` does not find an answer
            before it does.
        generation_delay: Seconds after an answer in which it is not found either.
        journal_size: Requests to keep in the journal, and records of answers;
            None for all.
        clock: Monotonic time in seconds, for limits and the journal.
        wall_clock: Seconds since the epoch.

    Raises:
        TypeError: If an argument is of a wrong type.
        ValueError: If it is out of range, or none of the names that it can be.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str = API_KEY,
        require_key: bool = True,
        rate_limit: Limits = None,
        latency: float = 0.0,
        token_interval: float = 0.0,
        comments: int = 1,
        comment_interval: float = 0.0,
        padding_interval: float | None = None,
        usage_shape: UsageShape = "empty_choices",
        events_per_write: int = 1,
        sentences: tuple[int, int] = (2, 4),
        default_model: str = DEFAULT_MODEL,
        credits: float = 10_000.0,
        generation_misses: int = 1,
        generation_delay: float = 0.0,
        journal_size: int | None = 10_000,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        given = locals()
        given.pop("self")
        check_arguments(Simulator.__init__, **given)
        _check_sentences(*sentences)
        _check_padding(padding_interval)
        self._host = host
        self._port = port
        self._api_key = api_key
        ledger = Ledger(
            credits=credits,
            misses=generation_misses,
            delay=generation_delay,
            size=journal_size,
            clock=clock,
            wall_clock=wall_clock,
        )
        completer = Completer(default_model, sentences)
        self._api = SimulatedAPI(BASE_PATH, completer, ledger, api_key)
        self._service = Service(
            self._api.router,
            ledger,
            api_key=api_key if require_key else None,
            pace=Pace(
                latency=latency,
                token_interval=token_interval,
                comments=comments,
                comment_interval=comment_interval,
                padding_interval=padding_interval,
                usage_shape=usage_shape,
                events_per_write=events_per_write,
            ),
            journal_size=journal_size,
            clock=clock,
            wall_clock=wall_clock,
        )
        self._server: Server | None = None
        self._closed = asyncio.Event()
        self.rate_limit = rate_limit

    def __repr__(self) -> str:
        state = "not started" if self._server is None else self.base_url
        return f"<Simulator {state}>"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def start(self) -> None:
        """
        Accept requests.

        Raises:
            RuntimeError: If it was started before.
            OSError: If the port is taken.
        """
        if self._server is not None or self._closed.is_set():
            message = "a simulator can be started once"
            raise RuntimeError(message)

        server = Server(self._service)
        try:
            self._port = await server.listen(self._host, self._port)
        except BaseException:
            await server.aclose()
            raise

        self._server = server

    async def aclose(self) -> None:
        """Drop all connections at once, also those with requests in flight."""
        server, self._server = self._server, None
        if server is not None:
            await server.aclose()

        self._closed.set()

    async def wait_closed(self) -> None:
        """Wait until the simulator is closed."""
        await self._closed.wait()

    async def wait_idle(self) -> None:
        """Wait until no request is in flight, so that the journal is complete."""
        await self._service.idle.wait()

    @property
    def base_url(self) -> str:
        """
        What a client takes as its base URL.

        Raises:
            RuntimeError: If the port is not known because nothing listens yet.
        """
        if self._port == 0:
            message = "the simulator has not been started"
            raise RuntimeError(message)

        host = _ANY_ADDRESS.get(self._host, self._host)
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{self._port}{BASE_PATH}"

    @property
    def api_key(self) -> str:
        """The key that it accepts."""
        return self._api_key

    @property
    def rate_limit(self) -> Limits:
        """The limits; a new value holds from the next request on."""
        return self._rate_limit

    @rate_limit.setter
    def rate_limit(self, limits: Limits) -> None:
        check_arguments(Simulator.__init__, rate_limit=limits)
        self._rate_limit = limits
        if limits is None:
            self._service.limits = ()
        elif isinstance(limits, Sequence):
            self._service.limits = tuple(limits)
        else:
            self._service.limits = (limits,)

    @property
    def journal(self) -> list[JournalRecord]:
        """The requests so far in order of arrival, those in flight among them."""
        return self._service.journal.records

    def statistics(self) -> Statistics:
        """Return how many requests there were, and how they ended."""
        return self._service.journal.statistics()

    def client(self, **options: object) -> OpenRouter:
        """
        Return a client of this simulator, not opened yet.

        Args:
            options: Further arguments of the client.

        Returns:
            The client; to be closed by the caller.
        """
        # Imported here: who tests another client has no need of this one.
        from openrouter_async.client import OpenRouter

        make = cast("Callable[..., OpenRouter]", OpenRouter)
        return make(self.api_key, base_url=self.base_url, **options)

    def script(self, *behaviours: Behaviour, when: Predicate | None = None) -> Script:
        """
        Let the next requests meet behaviours, one each, in this order.

        A behaviour is met as often as its `times` says; after the last one
        requests are answered as usual. Scripts that are for some requests only go
        before those for all. A Text or ToolCalls waits for a request that can be
        answered so.

        Args:
            behaviours: What is to happen.
            when: Which requests they are for; None for all.

        Returns:
            The script, which can be cancelled.

        Raises:
            TypeError: If something else is among the behaviours.
        """
        script = Script(behaviours, when)
        self._service.scripts.add(script)
        return script

    def answer_with(self, function: AnswerFunction | None) -> None:
        """
        Let a function say what each answer is.

        Args:
            function: Takes the parameters of a request, a text completion's with
                one of its prompts as text in `prompt`; returns the text, or a Text
                or ToolCalls, or None for the usual answer. It may be a coroutine
                function. max_tokens and stop cut a bare text. None restores the
                usual answers.

        Raises:
            TypeError: If it cannot be called.
        """
        if function is not None and not callable(cast("object", function)):
            message = f"answer_with() takes a function, not {function!r}"
            raise TypeError(message)

        self._api.answer_with(function)

    def reset(self) -> None:
        """Forget scripts, answer functions, the journal, costs, keys and limits."""
        self._service.scripts.clear()
        self._service.journal.clear()
        self._api.reset()
        for limit in self._service.limits:
            limit.reset()


def _check_padding(interval: float | None) -> None:
    if interval == 0:
        # A wait that is divided by nothing would never end.
        message = "Simulator.padding_interval must be above 0, or None"
        raise ValueError(message)


def _check_sentences(fewest: int, most: int) -> None:
    if fewest > most:
        message = f"Simulator.sentences must be the fewest and the most, not {fewest}"
        raise ValueError(f"{message} and {most}")
