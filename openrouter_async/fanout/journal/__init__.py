"""What a run has finished, kept in a file that a later run goes on from."""

import typing

from openrouter_async import _later
from openrouter_async.fanout.journal.lines import Entry, Key
from openrouter_async.fanout.journal.parameters import RunParameters

if typing.TYPE_CHECKING:
    from openrouter_async.fanout.journal.journal import Journal

__all__ = ["Entry", "Journal", "Key", "RunParameters"]

if not typing.TYPE_CHECKING:
    # Most runs have none.
    __getattr__, __dir__ = _later.later(__name__, __all__, ["journal"])
