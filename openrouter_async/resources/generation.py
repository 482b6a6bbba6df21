"""`/generation`: what a call used and cost, by OpenRouter's own records."""

from __future__ import annotations

from asyncio import sleep
from functools import partial
from typing import Protocol, TypeAlias, Unpack

from msgspec import UNSET

from openrouter_async.config import RetryPolicy, is_number
from openrouter_async.errors import ConfigError, NotFoundError, OpenRouterError
from openrouter_async.resources.looks import Looks, is_waited_for
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
from openrouter_async.transport.paths import operation_url
from openrouter_async.transport.replies import ReplyReader, reply_reader
from openrouter_async.types.generation import (
    FeedbackCategory,
    Generation,
    GenerationContent,
)
from openrouter_async.types.wire import ResponseMeta

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
_FEEDBACK = "/generation/feedback"


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
            patience: how long a record that is not there is asked for, seconds; a
                total time, as below, may end it earlier.
            **options: `timeout`, `retry` and `extra_headers`. A number of seconds, and
                `Timeout.total`, bound all looks together and the waits between them;
                the other timers and `retry` are those of each look.

        Raises:
            ConfigError: something passed cannot be sent; nothing was.
            NotFoundError: there was no such record within `patience`, or there is no
                time left to look again; or, at once, what answered is not the API.
            APITimeoutError: the total time ran out during a look.
            OpenRouterError: whatever else ended the call.
        """
        if not is_number(patience, 0):
            raise ConfigError(f"patience must be seconds >= 0, not {patience!r}")

        CALL_KEYWORDS.check_known(options)
        params = {"id": _checked(id)}
        timeout = timeout_for(options.get("timeout", UNSET), self._transport.timeout)
        looks, wait = Looks(timeout), _FIRST_WAIT
        while True:
            given: CallOptions = {**options, "timeout": looks.begin()}
            try:
                record = await read(
                    self._transport, "/generation", _RECORD, given, params
                )
            except NotFoundError as error:
                missing = error
            except OpenRouterError as error:
                raise looks.told(error) from None
            else:
                record.meta = looks.joined(record.meta)
                return record

            if not is_waited_for(missing) or looks.elapsed + wait > patience:
                raise looks.told(missing)

            if looks.has_no_time_for(wait):
                raise looks.told_as_last(missing)

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
            ConfigError: something passed cannot be sent; nothing was.
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
            ConfigError: something passed cannot be sent; nothing was.
            OpenRouterError: whatever ended the call.
        """
        CALL_KEYWORDS.check_known(options)
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
