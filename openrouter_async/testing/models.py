"""A few models of the kinds that apps choose between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from openrouter_async.testing.prices import price_of

if TYPE_CHECKING:
    from openrouter_async.testing.prices import Price

_USUAL = (
    "max_tokens", "temperature", "top_p", "top_k", "min_p", "stop", "seed",
    "frequency_penalty", "presence_penalty", "repetition_penalty", "logit_bias",
)  # fmt: skip
_TOOLS = ("tools", "tool_choice", "parallel_tool_calls")
_STRUCTURED = ("response_format", "structured_outputs")
_REASONING = ("reasoning", "include_reasoning")


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelCard:
    """
    What the catalogue knows about a model.

    Attributes:
        id: Author and name.
        name: What people call it.
        created: Seconds since the epoch.
        context_length: Tokens of prompt and answer together.
        max_completion_tokens: Tokens of an answer; None for no limit of its own.
        input_modalities: What it reads.
        output_modalities: What it makes.
        supported_parameters: What a request can set.
    """

    id: str
    name: str
    created: int
    context_length: int
    max_completion_tokens: int | None = None
    input_modalities: tuple[str, ...] = ("text",)
    output_modalities: tuple[str, ...] = ("text",)
    supported_parameters: tuple[str, ...] = _USUAL

    @property
    def author(self) -> str:
        """Who made it."""
        return self.id.partition("/")[0]

    @property
    def price(self) -> Price:
        """What it costs."""
        return price_of(self.id)

    @property
    def mean_price(self) -> float:
        """What it costs on average, in credits for a million tokens."""
        return (self.price.prompt + self.price.completion) / 2


MODELS = (
    ModelCard(
        id="simulator/prose",
        name="Simulator: Prose",
        created=1_735_689_600,
        context_length=131_072,
        supported_parameters=(*_USUAL, *_TOOLS, *_STRUCTURED, *_REASONING, "logprobs"),
    ),
    ModelCard(
        id="anthropic/claude-sonnet-4.5",
        name="Anthropic: Claude Sonnet 4.5",
        created=1_759_161_676,
        context_length=1_000_000,
        max_completion_tokens=64_000,
        input_modalities=("text", "image", "file"),
        supported_parameters=(*_USUAL, *_TOOLS, *_REASONING),
    ),
    ModelCard(
        id="deepseek/deepseek-chat",
        name="DeepSeek: Chat",
        created=1_735_241_320,
        context_length=163_840,
        supported_parameters=(*_USUAL, *_TOOLS, *_STRUCTURED),
    ),
    ModelCard(
        id="google/gemini-2.5-flash-image",
        name="Google: Gemini 2.5 Flash Image",
        created=1_759_870_431,
        context_length=32_768,
        max_completion_tokens=8_192,
        input_modalities=("text", "image"),
        output_modalities=("text", "image"),
        supported_parameters=(*_USUAL, *_STRUCTURED),
    ),
    ModelCard(
        id="meta-llama/llama-3.1-405b",
        name="Meta: Llama 3.1 405B (base)",
        created=1_722_556_800,
        context_length=32_768,
    ),
    ModelCard(
        id="meta-llama/llama-3.3-70b-instruct:free",
        name="Meta: Llama 3.3 70B Instruct (free)",
        created=1_733_506_137,
        context_length=65_536,
        supported_parameters=(*_USUAL, *_TOOLS),
    ),
    ModelCard(
        id="mistralai/mistral-small-3.2-24b-instruct",
        name="Mistral: Mistral Small 3.2 24B",
        created=1_750_443_016,
        context_length=131_072,
        input_modalities=("text", "image"),
        supported_parameters=(*_USUAL, *_TOOLS, *_STRUCTURED),
    ),
    ModelCard(
        id="openai/gpt-4o-mini",
        name="OpenAI: GPT-4o-mini",
        created=1_721_260_800,
        context_length=128_000,
        max_completion_tokens=16_384,
        input_modalities=("text", "image", "file"),
        supported_parameters=(
            *_USUAL, *_TOOLS, *_STRUCTURED, "logprobs", "top_logprobs",
        ),
    ),
    ModelCard(
        id="qwen/qwen3-235b-a22b",
        name="Qwen: Qwen3 235B A22B",
        created=1_745_875_757,
        context_length=40_960,
        supported_parameters=(*_USUAL, *_TOOLS, *_STRUCTURED, *_REASONING),
    ),
)  # fmt: skip

EMBEDDING_MODELS = (
    ModelCard(
        id="openai/text-embedding-3-small",
        name="OpenAI: Text Embedding 3 Small",
        created=1_706_140_800,
        context_length=8_192,
        output_modalities=("embeddings",),
        supported_parameters=(),
    ),
    ModelCard(
        id="qwen/qwen3-embedding-8b",
        name="Qwen: Qwen3 Embedding 8B",
        created=1_749_081_600,
        context_length=32_768,
        output_modalities=("embeddings",),
        supported_parameters=(),
    ),
)
