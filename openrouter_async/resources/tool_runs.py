"""Conversations in which the model calls functions until it has its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeAlias, TypeVar, cast

import anyio
import msgspec

from openrouter_async.errors import ConfigError, OpenRouterError
from openrouter_async.formats.tool import Tool
from openrouter_async.formats.tool_use import ToolUse, use_tool
from openrouter_async.resources.tool_run_options import (
    checked_params,
    ending_exceptions,
    functions_of,
)
from openrouter_async.types.chat import ChatCompletion
from openrouter_async.types.lenient import is_array, is_object
from openrouter_async.types.messages import Message
from openrouter_async.types.tool_params import ToolParam
from openrouter_async.types.usage import Usage

AnswerT = TypeVar("AnswerT", bound=ChatCompletion)
StructT = TypeVar("StructT", bound=msgspec.Struct)

StopReason: TypeAlias = Literal["answered", "max_steps", "error"]
CreateStep: TypeAlias = Callable[
    [Sequence[Message], Mapping[str, object]], Awaitable[AnswerT]
]
"""Sends one request: its messages, and the other parameters."""

_ATTACHED = "tool_run"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolStep(Generic[AnswerT]):
    """
    Hold one answer of the model, and the calls of tools that it asked for.

    Attributes:
        answer: the answer.
        uses: what became of each call, in the order of the calls.
    """

    answer: AnswerT
    uses: list[ToolUse]


@dataclass(kw_only=True, repr=False)
class ToolRun(Generic[AnswerT]):
    """
    Hold a conversation in which the model called functions.

    Attributes:
        first_messages: what it began with.
        steps: answers of the model, oldest first.
        stop_reason: why it ended: `answered`; `max_steps` where the model would have
            gone on; `error` where an exception ended it.
        usage: tokens and cost of all requests together; None where none was reported.
    """

    first_messages: Sequence[Message]
    steps: list[ToolStep[AnswerT]] = field(default_factory=list[ToolStep[AnswerT]])
    stop_reason: StopReason = "error"
    usage: Usage | None = None

    def __repr__(self) -> str:
        uses = sum(len(step.uses) for step in self.steps)
        told = [self.stop_reason, _counted(len(self.steps), "step")]
        told.append(_counted(uses, "call"))
        if self.cost is not None:
            told.append("$" + f"{self.cost:.8f}".rstrip("0").rstrip("."))

        return f"<ToolRun {', '.join(told)}>"

    @staticmethod
    def of(error: BaseException | None) -> ToolRun[ChatCompletion] | None:
        """
        Return the run that an exception ended, with all that was paid for.

        Args:
            error: what `run_tools` raised, or a TimeoutError that was made of it.
        """
        while error is not None:
            run: object = getattr(error, _ATTACHED, None)
            if isinstance(run, ToolRun):
                return cast("ToolRun[ChatCompletion]", run)

            error = error.__cause__ or error.__context__

        return None

    @property
    def answer(self) -> AnswerT:
        """
        The last answer.

        Raises:
            AttributeError: an exception ended the run before there was any.
        """
        if not self.steps:
            raise AttributeError("the run ended before its first answer")

        return self.steps[-1].answer

    @property
    def cost(self) -> float | None:
        """What all requests cost in credits (US dollars); None where none says it."""
        return None if self.usage is None else self.usage.cost

    @property
    def finished(self) -> bool:
        """Whether the model came to its answer."""
        return self.stop_reason == "answered"

    @property
    def messages(self) -> list[Message]:
        """The whole conversation, ready to be continued: each call has its result."""
        messages = list(self.first_messages)
        for step in self.steps:
            messages.append(step.answer.message)
            messages += [use.message for use in step.uses]

        return messages

    @property
    def errors(self) -> list[BaseException]:
        """What went wrong in calls of tools, in their order."""
        uses = (use for step in self.steps for use in step.uses)
        return [use.error for use in uses if use.error is not None]


async def run_tools(
    create: CreateStep[AnswerT],
    messages: Sequence[Message],
    tools: Sequence[ToolParam],
    params: Mapping[str, object],
    *,
    max_steps: int = 10,
    raises: type[Exception] | Sequence[type[Exception]] = (),
    pin_provider: bool | None = None,
) -> ToolRun[AnswerT]:
    """
    Ask the model, run the tools that it calls, and ask again until it answers.

    The calls of one step run concurrently. An exception, an unknown name or arguments
    that do not match are told to the model, which may do better in the next step.

    Args:
        create: sends one request.
        messages: the conversation so far.
        tools: functions made tools by `tool`, and server tools as mappings.
        params: the other parameters of each request. A `tool_choice` that demands a
            call holds for the first one alone: there would never be an answer. It may
            be one of the tools, or its name.
        max_steps: requests at most. What the last one calls is run as well.
        raises: exceptions of tools that end the run instead of being told: a class, or
            several.
        pin_provider: have one provider serve the whole run. None does so from the
            moment that an answer brings signed or encrypted reasoning, which is of
            no use to any other
            (https://github.com/OpenRouterTeam/ai-sdk-provider/issues/491).

    Returns:
        The run; its `stop_reason` is `answered` or `max_steps`.

    Raises:
        ConfigError: the tools or the options cannot be used; nothing was sent.
        Exception: what `create` raised, or a tool, if it is one of `raises`.
            `ToolRun.of` leads from it to the run so far.
    """
    if max_steps < 1:
        raise ConfigError(f"max_steps must be at least 1, not {max_steps!r}")

    functions = functions_of(tools)
    chosen = checked_params(params, functions)
    loop = _Loop(create, functions, ending_exceptions(raises), pin=pin_provider)
    run: ToolRun[AnswerT] = ToolRun(first_messages=messages)
    try:
        await loop.drive(run, {**chosen, "tools": tools}, max_steps)
    except BaseException as error:
        _attach(run, error)
        raise

    return run


class _Loop(Generic[AnswerT]):
    """Take the steps of a run."""

    def __init__(
        self,
        create: CreateStep[AnswerT],
        functions: Mapping[str, Tool[..., object]],
        raises: tuple[type[BaseException], ...],
        *,
        pin: bool | None,
    ) -> None:
        self._create = create
        self._functions = functions
        self._raises = raises
        self._pin = pin
        self._stopping: BaseException | None = None

    async def drive(
        self, run: ToolRun[AnswerT], params: Mapping[str, object], max_steps: int
    ) -> None:
        for _ in range(max_steps):
            answer = await self._create(run.messages, params)
            uses = [ToolUse(call=call) for call in answer.tool_calls]
            run.steps.append(ToolStep(answer=answer, uses=uses))
            run.usage = summed(run.usage, answer.usage)
            if not uses:
                run.stop_reason = "answered"
                return

            await self._use_tools(uses, cut=answer.finish_reason == "length")
            params = self._next_params(params, answer)

        run.stop_reason = "max_steps"

    async def _use_tools(self, uses: list[ToolUse], *, cut: bool) -> None:
        """Run the tools of a step at once, each in a copy of the context."""
        async with anyio.create_task_group() as group:

            async def finish(place: int, call_of: ToolUse) -> None:
                use = await use_tool(call_of.call, self._functions, cut=cut)
                uses[place] = use
                if isinstance(use.error, self._raises):
                    self._stopping = self._stopping or use.error
                    group.cancel_scope.cancel()

            for place, use in enumerate(uses):
                group.start_soon(finish, place, use)

        if self._stopping is not None:
            raise self._stopping

    def _next_params(
        self, params: Mapping[str, object], answer: AnswerT
    ) -> Mapping[str, object]:
        changed = dict(params)
        choice = params.get("tool_choice")
        if choice == "required" or is_object(choice):
            changed["tool_choice"] = "auto"

        if self._pin or (self._pin is None and _is_signed(answer)):
            pinned = _pinned(params.get("provider"), answer.provider)
            changed.update({} if pinned is None else {"provider": pinned})

        return changed


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _pinned(preferences: object, provider: str | None) -> object:
    """Return preferences that leave one provider; the name in answers will do."""
    known = dict(preferences) if is_object(preferences) else {}
    only = known.get("only")
    if provider is None or (is_array(only) and len(only) == 1):
        return preferences

    return {**known, "only": [provider]}


def _is_signed(answer: ChatCompletion) -> bool:
    """Tell whether an answer has reasoning that only its provider can read again."""
    details = answer.message.reasoning_details or ()
    return any(detail.get("signature") or detail.get("data") for detail in details)


def _attach(run: ToolRun[AnswerT], error: BaseException) -> None:
    """Let an exception lead to the run that it ended."""
    if isinstance(error, OpenRouterError) and error.partial is not None:
        run.usage = summed(run.usage, error.partial.usage)  # it was paid for as well

    error.__dict__[_ATTACHED] = run  # whatever the class makes of attributes


def summed(first: StructT | None, second: StructT | None) -> StructT | None:
    """Add up the counts of two Structs of one type, member by member."""
    if first is None or second is None:
        return second if first is None else first

    members = {
        name: _sum(getattr(first, name), getattr(second, name))
        for name in first.__struct_fields__
    }
    return type(first)(**members)


def _sum(first: object, second: object) -> object:
    if first is None or second is None:
        return second if first is None else first

    if isinstance(first, msgspec.Struct) and isinstance(second, msgspec.Struct):
        return summed(first, second)

    if isinstance(first, bool) or isinstance(second, bool):
        return bool(first or second)

    return cast("float", first) + cast("float", second)
