"""The way through the pages of a list: where it goes on, and where it ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar, cast
from urllib.parse import parse_qs

import msgspec

from openrouter_async.errors import ResponseDecodeError
from openrouter_async.transport.decoders import ListPage
from openrouter_async.transport.paths import Param, Params
from openrouter_async.types.lenient import Json, is_object

T = TypeVar("T", str, bool)

_NAMES = ("id", "hash")
_IDLE_PAGES = 100  # in a row, without an item of an identity that is new


class Course:
    """
    Go from page to page, to the end of a list and no farther.

    Items are the same if their `id` or `hash` is, or all that they hold. Where a server
    says that there is more, a page of items that came before is a loss; where it says
    nothing, ids need not be those of the items alone, and so only a page that is in all
    the one before it is taken for the end.

    Args:
        params: of the first page.
    """

    def __init__(self, params: Params) -> None:
        self._params: Params | None = params
        self._taken: ListPage | None = None  # the page that the course goes on behind
        self._taken_is_new = False
        self._seen_pages: set[int] = set()  # by the identities of their items
        self._seen_items: set[int] = set()  # by identity
        self._before: bytes | None = None  # the page before, as a whole
        self._idle_pages = 0

    def take(self, page: ListPage) -> bool:
        """Take in a page; tell whether it has items, and is none that came before."""
        identities = [*map(_identity, page.items)]
        mark, whole = hash(tuple(identities)), _canonical(page.items)
        known = mark in self._seen_pages if _says_more(page) else whole == self._before
        self._seen_pages.add(mark)
        self._before = whole
        self._note_items(identities)
        self._taken, self._taken_is_new = page, bool(page.items) and not known
        return self._taken_is_new

    def _note_items(self, identities: Sequence[Json]) -> None:
        count = len(self._seen_items)
        self._seen_items.update(map(hash, identities))
        grown = len(self._seen_items) > count
        self._idle_pages = 0 if grown else self._idle_pages + 1

    def following(self) -> Params | None:
        """
        Return the parameters of the page that comes next, None at the end.

        Raises:
            ResponseDecodeError: there are more items, and they do not come; or nobody
                can tell whether there are. So it is whenever it is asked again.
        """
        if self._taken is not None:
            self._params = self._behind(self._taken, new=self._taken_is_new)
            self._taken = None

        return self._params

    def _behind(self, page: ListPage, *, new: bool) -> Params | None:
        sent = self._params or {}
        following = _following(sent, page)
        if following is None:
            return None

        idle, told = self._idle_pages >= _IDLE_PAGES, "the answer says that there is"
        if not page.items and (idle or following == sent):
            raise _lost(page, f"{told} more, but it is empty")

        if page.items and not new:
            if _says_more(page):
                raise _lost(page, f"{told} more, but it came before")

            return None  # it gives all there is, wherever it shall begin

        if page.items and idle:
            problem = f"{_IDLE_PAGES} pages in a row hold no item but those before them"
            raise _lost(page, problem, "There may be more items than came")

        return following


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
    if members.get("has_more") is not None or "cursor" in members:
        return _after(sent, page)

    links = members.get("links")
    if is_object(links) and "next" in links:
        target = _told(page, "links.next", links["next"], str)
        return {**sent, **_query(target)} if target else None

    # A page that is shorter than `limit` need not be the last: servers cut that down.
    offset, total = _whole(sent.get("offset")) + len(page.items), _total(page)
    last = not page.items if total is None else offset >= total
    return None if last else {**sent, "offset": offset}


def _total(page: ListPage) -> int | None:
    total = page.members.get("total_count")
    return total if type(total) is int else None


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
    has_more = _told(page, "has_more", members.get("has_more"), bool)
    if has_more is False:
        return None

    cursor = _told(page, "cursor", members.get("cursor"), str)
    if cursor:
        return {**sent, "cursor": cursor}

    if not has_more:
        return None

    # Files of a provider are listed with that provider's own parameters.
    name = "after_id" if sent.get("provider") == "anthropic" else "after"
    return {**sent, name: _last_id(page)}


def _told(page: ListPage, name: str, value: Json, form: type[T]) -> T | None:
    """
    Return a member that says where a list goes on, None for null.

    Raises:
        ResponseDecodeError: it is of another type, and so may mean either.
    """
    if value is None or isinstance(value, form):
        return value

    expected = "a string" if form is str else "true or false"
    problem = f"`{name}` of the answer must be {expected}, not {value!r:.40}"
    raise _lost(page, problem, "There may be more items than came")


def _last_id(page: ListPage) -> str:
    last = page.items[-1] if page.items else None
    known = (page.members.get("last_id"), last.get("id") if is_object(last) else None)
    for each in known:
        if isinstance(each, str) and each:
            return each

    problem = "has nothing to go on with: no `cursor`, no `last_id`, and no `id`"
    raise _lost(page, f"the answer says `has_more`, but {problem} in its last item")


def _lost(
    page: ListPage, problem: str, known: str = "There are more items than came"
) -> ResponseDecodeError:
    """Return the error for items that there are and that do not come."""
    return ResponseDecodeError(
        problem,
        kind="final",
        hint=f"{known}; client.request gets pages one by one",
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

    return _canonical(item)


def _canonical(value: Json) -> bytes:
    return msgspec.json.encode(value, order="sorted")
