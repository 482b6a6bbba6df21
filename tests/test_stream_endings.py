from __future__ import annotations

import asyncio

import pytest

from openrouter_async import (
    AdaptiveLimiter,
    APIError,
    ConfigError,
    EventStream,
    OpenRouter,
    ServerError,
    StreamInterruptedError,
)
from tests.operations import served
from tests.scripted import Hang, chunk, event_stream_head, events
from tests.streams import asked, begun, delta, envelope, finish, gone, streamed, usage_chunk

BODY = {"model": "m"}
