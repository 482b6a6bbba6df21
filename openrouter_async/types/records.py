"""What comes back from operations that answer with a record of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

from openrouter_async.types.wire import Received, ResponseMeta


class Record(Received, kw_only=True):
    """
    Hold a record; subclass it for the answers of operations without a type here.

    Members that it does not have are in `to_dict()`: OpenRouter adds them without
    notice.

    Attributes:
        raw: the JSON text of the record as received; empty for one within another
            record.
        meta: the exchange it came from; for an item of a list, that of its page.
    """

    meta: ResponseMeta = msgspec.field(default=ResponseMeta(), name="<meta>")


RecordT_co = TypeVar("RecordT_co", bound=Record, covariant=True)


class RecordList(Record, Generic[RecordT_co], kw_only=True):
    """
    Hold a list of records, whole or a page of it.

    Attributes:
        data: the records, each with its own `raw`.
    """

    data: list[RecordT_co] = []  # noqa: RUF012  # msgspec copies it

    def __iter__(self) -> Iterator[RecordT_co]:
        """Iterate over the records."""
        return iter(self.data)

    def __len__(self) -> int:
        """Return how many records are in this list."""
        return len(self.data)


class RawResponse(Record, kw_only=True):
    """Hold a body as it came, in `raw`; nothing looks into it."""

    @property
    def content_type(self) -> str | None:
        """What the server says that the body is, such as `audio/mpeg`."""
        return self.meta.headers.get("content-type")
