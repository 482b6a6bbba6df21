"""What happens to a request: key, limits, script, check, answer."""

from __future__ import annotations

import asyncio
import logging
import secrets
from itertools import count
from typing import TYPE_CHECKING, NoReturn

import msgspec
from aiohttp import web

from openrouter_async.testing import journal
from openrouter_async.testing.envelopes import error_body, error_object
from openrouter_async.testing.exchange import (
    Exchange,
    decode_params,
    generation_id,
    read_body,
)
from openrouter_async.testing.limits import Limit, Moment
from openrouter_async.testing.playing import steps_of
from openrouter_async.testing.refusals import (
    InvalidRequestError,
    LimitedError,
    Refusal,
    RefusedError,
)
from openrouter_async.testing.replies import Text, ToolCalls
from openrouter_async.testing.scenes import Pace, Scene, whole
from openrouter_async.testing.script import Scripts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from openrouter_async.testing.behaviours import Behaviour
    from openrouter_async.testing.ledger import Ledger
    from openrouter_async.testing.routing import Router

_logger = logging.getLogger("openrouter_async.testing")
_logger.addHandler(logging.NullHandler())

_SHOWN_CHARACTERS = 4


class Service:
    """
    Answers requests, whatever connection they come over.

    Args:
        router: Knows all operations.
        ledger: Knows what answers cost.
        api_key: The key that a request must carry; None accepts any, and none.
        pace: How fast answers come.
        journal_size: Records to keep; None for all.
        clock: Monotonic time in seconds.
        wall_clock: Seconds since the epoch.

    Attributes:
        journal: What was asked.
        ledger: What it cost.
        scripts: What is to happen.
        limits: Asked in this order.
        idle: Set while nothing is in flight.
    """

    def __init__(
        self,
        router: Router,
        ledger: Ledger,
        *,
        api_key: str | None,
        pace: Pace,
        journal_size: int | None,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
    ) -> None:
        self.journal: journal.Journal = journal.Journal(journal_size)
        self.ledger: Ledger = ledger
        self.scripts: Scripts = Scripts()
        self.limits: Sequence[Limit] = ()
        self.idle: asyncio.Event = asyncio.Event()
        self.idle.set()
        self._router = router
        self._api_key = api_key
        self._pace = pace
        self._clock = clock
        self._wall_clock = wall_clock
        self._salt = secrets.token_hex(8)
        self._numbers = count(1)
        self._tasks: set[asyncio.Task[object]] = set()
        self._closing = False
        self._admitted = 0

    def close(self) -> None:
        """Give up all requests in flight."""
        self._closing = True
        for task in self._tasks:
            task.cancel()

    async def handle(
        self, request: web.BaseRequest, connection: int
    ) -> web.StreamResponse:
        """
        Answer one request and write it into the journal.

        Args:
            request: What arrived.
            connection: Number of the connection it came over.

        Returns:
            The response, which has been sent already.
        """
        exchange = self._arrived(request, connection)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._answer(exchange, request)
        except asyncio.CancelledError:
            # The client went away, or the simulator is being closed. What a
            # behaviour broke off itself comes here as well.
            if not exchange.broken:
                closed = self._closing
                exchange.outcome = journal.CLOSED if closed else journal.DISCONNECTED

            raise
        except ConnectionError:
            exchange.outcome = journal.DISCONNECTED
        finally:
            self._tasks.discard(task)
            self._left(exchange)

        return exchange.response_to_return

    def _arrived(self, request: web.BaseRequest, connection: int) -> Exchange:
        number = next(self._numbers)
        created = int(self._wall_clock())
        record = journal.JournalRecord(
            number=number,
            method=request.method,
            path=request.path_qs,
            headers=_headers(request),
            params={},
            body=b"",
            connection=connection,
            received_at=self._clock(),
            generation_id=generation_id(created, self._salt, number),
        )
        self.journal.arrived(record)
        self.idle.clear()
        return Exchange(request, record, created)

    def _left(self, exchange: Exchange) -> None:
        if exchange.admitted:
            self._admitted -= 1

        record = msgspec.structs.replace(
            exchange.record,
            finished_at=self._clock(),
            status=exchange.status,
            outcome=exchange.outcome,
            behaviour=exchange.behaviour,
            tokens_sent=exchange.tokens_sent,
        )
        if exchange.outcome == journal.DISCONNECTED:
            self.ledger.cancel(exchange)

        self.journal.finished(record, failed=exchange.failed)
        if not self.journal.in_flight:
            self.idle.set()

    async def _answer(self, exchange: Exchange, request: web.BaseRequest) -> None:
        try:
            await self._serve(exchange, request)
        except LimitedError as error:
            await _refuse(exchange, error.refusal, journal.REFUSED)
        except RefusedError as error:
            await _refuse(exchange, error.refusal)
        except web.RequestPayloadError:
            message = "The body cannot be decoded"
            await _refuse(exchange, Refusal(status=400, message=message))
        except Exception as error:
            # What a user's predicate or answer function raises, or the news that
            # the client is gone.
            if isinstance(error, ConnectionError) and _is_gone(request):
                raise

            _logger.exception("the simulator could not answer")
            exchange.outcome = journal.FAILED
            if exchange.response is not None:
                raise

            message = f"{type(error).__name__}: {error}"
            refusal = Refusal(status=500, message=message)
            await _refuse(exchange, refusal, journal.FAILED)

    async def _serve(self, exchange: Exchange, request: web.BaseRequest) -> None:
        await self._receive(exchange, request)
        self._check_key(request)
        route = self._router.find(request.method, exchange.path)
        if route is not None:
            exchange.arguments = route.arguments
            if route.endpoint.limited:
                self._admit(exchange)

        plays = _is_no_reply if route is None else route.endpoint.plays
        behaviour = self.scripts.take(exchange.record, plays)
        if behaviour is not None:
            exchange.meet(behaviour)
            if not behaviour.needs_answer:
                scene = Scene(stream=False, pace=self._pace, render=_render_nothing)
                await self._play(exchange, scene, behaviour)
                return

        if route is None:
            raise RefusedError(self._unknown(exchange.path))

        scene = await route.endpoint.scene(exchange, self._pace, behaviour)
        await self._play(exchange, scene, behaviour)

    def _unknown(self, path: str) -> Refusal:
        methods = self._router.methods(path)
        if not methods:
            return Refusal(status=404)

        return Refusal(status=405, headers={"Allow": ", ".join(methods)})

    async def _receive(self, exchange: Exchange, request: web.BaseRequest) -> None:
        body = await read_body(request)
        params = None if body is None else decode_params(body)
        exchange.record = msgspec.structs.replace(
            exchange.record,
            body=body or b"",
            params=params or {},
            received_at=self._clock(),
        )
        exchange.holds_object = params is not None
        self.journal.updated(exchange.record)
        if body is None:
            raise RefusedError(Refusal(status=413))

    def _check_key(self, request: web.BaseRequest) -> None:
        if self._api_key is None:
            return

        authorization = request.headers.get("Authorization")
        if authorization is None:
            message = "No cookie auth credentials found"
            raise RefusedError(Refusal(status=401, message=message))

        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer" or key != self._api_key:
            raise RefusedError(Refusal(status=401))

    def _admit(self, exchange: Exchange) -> None:
        moment = Moment(
            monotonic=self._clock(),
            wall=self._wall_clock(),
            in_flight=self._admitted,
        )
        for limit in self.limits:
            refusal = limit.decide(moment)
            if refusal is not None:
                raise LimitedError(refusal)

        exchange.admitted = True
        self._admitted += 1

    async def _play(
        self, exchange: Exchange, scene: Scene, behaviour: Behaviour | None
    ) -> None:
        steps = scene.ordinary() if behaviour is None else steps_of(behaviour, scene)
        await exchange.perform(steps, self._pace.events_per_write)


async def _refuse(
    exchange: Exchange, refusal: Refusal, outcome: str = journal.REJECTED
) -> None:
    exchange.outcome = outcome
    error = error_object(refusal.status, refusal.message, metadata=refusal.metadata)
    body = error_body(error, known_user=refusal.status != 401)
    headers = tuple(refusal.headers.items())
    await exchange.perform([whole(refusal.status, body, headers)])


def _headers(request: web.BaseRequest) -> dict[str, str]:
    """Return the headers in lower case, the key hidden."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    authorization = headers.get("authorization")
    if authorization is not None:
        headers["authorization"] = f"...{authorization[-_SHOWN_CHARACTERS:]}"

    return headers


def _is_gone(request: web.BaseRequest) -> bool:
    return request.transport is None or request.transport.is_closing()


def _is_no_reply(behaviour: Behaviour) -> bool:
    return not isinstance(behaviour, Text | ToolCalls)


def _render_nothing(_reply: Text | ToolCalls | None) -> NoReturn:
    message = "there is no ordinary answer"
    raise InvalidRequestError(message)
