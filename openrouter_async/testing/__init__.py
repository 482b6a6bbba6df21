"""A simulator of the OpenRouter API, to test apps with."""

from openrouter_async.testing.behaviours import (
    Behaviour,
    Chunks,
    Comments,
    NoDone,
    Pad,
    RawEvents,
    Respond,
    Slow,
    Stall,
)
from openrouter_async.testing.faults import (
    Cut,
    Disconnect,
    ErrorEvent,
    Fail,
    FailInside,
    Hang,
    HtmlPage,
    Malformed,
)
from openrouter_async.testing.journal import JournalRecord, Statistics
from openrouter_async.testing.limits import (
    InFlightLimit,
    Limit,
    Moment,
    RateLimit,
    WindowLimit,
)
from openrouter_async.testing.refusals import Refusal
from openrouter_async.testing.replies import Text, ToolCall, ToolCalls
from openrouter_async.testing.script import Script
from openrouter_async.testing.simulator import Simulator

__all__ = [
    "Behaviour",
    "Chunks",
    "Comments",
    "Cut",
    "Disconnect",
    "ErrorEvent",
    "Fail",
    "FailInside",
    "Hang",
    "HtmlPage",
    "InFlightLimit",
    "JournalRecord",
    "Limit",
    "Malformed",
    "Moment",
    "NoDone",
    "Pad",
    "RateLimit",
    "RawEvents",
    "Refusal",
    "Respond",
    "Script",
    "Simulator",
    "Slow",
    "Stall",
    "Statistics",
    "Text",
    "ToolCall",
    "ToolCalls",
    "WindowLimit",
]
