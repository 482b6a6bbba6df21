"""What comes back from operations that answer with a record of their own."""

from __future__ import annotations

import msgspec

from openrouter_async.types.wire import Received, ResponseMeta


class Record(Received, kw_only=True):
    """
    Hold a record; subclass it for the answers of operations without a type here.

    Members that it does not have are in `to_dict()`: OpenRouter adds them without
    notice.

    Attributes:
        raw: the JSON text of the record as received.
        meta: the exchange it came from.
    """

    meta: ResponseMeta = msgspec.field(default=ResponseMeta(), name="<meta>")


class RawResponse(Record, kw_only=True):
    """Hold a body as it came, in `raw`; nothing looks into it."""

    @property
    def content_type(self) -> str | None:
        """What the server says that the body is, such as `audio/mpeg`."""
        return self.meta.headers.get("content-type")
