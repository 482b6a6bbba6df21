"""What a run has finished, kept in a file that a later run goes on from."""

from openrouter_async.fanout.journal.journal import Journal
from openrouter_async.fanout.journal.lines import Entry, Key
from openrouter_async.fanout.journal.parameters import RunParameters

__all__ = ["Entry", "Journal", "Key", "RunParameters"]
