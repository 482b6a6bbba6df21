"""
Play scripts of bytes to whoever connects: no framework, no HTTP of its own.

A script is a list of steps for one connection, and connection number k gets script
number k. A connection past the last script is refused: reset as soon as it is
accepted, and marked so in the journal, so that a test sees each attempt it did not
expect. Scripts may be endless (`itertools.repeat(script)`).

After its last step a connection stays open, as a keep-alive server leaves it, until
the client closes it. A byte more than the script foresaw closes it and is kept in
`Connection.surplus`.
"""

from tests.scripted.journal import Connection, Outcome, Request, ScriptError
from tests.scripted.server import ScriptedServer
from tests.scripted.steps import (
    Drip,
    Fin,
    Hang,
    Pause,
    ReadBody,
    ReadBytes,
    ReadHead,
    Reset,
    Script,
    Send,
    Step,
    Wait,
    exchange,
)
from tests.scripted.wire import chunk, event_stream_head, events, http_response

__all__ = [
    "Connection",
    "Drip",
    "Fin",
    "Hang",
    "Outcome",
    "Pause",
    "ReadBody",
    "ReadBytes",
    "ReadHead",
    "Request",
    "Reset",
    "Script",
    "ScriptError",
    "ScriptedServer",
    "Send",
    "Step",
    "Wait",
    "chunk",
    "event_stream_head",
    "events",
    "exchange",
    "http_response",
]
