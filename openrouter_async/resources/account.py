"""`GET /credits` and `GET /key`: what there is to spend."""

from __future__ import annotations

from functools import partial
from typing import Unpack

from openrouter_async.resources.options import CallOptions
from openrouter_async.resources.reading import Resource, read
from openrouter_async.transport.decoders import decode_data
from openrouter_async.transport.replies import ReplyReader
from openrouter_async.types.account import Credits, KeyInfo

_CREDITS = ReplyReader(decode=partial(decode_data, into=Credits))
_KEY = ReplyReader(decode=partial(decode_data, into=KeyInfo))


class CreditBalance(Resource):
    """Ask for the balance of the account."""

    async def get(self, **options: Unpack[CallOptions]) -> Credits:
        """
        Return what was bought and used; it takes a management key.

        Args:
            **options: `timeout`, `retry` and `extra_headers`, as in every call.

        Raises:
            ConfigError: something passed cannot be sent; nothing was.
            PermissionDeniedError: the key is no management key.
            OpenRouterError: whatever else ended the call.
        """
        return await read(self._transport, "/credits", _CREDITS, options)


class CurrentKey(Resource):
    """Ask for the limits and counters of the key in use."""

    async def get(self, **options: Unpack[CallOptions]) -> KeyInfo:
        """
        Return the limit of the key, its usage, and its day's counter of free models.

        Args:
            **options: `timeout`, `retry` and `extra_headers`, as in every call.

        Raises:
            ConfigError: something passed cannot be sent; nothing was.
            AuthenticationError: the key is unknown or disabled.
            OpenRouterError: whatever else ended the call.
        """
        return await read(self._transport, "/key", _KEY, options)
