"""Behaviours after which a request has failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from openrouter_async.testing.behaviours import Behaviour, Headers


@dataclass(frozen=True, slots=True)
class Fault(Behaviour):
    """Something that a client cannot take for an answer."""

    faulty: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Fail(Fault):
    """
    Answer with an HTTP error status and OpenRouter's classic envelope.

    Attributes:
        status: HTTP status.
        message: The error's message; by default what the service says.
        code: The error's code; by default the status.
        error_type: For the metadata, such as `"server"`.
        metadata: Further metadata.
        retry_after: For the header: seconds, or any text, such as an HTTP date.
        headers: Further response headers.
    """

    status: int
    message: str | None = None
    code: int | str | None = None
    error_type: str | None = None
    metadata: Mapping[str, object] | None = None
    retry_after: float | str | None = None
    headers: Headers = ()
    needs_answer: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class FailInside(Fault):
    """
    Answer with status 200 and an error inside.

    Attributes:
        code: The error's code, a number or a string.
        message: The error's message.
        at: `"body"`: an `error` member and no choices (streamed: the only event).
            `"choice"`: in the first choice, with `finish_reason: "error"`.
        after_tokens: Tokens of that choice.
        error_type: For the metadata.
        metadata: Further metadata.
    """

    code: int | str = 502
    message: str | None = None
    at: Literal["body", "choice"] = "body"
    after_tokens: int = 3
    error_type: str | None = None
    metadata: Mapping[str, object] | None = None
    billed: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class ErrorEvent(Fault):
    """
    Break a stream off with an error event.

    A plain request gets an error inside its first choice.

    Attributes:
        after_tokens: Tokens sent before it; 0 makes it the first event.
        code: The error's code, a number or a string.
        message: The error's message.
        done: Whether `[DONE]` follows it.
        error_type: For the metadata.
        metadata: Further metadata.
    """

    after_tokens: int = 3
    code: int | str = 502
    message: str | None = None
    done: bool = False
    error_type: str | None = None
    metadata: Mapping[str, object] | None = None
    billed: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Cut(Fault):
    """
    End the answer too early.

    Attributes:
        after_tokens: Tokens of a stream that are sent; a finish reason never is.
        after_bytes: Bytes of the body that are sent instead. With neither, a
            stream ends after three tokens and a plain body half-way.
        how: `"fin"` closes the connection in mid-body, `"reset"` resets it;
            `"clean"` frames the body properly, only too short, without `[DONE]`.
    """

    after_tokens: int | None = None
    after_bytes: int | None = None
    how: Literal["fin", "reset", "clean"] = "fin"


@dataclass(frozen=True, slots=True)
class Malformed(Fault):
    """
    Send something that is not JSON where JSON belongs.

    Attributes:
        body: The whole body of a plain answer.
        event: The data of one event of a stream, which then goes on.
        after_tokens: Tokens that come before that event.
    """

    body: bytes = b'{"id": "gen-1", "choices": [{"text": "Once'
    event: bytes = b'{"id": "gen-1", "choices": [{"text": "Once'
    after_tokens: int = 3


@dataclass(frozen=True, slots=True)
class HtmlPage(Fault):
    """
    Answer with a page of HTML, as a proxy in between does.

    Attributes:
        status: HTTP status.
        title: Title and heading of the page.
    """

    status: int = 502
    title: str = "Bad gateway"
    needs_answer: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Hang(Fault):
    """Never answer; the connection stays open until the client goes away."""

    needs_answer: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Disconnect(Fault):
    """
    Close the connection instead of answering.

    Attributes:
        how: `"fin"` closes it, `"reset"` resets it.
    """

    how: Literal["fin", "reset"] = "fin"
    needs_answer: ClassVar[bool] = False
