"""The way through the pages of a list: where it goes on, and where it ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast
from urllib.parse import parse_qs

import msgspec

from openrouter_async.errors import ResponseDecodeError
from openrouter_async.transport.decoders import ListPage
from openrouter_async.transport.paths import Param, Params
from openrouter_async.types.lenient import Json, is_object

_NAMES = ("id", "hash")
_PATIENCE = 100  # pages in a row without an item that is new


class Course:
    """
    Go from page to page, to the end of a list and no farther.

    Args:
        params: of the first page.

    Attributes:
        params: of the page that is to be asked for; None at the end.
    """

    def __init__(self, params: Params) -> None:
        self.params: Params | None = params
        self._seen: set[int] = set()
        self._idle = 0

    def is_new(self, page: ListPage) -> bool:
        """Tell whether a page has items, and is none that came before."""
        mark = hash(tuple(map(_identity, page.items)))
        known = mark in self._seen
        self._seen.add(mark)
        return bool(page.items) and not known

    def go_on(self, page: ListPage, *, new: bool) -> None:
        """
        Go on behind a page.

        Args:
            page: the one that came.
            new: whether there was anything new in it.

        Raises:
            ResponseDecodeError: there are more items, and they do not come.
        """
        sent = self.params or {}
        self.params = _following(sent, page)
        self._idle = 0 if new else self._idle + 1
        if new or self.params is None:
            return

        if not _says_more(page):
            self.params = None  # it gives all there is, wherever it shall begin
        elif page.items:
            raise _lost(page, "the answer says that there is more, but it came before")
        elif self._idle >= _PATIENCE or self.params == sent:
            raise _lost(page, "the answer says that there is more, but it is empty")


def _says_more(page: ListPage) -> bool:
    """Tell whether a page that is not the last says so itself."""
    links, told = page.members.get("links"), ("has_more", "cursor", "total_count")
    linked = is_object(links) and "next" in links
    return linked or any(page.members.get(name) is not None for name in told)


def _following(sent: Params, page: ListPage) -> Params | None:
    """
    Return the parameters of the page after this one, None if it is the last.

    Args:
        sent: parameters of this page.
        page: this one.

    Raises:
        ResponseDecodeError: there is a page after it, and nothing tells which.
    """
    members = page.members
    if "has_more" in members or "cursor" in members:
        return _after(sent, page)

    links = members.get("links")
    if is_object(links) and "next" in links:
        target = links["next"]
        if not isinstance(target, str) or not target:
            return None

        return {**sent, **_query(target)}

    # A page that is shorter than `limit` need not be the last: servers cut that down.
    offset, total = _whole(sent.get("offset")) + len(page.items), _total(page)
    last = not page.items if total is None else offset >= total
    return None if last else {**sent, "offset": offset}


def _total(page: ListPage) -> int | None:
    total = page.members.get("total_count")
    return total if isinstance(total, int) else None


def _query(target: str) -> dict[str, Param | Sequence[Param]]:
    """Return the query of a link alone: the key goes to no other host."""
    query = target.partition("#")[0].partition("?")[2]
    found = parse_qs(query, keep_blank_values=True)
    return {
        name: values[0] if len(values) == 1 else values
        for name, values in found.items()
    }


def _after(sent: Params, page: ListPage) -> Params | None:
    """Go on where a cursor points, or behind the last item."""
    members = page.members
    if members.get("has_more") is False:
        return None

    cursor = members.get("cursor")
    if isinstance(cursor, str) and cursor:
        return {**sent, "cursor": cursor}

    if members.get("has_more") is not True:
        return None

    # Files of a provider are listed with that provider's own parameters.
    name = "after_id" if sent.get("provider") == "anthropic" else "after"
    return {**sent, name: _last_id(page)}


def _last_id(page: ListPage) -> str:
    last = page.items[-1] if page.items else None
    known = (page.members.get("last_id"), last.get("id") if is_object(last) else None)
    for each in known:
        if isinstance(each, str) and each:
            return each

    problem = "has nothing to go on with: no `cursor`, no `last_id`, and no `id`"
    raise _lost(page, f"the answer says `has_more`, but {problem} in its last item")


def _lost(page: ListPage, problem: str) -> ResponseDecodeError:
    """Return the error for items that there are and that do not come."""
    return ResponseDecodeError(
        problem,
        kind="final",
        hint="There are more items than came; client.request gets pages one by one",
        status=page.meta.status,
        body=page.raw,
    )


def _whole(value: object) -> int:
    try:
        return int(cast("int", value or 0))
    except (TypeError, ValueError):
        return 0


def _identity(item: Json) -> Json:
    """Return what tells an item from others, whatever else changes about it."""
    if is_object(item):
        for name in _NAMES:
            known = item.get(name)
            if isinstance(known, str):
                return known

    return msgspec.json.encode(item, order="sorted")
