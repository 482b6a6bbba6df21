"""What a map sends, and how: as text completions or as chat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from openrouter_async.cli.connecting import Connection
from openrouter_async.cli.field_names import CHAT_FIELDS, TEXT_FIELDS
from openrouter_async.cli.line_fields import SYSTEM
from openrouter_async.cli.places import Places
from openrouter_async.cli.prompt_lines import PromptItem
from openrouter_async.cli.request_options import chat_params
from openrouter_async.client import OpenRouter
from openrouter_async.config import RateLimits
from openrouter_async.fanout.map import Outcomes
from openrouter_async.resources.chat import ChatMapParams
from openrouter_async.resources.completions import CompletionMapParams
from openrouter_async.types.chat import ChatCompletion
from openrouter_async.types.completion import Completion
from openrouter_async.types.completion_params import CompletionParams

AnyOutcomes: TypeAlias = Outcomes[Completion] | Outcomes[ChatCompletion]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapJob:
    """
    Hold what to send, and how.

    Attributes:
        is_chat: whether it goes to chat completions.
        params: fields that all prompts share; those of a line win over them.
        system: what conversations begin with; None for nothing.
        extra: further members; they win over `params`, a line over them.
        places: of answers and journal.
        full: whether to write the whole answers.
        fresh: whether to start over.
        ordered: whether answers come in the order of the prompts.
        quiet: whether to say nothing but errors.
        max_in_flight: requests at a time; None for the usual number.
        max_cost: USD; None for any.
        max_pause: longest pause that is waited out, seconds; None for any.
        rate_limits: that are known.
        connection: how the API is reached.
        command: what was typed, for the one that goes on.
    """

    is_chat: bool
    params: CompletionParams
    system: str | None
    extra: Mapping[str, object]
    places: Places
    full: bool
    fresh: bool
    ordered: bool
    quiet: bool
    max_in_flight: int | None
    max_cost: float | None
    max_pause: float | None
    rate_limits: RateLimits | None
    connection: Connection
    command: Sequence[str]

    def client(self) -> OpenRouter:
        """
        Return the client that sends.

        Raises:
            ConfigError: there is no key, or a setting cannot be used.
        """
        return self.connection.client(self.rate_limits)

    def check(self) -> None:
        """
        Refuse settings now, rather than after the check of a long file.

        Raises:
            ConfigError: one cannot be used.
        """
        self.outcomes(self.client(), ())

    def outcomes(
        self, opened: OpenRouter, prompts: Iterable[PromptItem]
    ) -> AnyOutcomes:
        """
        Return the map.

        Raises:
            ConfigError: a setting cannot be used.
        """
        if self.is_chat:
            params = self._shared(chat_params(self.params), CHAT_FIELDS)
            if self.system is not None:
                params[SYSTEM] = self.system

            return opened.chat.completions.map(prompts, **cast("ChatMapParams", params))

        text = cast("CompletionMapParams", self._shared(self.params, TEXT_FIELDS))
        return opened.completions.map(prompts, **text)

    def _shared(
        self, params: Mapping[str, object], known: frozenset[str]
    ) -> dict[str, object]:
        # As keywords, lines win over them; others may have names that Python has taken.
        typed = {name: each for name, each in self.extra.items() if name in known}
        beside = {name: each for name, each in self.extra.items() if name not in known}
        return {
            "max_in_flight": self.max_in_flight,
            "ordered": self.ordered,
            "journal": self.places.journal,
            "max_cost": self.max_cost,
            "max_pause": self.max_pause,
            "extra_body": beside or None,
            **params,
            **typed,
        }
