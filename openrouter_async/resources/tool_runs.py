"""Conversations in which the model calls functions until it has its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeAlias, TypeVar, cast

import anyio

from openrouter_async.errors import OpenRouterError
from openrouter_async.formats.tool import Tool
from openrouter_async.formats.tool_use import ToolUse, use_tool
from openrouter_async.resources.messages import checked_messages
from openrouter_async.resources.tool_run_options import (
    check_pin,
    check_steps,
    checked_params,
    ending_exceptions,
    functions_of,
    own_params,
)
from openrouter_async.resources.tool_steps import (
    AnswerEnd,
    asked_uses,
    end_of,
    identified,
    is_signed,
    pinned_preferences,
)
from openrouter_async.resources.usage_sums import summed
from openrouter_async.types.chat import ChatCompletion
from openrouter_async.types.lenient import is_object
from openrouter_async.types.messages import Message
from openrouter_async.types.tool_params import ToolParam
from openrouter_async.types.usage import Usage

AnswerT = TypeVar("AnswerT", bound=ChatCompletion)

StopReason: TypeAlias = Literal[AnswerEnd, "max_steps", "error"]
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

    @property
    def messages(self) -> list[Message]:
        """What it adds to the conversation: nothing, where the answer has nothing."""
        message = self.answer.message
        if not message.has_content:
            return []

        return [identified(message, self.uses), *(use.message for use in self.uses)]


@dataclass(kw_only=True, repr=False)
class ToolRun(Generic[AnswerT]):
    """
    Hold a conversation in which the model called functions.

    Attributes:
        first_messages: what it began with.
        steps: answers of the model, oldest first.
        stop_reason: why it ended: `answered`; `cut` where a token limit ended the
            answer, `filtered` where a content filter did; `empty` where it holds
            neither text nor anything like it; `max_steps` where the model would have
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
            error: what `run_tools` raised; or what was made of it, such as a
                TimeoutError, or the group of a TaskGroup, of whose runs it is the
                first.
        """
        ahead = [error]
        seen: set[int] = set()  # causes can form a circle
        while ahead:
            found = ahead.pop()
            if found is None or id(found) in seen:
                continue

            run: object = getattr(found, _ATTACHED, None)
            if isinstance(run, ToolRun):
                return cast("ToolRun[ChatCompletion]", run)

            seen.add(id(found))
            ahead += _led_to(found)

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
        """Whether the model came to its answer, and the answer to its end."""
        return self.stop_reason == "answered"

    @property
    def messages(self) -> list[Message]:
        """The whole conversation, ready to be continued: each call has its result."""
        messages = list(self.first_messages)
        for step in self.steps:
            messages += step.messages

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
        messages: the conversation so far; it is copied.
        tools: functions made tools by `tool`, and server tools as mappings; more of
            them may be in `deferred_tools` of `params`.
        params: the other parameters of each request. A `tool_choice` that demands a
            call holds for the first one alone: there would never be an answer. It may
            be one of the tools, or its name. What a run changes counts in `extra_body`
            too, and wins there.
        max_steps: requests at most. What the last one calls is run as well.
        raises: exceptions of tools that end the run instead of being told: a class, or
            several.
        pin_provider: have one provider serve the whole run. None does so from the
            moment that an answer brings signed or encrypted reasoning, which is of
            no use to any other
            (https://github.com/OpenRouterTeam/ai-sdk-provider/issues/491).

    Returns:
        The run; its `stop_reason` is any but `error`.

    Raises:
        ConfigError: messages, tools or options cannot be used; nothing was sent.
        BaseException: what `create` raised, or a tool, if it is one of `raises` or
            no Exception, such as KeyboardInterrupt. `ToolRun.of` leads from it to the
            run so far.
    """
    check_steps(max_steps)
    check_pin(pin_provider)
    checked_messages(messages)
    given = own_params({**params, "tools": tools} if tools else params)
    functions = functions_of(given)
    chosen = checked_params(given, functions)
    loop = _Loop(create, functions, ending_exceptions(raises), pin=pin_provider)
    run: ToolRun[AnswerT] = ToolRun(first_messages=list(messages))
    try:
        await loop.drive(run, chosen, max_steps)
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
            answer = await self._ask(run, params)
            uses = asked_uses(answer, len(run.messages))
            run.steps.append(ToolStep(answer=answer, uses=uses))
            if not uses:
                run.stop_reason = end_of(answer)
                return

            await self._use_tools(uses, cut=answer.finish_reason == "length")
            params = self._next_params(params, answer)

        run.stop_reason = "max_steps"

    async def _ask(
        self, run: ToolRun[AnswerT], params: Mapping[str, object]
    ) -> AnswerT:
        """Send a request; what came of one that failed was paid for as well."""
        try:
            answer = await self._create(run.messages, params)
        except OpenRouterError as error:
            if error.partial is not None:
                run.usage = summed(run.usage, error.partial.usage)

            raise

        run.usage = summed(run.usage, answer.usage)
        return answer

    async def _use_tools(self, uses: list[ToolUse], *, cut: bool) -> None:
        """Run the tools of a step at once, each in a copy of the context."""
        async with anyio.create_task_group() as group:

            async def finish(place: int, call_of: ToolUse) -> None:
                use = await use_tool(call_of.call, self._functions, cut=cut)
                uses[place] = use
                if self._is_end(use.error):
                    self._stopping = self._stopping or use.error
                    group.cancel_scope.cancel()

            for place, use in enumerate(uses):
                group.start_soon(finish, place, use)

        if self._stopping is not None:
            raise self._stopping

    def _is_end(self, error: BaseException | None) -> bool:
        """Tell whether an exception of a tool ends the run instead of being told."""
        told = isinstance(error, Exception | asyncio.CancelledError | None)
        return not told or isinstance(error, self._raises)

    def _next_params(
        self, params: Mapping[str, object], answer: AnswerT
    ) -> Mapping[str, object]:
        changed = dict(params)
        choice = params.get("tool_choice")
        if choice == "required" or is_object(choice):
            changed["tool_choice"] = "auto"

        if self._pin or (self._pin is None and is_signed(answer)):
            pinned = pinned_preferences(params.get("provider"), answer.provider)
            changed.update({} if pinned is None else {"provider": pinned})

        return changed


def _led_to(error: BaseException) -> Sequence[BaseException | None]:
    """Return what led to an exception, the likeliest to be of a run last."""
    causes = [error.__context__, error.__cause__]
    if not isinstance(error, BaseExceptionGroup):
        return causes

    group = cast("BaseExceptionGroup[BaseException]", error)
    return [*causes, *reversed(group.exceptions)]


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _attach(run: ToolRun[AnswerT], error: BaseException) -> None:
    """Let an exception lead to the run that it ended."""
    error.__dict__[_ATTACHED] = run  # whatever the class makes of attributes
