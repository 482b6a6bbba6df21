"""All operations of the specification, each with what answers it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias, cast

import msgspec

from openrouter_async.testing.calls import CallReader
from openrouter_async.testing.chat.media import PNG
from openrouter_async.testing.dice import Dice
from openrouter_async.testing.documents import Document, DocumentEndpoint
from openrouter_async.testing.instances import make_instance
from openrouter_async.testing.validation import problem_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from openrouter_async.testing.calls import Call
    from openrouter_async.testing.openapi import OperationRules, Specification

JSONObject: TypeAlias = dict[str, object]

_JSON = "application/json"

# Those that use a model: limits hold for them.
_LIMITED = frozenset(
    (
        "POST /audio/speech", "POST /audio/transcriptions", "POST /embeddings",
        "POST /images", "POST /messages", "POST /rerank", "POST /responses",
        "POST /videos",
    )
)  # fmt: skip

# What an answer in bytes holds: the fewest that a file of its kind can have.
_FILES: Mapping[str, tuple[str, bytes]] = {
    "audio/*": ("audio/mpeg", b"\xff\xfb\x90\x00" + bytes(413)),
    "application/octet-stream": ("application/octet-stream", PNG),
    "video/mp4": ("video/mp4", b"\x00\x00\x00\x10ftypisom\x00\x00\x02\x00"),
}
_NO_MORE: Mapping[str, object] = {
    "cursor": None,
    "has_more": False,
    "next": None,
    "next_cursor": None,
}
_WORDS = ("sample",)


def document_endpoints(
    specification: Specification, own: Mapping[str, Callable[[Call], object]]
) -> Iterator[tuple[OperationRules, DocumentEndpoint]]:
    """
    Yield an endpoint for each operation of a specification.

    Args:
        specification: The operations.
        own: What answers some of them, by method and path; the others get an example
            of their answer.

    Yields:
        An operation and what answers it.
    """
    for rules in specification.operations:
        name = f"{rules.method} {rules.path}"
        answer = own.get(name) or Exemplar(rules, specification).answer
        reader = CallReader(rules, specification)
        yield rules, DocumentEndpoint(reader, answer, limited=name in _LIMITED)


class Exemplar:
    """
    Answers one operation with an example of its answer.

    Args:
        rules: The operation.
        specification: Where its schemas are.
    """

    def __init__(self, rules: OperationRules, specification: Specification) -> None:
        self._rules = rules
        self._specification = specification

    def answer(self, call: Call) -> Document:
        """
        Return an answer that satisfies the specification.

        It is the published example if that is valid, otherwise a small instance of
        the schema; with the members of the request that it has as well, and without
        a next page.
        """
        kind = self._rules.content_type
        if kind is None:
            return Document(b"")

        if kind != _JSON:
            content_type, data = _FILES[kind]
            return Document(data, content_type)

        pointer = self._rules.answers[kind]
        # All answers in JSON are objects.
        example = cast("JSONObject", self._example(pointer))
        example = self._kept(pointer, example, _last_page(call, example))
        example = self._kept(pointer, example, _echoing(call, example))
        events = self._events() if call.body.get("stream") is True else None
        return Document(msgspec.json.encode(example), events=events)

    def _events(self) -> list[bytes] | None:
        """Return the one event of a stream, if the operation has any."""
        pointer = self._rules.events
        if pointer is None:
            return None

        message = self._example(pointer)
        if not isinstance(message, dict):
            return None

        members = cast("JSONObject", message)
        name = members.get("event")
        head = b"event: %b\n" % name.encode() if isinstance(name, str) else b""
        return [b"%bdata: %b\n\n" % (head, msgspec.json.encode(members["data"]))]

    def _example(self, pointer: str) -> object:
        medium = self._specification.medium(pointer)
        example = medium.get("example")
        validator = self._specification.validator(pointer)
        if "example" in medium and problem_of(validator, example) is None:
            return example

        dice = Dice(pointer)
        return make_instance(
            medium["schema"], self._specification.document, dice, _WORDS, pointer
        )

    def _kept(self, pointer: str, before: JSONObject, after: JSONObject) -> JSONObject:
        """Return a changed example if it is still valid."""
        validator = self._specification.validator(pointer)
        return before if problem_of(validator, after) else after


def _last_page(call: Call, example: JSONObject) -> JSONObject:
    """Return an example as a list's only page: whoever asks for more gets none."""
    members = {**example}
    members.update((k, v) for k, v in _NO_MORE.items() if k in members)
    data = members.get("data")
    if isinstance(members.get("links"), dict):
        members["links"] = {**cast("JSONObject", members["links"]), "next": None}

    if not isinstance(data, list):
        return members

    items = cast("list[object]", data)
    if "total_count" in members:
        members["total_count"] = len(items)

    skipped = call.number("offset", 0)
    members["data"] = [] if "cursor" in call.query else items[skipped:]
    return members


def _echoing(call: Call, example: JSONObject) -> JSONObject:
    """Return an example with the members that the request had as well."""
    data = example.get("data")
    inner = cast("JSONObject", data) if isinstance(data, dict) else example
    given = {**call.path, **call.body}
    echoed = {name: given.get(name, value) for name, value in inner.items()}
    return echoed if inner is example else {**example, "data": echoed}
