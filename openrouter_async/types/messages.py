"""What goes into the `messages` of a chat request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Required, TypeAlias, TypedDict

from openrouter_async.types.chat import ChatMessage
from openrouter_async.types.lenient import Json


class CacheControl(TypedDict, total=False):
    """
    Mark the end of what is to be cached.

    Attributes:
        ttl: `5m` or `1h` (https://openrouter.ai/docs/features/prompt-caching).
    """

    type: Required[Literal["ephemeral"]]
    ttl: Literal["5m", "1h"]


class PromptCacheBreakpoint(TypedDict):
    """Mark the end of what OpenAI's models are to cache."""

    mode: Literal["explicit"]


class TextPart(TypedDict, total=False):
    """Hold text."""

    type: Required[Literal["text"]]
    text: Required[str]
    cache_control: CacheControl
    prompt_cache_breakpoint: PromptCacheBreakpoint


class ImageURLParam(TypedDict, total=False):
    """
    Locate an image.

    Attributes:
        url: of the image, or a data URL of it.
        detail: how closely it is looked at.
    """

    url: Required[str]
    detail: Literal["auto", "low", "high", "original"]


class ImagePart(TypedDict, total=False):
    """Hold an image."""

    type: Required[Literal["image_url"]]
    image_url: Required[ImageURLParam]
    cache_control: CacheControl


class InputAudio(TypedDict):
    """
    Hold sound.

    Attributes:
        data: in base64; URLs are not taken.
        format: such as `wav` or `mp3`.
    """

    data: str
    format: str


class AudioPart(TypedDict, total=False):
    """Hold sound."""

    type: Required[Literal["input_audio"]]
    input_audio: Required[InputAudio]
    cache_control: CacheControl


class VideoURL(TypedDict):
    """Locate a video, or hold it in a data URL."""

    url: str


class VideoPart(TypedDict, total=False):
    """Hold a video."""

    type: Required[Literal["video_url", "input_video"]]
    video_url: Required[VideoURL]
    cache_control: CacheControl


class FileParam(TypedDict, total=False):
    """
    Hold a file, such as a PDF.

    Attributes:
        filename: its name.
        file_data: its URL, or a data URL of it.
        file_id: of one that was uploaded.
    """

    filename: str
    file_data: str
    file_id: str


class FilePart(TypedDict, total=False):
    """Hold a file."""

    type: Required[Literal["file"]]
    file: Required[FileParam]
    cache_control: CacheControl


ContentPart: TypeAlias = TextPart | ImagePart | AudioPart | VideoPart | FilePart
Content: TypeAlias = str | Sequence[ContentPart | Mapping[str, Json]]


class SystemMessage(TypedDict, total=False):
    """Say how the model is to behave."""

    role: Required[Literal["system", "developer"]]
    content: Required[str | Sequence[TextPart | Mapping[str, Json]]]
    name: str


class UserMessage(TypedDict, total=False):
    """Say what a user says."""

    role: Required[Literal["user"]]
    content: Required[Content]
    name: str


class FunctionCallParam(TypedDict):
    """Name a function and its arguments, which are JSON text."""

    name: str
    arguments: str


class ToolCallParam(TypedDict):
    """Hold a call that the model asked for."""

    id: str
    type: Literal["function"]
    function: FunctionCallParam


class AssistantMessage(TypedDict, total=False):
    """
    Say what the model has said; the `message` of an answer does it better.

    Attributes:
        reasoning_details: as they came: unmodified, and in their order.
        reasoning_content: another name for `reasoning`, taken on input only.
    """

    role: Required[Literal["assistant"]]
    content: Content | None
    name: str
    refusal: str | None
    reasoning: str | None
    reasoning_content: str | None
    reasoning_details: Sequence[Mapping[str, Json]]
    tool_calls: Sequence[ToolCallParam | Mapping[str, Json]]
    images: Sequence[Mapping[str, Json]]
    audio: Mapping[str, Json]
    annotations: Sequence[Mapping[str, Json]]
    model: str


class ToolMessage(TypedDict):
    """Say what a tool returned."""

    role: Literal["tool"]
    tool_call_id: str
    content: Content


Message: TypeAlias = (
    SystemMessage
    | UserMessage
    | AssistantMessage
    | ToolMessage
    | ChatMessage
    | Mapping[str, Json]
)
"""One message of a conversation; that of an answer goes back as it came."""
