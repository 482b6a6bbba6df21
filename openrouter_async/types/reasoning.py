"""How much a model is to reason, and what of it is shown."""

from __future__ import annotations

from typing import Literal, TypeAlias, TypedDict

ReasoningEffort: TypeAlias = Literal[
    "max", "xhigh", "high", "medium", "low", "minimal", "none"
]


class ReasoningParam(TypedDict, total=False):
    """
    Say how much a model is to reason.

    The published schema has `effort` and `summary` alone; the others are documented,
    and reach the model all the same
    (https://openrouter.ai/docs/use-cases/reasoning-tokens).

    Attributes:
        effort: share of the tokens that reasoning may take.
        max_tokens: how many it may take, in place of `effort`.
        exclude: whether to reason without showing it.
        enabled: whether to reason at all, as much as the model likes.
        summary: how much of it is summed up.
        context: which turns of the conversation keep their reasoning.
        mode: how hard the model tries.
    """

    effort: ReasoningEffort | None
    max_tokens: int | None
    exclude: bool | None
    enabled: bool | None
    summary: Literal["auto", "concise", "detailed"] | None
    context: Literal["auto", "all_turns", "current_turn"] | None
    mode: Literal["standard", "pro"] | None
