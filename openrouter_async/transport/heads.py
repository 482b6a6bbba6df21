"""Heads of responses that are no use, though their status is that of an answer."""

from __future__ import annotations

from openrouter_async.errors import APIConnectionError, ResponseDecodeError

_EVENT_STREAM = "text/event-stream"
# What aiohttp decodes; br and zstd where it can, else it has refused the head.
_DECODED = frozenset({"", "identity", "gzip", "deflate", "br", "zstd"})


def check_status(status: int) -> None:
    """
    Refuse a head behind which there is no answer to come.

    Raises:
        APIConnectionError: it is of another protocol, or of none.
    """
    if status < 200:
        told = f"the server answered {status}, which nobody asked for"
        raise APIConnectionError(told, kind="ambiguous")


def check_encoding(encoding: str, *, uncompressed: bool) -> None:
    """
    Refuse a body that cannot be decoded, or whose end could not be seen.

    Args:
        encoding: the head's `Content-Encoding`.
        uncompressed: whether it was asked for like that. aiohttp takes a cut gzip
            body for a whole one, and nothing else tells where one of any kind ends.

    Raises:
        ResponseDecodeError: it is of no use; asking again would not change that.
    """
    name = encoding.strip().lower()
    if name not in _DECODED:
        raise _refused(
            f"the answer has the content encoding {name!r}, which is unknown"
        )

    if uncompressed and name not in ("", "identity"):
        problem = f"the answer is compressed ({name}), though that was not asked for"
        raise _refused(f"{problem}: nothing would tell if it was cut")


def check_kind(content_type: str, *, stream: bool) -> None:
    """
    Refuse a stream of events in place of an answer: it may go on for ever.

    Args:
        content_type: of the body, without parameters.
        stream: whether one was asked for, or anything at all.

    Raises:
        ResponseDecodeError: it was not.
    """
    if content_type == _EVENT_STREAM and not stream:
        raise _refused("the answer is a stream of events, though none was asked for")


def _refused(problem: str) -> ResponseDecodeError:
    return ResponseDecodeError(problem, kind="final")
