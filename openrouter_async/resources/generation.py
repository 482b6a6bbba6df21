"""`/generation`: what a call used and cost, by OpenRouter's own records."""

from __future__ import annotations

from asyncio import get_running_loop, sleep
from functools import partial
from typing import Protocol, TypeAlias, Unpack

from msgspec import UNSET, structs

from openrouter_async.config import RetryPolicy, is_number
from openrouter_async.errors import (
    ConfigError,
    NotFoundError,
    OpenRouterError,
    printable,
)
from openrouter_async.resources.operations import careful
from openrouter_async.resources.options import CallOptions, retry_for, timeout_for
from openrouter_async.resources.reading import (
    CALL_KEYWORDS,
    Resource,
    explain,
    read,
)
from openrouter_async.transport.codec import encode_body
from openrouter_async.transport.decoders import decode_data
from openrouter_async.transport.hints import CHECK_BASE_URL
from openrouter_async.transport.paths import operation_url
from openrouter_async.transport.replies import ReplyReader, reply_reader
from openrouter_async.types.generation import (
    FeedbackCategory,
    Generation,
    GenerationContent,
)
from openrouter_async.types.lenient import json_members
from openrouter_async.types.wire import AttemptFailure, ResponseMeta

_RECORD = ReplyReader(decode=partial(decode_data, into=Generation))
_CONTENT = ReplyReader(decode=partial(decode_data, into=GenerationContent))
_NOTHING = reply_reader(type(None), repeatable=False)


class Answered(Protocol):
    """Be what came of an exchange: an answer or a stream."""

    @property
    def meta(self) -> ResponseMeta:
        """The exchange."""
        ...


GenerationId: TypeAlias = str | Answered | OpenRouterError | None
"""The id of a generation, or what names it; None, where there is none, is refused."""

_FIRST_WAIT = 0.5  # seconds
_LONGEST_WAIT = 5.0  # seconds
_MESSAGE_KEPT = 200
_FEEDBACK = "/generation/feedback"


class _Looks:
    """Tell of all looks at a record as of the attempts of one call."""

    def __init__(self) -> None:
        self._now = get_running_loop().time
        self._began = self._now()
        self._before = 0.0  # this look, seconds
        self._attempts = 0
        self._history: tuple[AttemptFailure, ...] = ()

    @property
    def elapsed(self) -> float:
        """Seconds since the first look."""
        return self._now() - self._began

    def begin(self) -> None:
        """Take in that a look begins."""
        self._before = self.elapsed

    def missed(self, error: OpenRouterError, wait: float) -> None:
        """Take in a look that found nothing, and how long the next is away."""
        failure = AttemptFailure(
            error=type(error).__name__,
            message=printable(error.message)[:_MESSAGE_KEPT],
            status=error.status,
            code=error.code,
            at=self.elapsed,
            waited=wait,
        )
        self._history = (*self._with(error.history), failure)
        self._attempts += error.attempts

    def told(self, error: OpenRouterError) -> OpenRouterError:
        """Return the error of the last look, which knows of those before."""
        error.history = self._with(error.history)
        error.attempts += self._attempts
        error.elapsed = self.elapsed
        if isinstance(error, NotFoundError) and _is_waited_for(error):
            # The API answered: it is not the place that is wrong.
            hint = (error.hint or "").removeprefix(f"{CHECK_BASE_URL}. ")
            error.hint = f"Is the record still being written? {hint}"

        return error

    def joined(self, meta: ResponseMeta) -> ResponseMeta:
        """Return the meta data of the last look, with those before."""
        return structs.replace(
            meta,
            attempts=meta.attempts + self._attempts,
            history=self._with(meta.history),
            elapsed=self.elapsed,
        )

    def _with(self, history: tuple[AttemptFailure, ...]) -> tuple[AttemptFailure, ...]:
        later = [structs.replace(each, at=each.at + self._before) for each in history]
        return (*self._history, *later)


def _is_waited_for(error: NotFoundError) -> bool:
    """Tell a record that is not there from a page about a path that is not."""
    return error.code is not None or bool(json_members(error.body).get("error"))


class Generations(Resource):
    """Look up what calls used and cost."""

    async def get(
        self,
        id: GenerationId,
        *,
        patience: float = 30.0,
        **options: Unpack[CallOptions],
    ) -> Generation:
        """
        Return the usage record of a generation.

        It is written some time after the answer: seconds as a rule, minutes for free
        models. Until then there is none, which is waited for.

        Args:
            id: of the generation; or the answer, stream or error that names it.
            patience: how long a record that is not there is asked for, seconds.
            **options: `timeout`, `retry` and `extra_headers`, for each look.

        Raises:
            ConfigError: something passed cannot be sent; nothing was.
            NotFoundError: there was no such record within `patience`; or, at once,
                what answered is not the API.
            OpenRouterError: whatever else ended the call.
        """
        if not is_number(patience, 0):
            raise ConfigError(f"patience must be seconds >= 0, not {patience!r}")

        params = {"id": _checked(id)}
        looks, wait = _Looks(), _FIRST_WAIT
        while True:
            looks.begin()
            try:
                record = await read(
                    self._transport, "/generation", _RECORD, options, params
                )
            except NotFoundError as error:
                missing = error
            except OpenRouterError as error:
                raise looks.told(error) from None
            else:
                record.meta = looks.joined(record.meta)
                return record

            if not _is_waited_for(missing) or looks.elapsed + wait > patience:
                raise looks.told(missing)

            looks.missed(missing, wait)
            await sleep(wait)
            wait = min(wait * 1.5, _LONGEST_WAIT)

    async def content(
        self, id: GenerationId, **options: Unpack[CallOptions]
    ) -> GenerationContent:
        """
        Return what was asked and answered, where the account has that stored.

        Args:
            id: of the generation; or what names it, as in `get`.
            **options: `timeout`, `retry` and `extra_headers`, as in every call.

        Raises:
            NotFoundError: it was not stored, or not yet.
            OpenRouterError: whatever else ended the call.
        """
        params = {"id": _checked(id)}
        return await read(
            self._transport, "/generation/content", _CONTENT, options, params
        )

    async def feedback(
        self,
        id: GenerationId,
        *,
        category: FeedbackCategory,
        comment: str | None = None,
        **options: Unpack[CallOptions],
    ) -> None:
        """
        Report what was wrong with a generation.

        Args:
            id: of the generation; or what names it, as in `get`.
            category: what it was.
            comment: in words.
            **options: `timeout`, `retry` and `extra_headers`, as in every call;
                without a policy nothing is sent twice.

        Raises:
            OpenRouterError: whatever ended the call.
        """
        CALL_KEYWORDS.check_all(options)
        transport = self._transport
        members = {"generation_id": _checked(id), "category": category}
        retry = options.get("retry", UNSET)
        policy = retry_for(retry, transport.retry)
        call = transport.call(
            operation_url(transport.base_url, _FEEDBACK),
            encode_body(members | ({} if comment is None else {"comment": comment})),
            timeout=timeout_for(options.get("timeout", UNSET), transport.timeout),
            retry=policy if isinstance(retry, RetryPolicy) else careful(policy),
            headers=options.get("extra_headers") or {},
            may_be_empty=True,
        )
        try:
            await transport.fetch(call, _NOTHING)
        except OpenRouterError as error:
            once = not isinstance(retry, RetryPolicy)
            explain(error, "POST", _FEEDBACK, once=once)
            raise


def _checked(given: object) -> str:
    id: object = given
    if isinstance(given, OpenRouterError):
        id = given.generation_id
    elif isinstance(meta := getattr(given, "meta", None), ResponseMeta):
        id = meta.generation_id

    if isinstance(id, str) and id:
        return id

    if given is None or (given is not id and id is None):
        named = "id" if given is None else f"the id of this {type(given).__name__}"
        raise ConfigError(
            f"{named} is None: the server named no generation, so there is no record"
            " to ask for"
        )

    kind = "empty" if id == "" else f"of type {type(given).__name__}"
    raise ConfigError(
        f"id is {kind}: pass an answer or an error, or its generation id, such as"
        " done.meta.generation_id"
    )
