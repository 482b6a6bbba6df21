"""API keys and their management, held in memory."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from openrouter_async.testing.account import WORKSPACE_ID, label_of, usage_members
from openrouter_async.testing.envelopes import USER_ID
from openrouter_async.testing.refusals import Refusal, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from openrouter_async.testing.calls import Call
    from openrouter_async.testing.ledger import Ledger

# The service's own size; the operation has no parameter for it.
PAGE = 100

_CHANGEABLE = ("name", "disabled", "include_byok_in_limit", "limit", "limit_reset")

_Record = dict[str, object]


class KeyRing:
    """
    The keys that were made.

    They can be listed, changed and deleted; none of them opens the simulator.

    Args:
        ledger: Tells the time.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._records: dict[str, _Record] = {}
        self._made = 0

    def clear(self) -> None:
        """Forget all keys."""
        self._records.clear()
        self._made = 0

    def operations(self) -> dict[str, Callable[[Call], object]]:
        """Return what answers, by method and path."""
        return {
            "GET /keys": self.list,
            "POST /keys": self.create,
            "GET /keys/{hash}": self.get,
            "PATCH /keys/{hash}": self.update,
            "DELETE /keys/{hash}": self.delete,
        }

    def list(self, call: Call) -> object:
        """Return a page of keys, the latest first."""
        workspace = call.query.get("workspace_id", WORKSPACE_ID)
        hidden = call.query.get("include_disabled") != "true"
        records = [
            record
            for record in reversed(self._records.values())
            if record["workspace_id"] == workspace
            and not (hidden and record["disabled"])
        ]
        offset = call.number("offset", 0)
        return {"data": records[offset : offset + PAGE]}

    def create(self, call: Call) -> object:
        """Make a key, the only time that it is shown."""
        self._made += 1
        number = str(self._made).encode()
        key = f"sk-or-v1-{hashlib.sha256(b'key' + number).hexdigest()}"
        name = hashlib.sha256(key.encode()).hexdigest()
        limit = call.body.get("limit")
        record: _Record = {
            "hash": name,
            "name": call.body["name"],
            "label": label_of(key),
            "disabled": False,
            "limit": limit,
            "limit_remaining": limit,
            "limit_reset": call.body.get("limit_reset"),
            "include_byok_in_limit": call.body.get("include_byok_in_limit", False),
            **usage_members(0),
            "created_at": self._ledger.now(),
            "updated_at": None,
            "expires_at": call.body.get("expires_at"),
            "creator_user_id": call.body.get("creator_user_id", USER_ID),
            "workspace_id": call.body.get("workspace_id", WORKSPACE_ID),
        }
        self._records[name] = record
        return {"data": record, "key": key}

    def get(self, call: Call) -> object:
        """Return a key."""
        return {"data": self._find(call)}

    def update(self, call: Call) -> object:
        """Change a key."""
        record = self._find(call)
        record.update((k, v) for k, v in call.body.items() if k in _CHANGEABLE)
        record["limit_remaining"] = record["limit"]
        record["updated_at"] = self._ledger.now()
        return {"data": record}

    def delete(self, call: Call) -> object:
        """Delete a key."""
        del self._records[str(self._find(call)["hash"])]
        return {"deleted": True}

    def _find(self, call: Call) -> _Record:
        record = self._records.get(call.path["hash"])
        if record is None:
            raise RefusedError(Refusal(status=404, message="API key not found"))

        return record
