"""The one path of every request for generated text, whatever it is asked as."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from openrouter_async.errors import ConfigError
from openrouter_async.resources.common_options import CommonOptions, common_options
from openrouter_async.resources.keywords import Keywords
from openrouter_async.resources.kinds import AnswerKind
from openrouter_async.resources.options import (
    MapOptions,
    is_streamed,
    request_members,
)
from openrouter_async.transport.bodies import asked_model, asked_tokens
from openrouter_async.transport.calls import Transport
from openrouter_async.transport.codec import encode_body
from openrouter_async.transport.exchange import Call
from openrouter_async.types.lenient import Json, is_object

if TYPE_CHECKING:
    from openrouter_async.fanout.limiter import Limiter
    from openrouter_async.fanout.map import Outcomes
    from openrouter_async.fanout.outcomes import Item, Outcome
    from openrouter_async.types.chat import ChatCompletion
    from openrouter_async.types.completion import Completion

AnswerT = TypeVar("AnswerT", bound="Completion | ChatCompletion")
ItemT = TypeVar("ItemT", bound="Item")

_IN_FLIGHT = 256  # where nobody says


class Operation(Struct, frozen=True, kw_only=True):
    """
    Tell one operation that generates text from another.

    Attributes:
        path: below the base URL.
        own: name of the member that every request has for itself.
        value_of: returns an item of a run, which is no mapping, as that member.
        checked: returns that member as it is sent, or raises ConfigError.
        never_null: fields for which None means "not given".
        converters: by name, what turns a field into JSON.
        checkers: by name, what refuses a request for a field that does not fit it.
        of_calls: keywords that a call takes.
        of_runs: keywords that a run takes, and members that an item of it has.
    """

    path: str
    own: str
    value_of: Callable[[Item], object]
    checked: Callable[[object], Json]
    never_null: frozenset[str]
    converters: Mapping[str, Callable[[object], Json]]
    checkers: Mapping[str, Callable[[Mapping[str, Json]], None]]
    of_calls: Keywords
    of_runs: Keywords


class Verbs:
    """
    Create, stream, map and gather the answers of one operation.

    What a resource adds to it is names and types.

    Args:
        transport: sends the calls.
        limiter: lets those of runs in.
        operation: which one it is.
    """

    def __init__(
        self, transport: Transport, limiter: Limiter, operation: Operation
    ) -> None:
        self.transport: Transport = transport
        self._limiter = limiter
        self._operation = operation
        self._url = transport.base_url / operation.path

    async def create(
        self, own: object, options: Mapping[str, object], kind: AnswerKind[AnswerT]
    ) -> AnswerT:
        """
        Return the answer to a request.

        Args:
            own: its own member.
            options: its fields, and those of `RequestOptions`.
            kind: of the answer.

        Raises:
            OpenRouterError: there is none.
        """
        call = self.call(own, kind.with_options(options), stream=False)
        return await self.transport.fetch(call, kind.reader)

    def call(self, own: object, options: Mapping[str, object], *, stream: bool) -> Call:
        """
        Return a call that makes a request.

        Args:
            own: its own member.
            options: its fields, and those of `RequestOptions`.
            stream: whether the answer is read as it comes.

        Raises:
            ConfigError: it cannot be sent as it is.
        """
        common = self._common(options)  # which refuses some keywords with more to say
        self._operation.of_calls.check_slips(options)
        return self._call(own, common, stream=stream)

    def map(
        self,
        inputs: Iterable[Item] | AsyncIterable[Item],
        options: Mapping[str, object],
        kind: AnswerKind[AnswerT],
    ) -> Outcomes[AnswerT]:
        """
        Return the outcomes of a run over any number of items.

        Args:
            inputs: the items.
            options: fields that all requests share, and those of `MapOptions`.
            kind: of the answers.

        Raises:
            ConfigError: something passed cannot be used; nothing was sent.
        """
        # Imported on first use, as the rest of the fan-out is.
        from openrouter_async.fanout.journal import RunParameters
        from openrouter_async.fanout.map import Outcomes
        from openrouter_async.resources.mapping import CallWork
        from openrouter_async.resources.runs import take_run_options

        rest = {**kind.with_options(options)}
        settings, journal = take_run_options(
            rest, self._limiter, self.transport, _IN_FLIGHT
        )
        common = self._common(rest, in_order=True)
        self._operation.of_runs.check_slips(options)
        self._call(self._operation.value_of(""), common, stream=False)
        common.check_shared(self._operation.own)
        reader = kind.reader
        work = CallWork(
            self.transport,
            partial(self._item_call, common),
            lambda _item: reader,
            kind.decoded,
        )
        made = [name for name in kind.members if options.get(name) is None]
        parameters = RunParameters(
            common.parameters(str(self._url)), dict.fromkeys(made, "parse")
        )
        return Outcomes(inputs, work, self._limiter, settings, journal, parameters)

    async def gather(
        self,
        inputs: Iterable[ItemT] | AsyncIterable[ItemT],
        options: Mapping[str, object],
        kind: AnswerKind[AnswerT],
    ) -> list[Outcome[AnswerT]]:
        """
        Return one outcome for each item, in their order.

        Args:
            inputs: the items.
            options: fields that all requests share, and those of `GatherOptions`.
            kind: of the answers.

        Raises:
            ConfigError: something passed cannot be used; nothing was sent.
            OSError: the journal cannot be opened.
        """
        from openrouter_async.fanout.gather import gather_outcomes

        def start(items: list[ItemT]) -> Outcomes[AnswerT]:
            return self.map(items, options, kind)

        return await gather_outcomes(inputs, start)

    def _common(
        self, options: Mapping[str, object], *, in_order: bool = False
    ) -> CommonOptions:
        """
        Sort call options from fields.

        Args:
            options: both.
            in_order: put the fields in the order of their names. A journal knows
                items by their encoded body, whatever the order in which the arguments
                were written down.
        """
        params_of = self._ordered if in_order else self._converted
        return common_options(options, self.transport, params_of)

    def _ordered(self, params: dict[str, Json]) -> dict[str, Json]:
        given = request_members({}, params, self._operation.never_null)
        return self._converted(_sorted(given))

    def _converted(self, params: dict[str, Json]) -> dict[str, Json]:
        for name, convert in self._operation.converters.items():
            if name in params:
                params[name] = convert(params[name])

        return params

    def _item_call(self, common: CommonOptions, item: Item) -> Call:
        own = self._operation.own
        if not isinstance(item, Mapping):
            return self._call(self._operation.value_of(item), common, stream=False)

        _check_item(item, self._operation.of_runs)
        self._operation.of_runs.check_slips(item)
        given = dict(item)
        common = _with_body(common, given.pop("extra_body", None))
        params = _sorted({**common.params, **self._converted(given)})
        if own not in params:
            hint = "; put a message into a list" if "role" in params else ""
            raise ConfigError(f"an item that is a mapping must hold `{own}`{hint}")

        value = params.pop(own)
        return self._call(value, common.with_params(params), stream=False)

    def _call(self, own: object, common: CommonOptions, *, stream: bool) -> Call:
        operation = self._operation
        required = {operation.own: operation.checked(own)}
        members = request_members(required, common.params, operation.never_null)
        if stream:
            members["stream"] = True

        members.update(common.extra_body or {})

        if is_streamed(members.get("stream")) is not stream:
            raise ConfigError(
                "`stream` decides what is returned: neither extra_body nor a shared"
                " parameter can change it; use stream() or create()"
            )

        for name, check in operation.checkers.items():
            if name in members:
                check(members)

        return self.transport.call(
            self._url,
            encode_body(members),
            timeout=common.timeout,
            retry=common.retry,
            headers=common.extra_headers or {},
            stream=stream,
            model=asked_model(members),
            max_tokens=asked_tokens(members),
        )


_NOT_OF_ITEMS = frozenset({*MapOptions.__optional_keys__, "parse"}) - {"extra_body"}


def _check_item(item: Mapping[str, object], of_runs: Keywords) -> None:
    for name in _NOT_OF_ITEMS.intersection(item):
        if name in of_runs.known:  # an operation without `parse` has more to say
            raise ConfigError(
                f"`{name}` cannot differ from item to item; give it to all of them"
            )


def _with_body(common: CommonOptions, extra_body: Json) -> CommonOptions:
    """Return the options of an item with an `extra_body` of its own, which wins."""
    if extra_body is None:
        return common

    if not is_object(extra_body):
        raise ConfigError("extra_body must be a mapping of request fields")

    return replace(common, extra_body={**(common.extra_body or {}), **extra_body})


def _sorted(members: Mapping[str, Json]) -> dict[str, Json]:
    return {name: members[name] for name in sorted(members, key=str)}
