"""Lists that come in pages, as one iteration."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from typing import Generic, TypeVar, Unpack, cast, overload
from urllib.parse import parse_qsl, urlsplit

import msgspec

from openrouter_async.errors import ConfigError, OpenRouterError, ResponseDecodeError
from openrouter_async.resources.own_types import MODELS
from openrouter_async.resources.reading import (
    CallOptions,
    Resource,
    explain,
    read,
    shown_path,
)
from openrouter_async.transport.calls import Transport
from openrouter_async.transport.decoders import item_reader
from openrouter_async.transport.paths import Param, Params, Path, operation_url
from openrouter_async.transport.replies import reply_reader
from openrouter_async.types.lenient import Json, is_array, is_object

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_READ = reply_reader(dict[str, Json])
_NAMED = 8  # members of an answer in a message
_NAMES = ("id", "hash", "slug")


class Pages(Generic[T_co]):
    """
    Iterate over the items of a list, page by page as they are needed.

    It ends where the server says so (`has_more`, `cursor`, `links.next`,
    `total_count`), at an empty page, and at one that came before: a server that
    ignores where to go on gives the same page for ever.

    Args:
        transport: sends the calls.
        path: of the list.
        params: of the first page.
        convert: makes an item.
        options: of each call.
    """

    def __init__(
        self,
        transport: Transport,
        path: Path,
        params: Params,
        convert: Callable[[Json], T_co],
        options: CallOptions,
    ) -> None:
        self._transport = transport
        self._path = path
        self._params = params
        self._convert = convert
        self._options = options

    def __aiter__(self) -> AsyncIterator[T_co]:
        return self._items()

    def __repr__(self) -> str:
        return f"<Pages of {shown_path(self._path)}>"

    async def _items(self) -> AsyncGenerator[T_co]:
        async for page in self.pages():
            for item in page:
                yield item

    async def pages(self) -> AsyncGenerator[list[T_co]]:
        """
        Iterate over whole pages.

        Raises:
            OpenRouterError: whatever ended the call for a page.
        """
        params: Params | None = self._params
        seen: set[int] = set()
        while params is not None:
            members, items = await self._page(params)
            mark = hash(tuple(map(_identity, items)))
            if not items or mark in seen:
                return

            seen.add(mark)
            yield self._converted(items)
            params = following(params, members, len(items))

    async def _page(self, params: Params) -> tuple[dict[str, Json], Sequence[Json]]:
        try:
            members = await read(
                self._transport, self._path, _READ, self._options, params
            )
            return members, _items_of(members)
        except OpenRouterError as error:
            explain(error, "GET", self._path)
            raise

    def _converted(self, items: Sequence[Json]) -> list[T_co]:
        """Make the items of a page; one that cannot be made is in the error's body."""
        try:
            return [self._convert(item) for item in items]
        except OpenRouterError as error:
            explain(error, "GET", self._path)
            raise


def following(
    sent: Params, members: Mapping[str, Json], count: int
) -> dict[str, Param | Sequence[Param]] | None:
    """
    Return the parameters of the page after this one, None if it is the last.

    Args:
        sent: parameters of this page.
        members: the page.
        count: items on it.
    """
    if "has_more" in members or "cursor" in members:
        return _after(sent, members)

    links = members.get("links")
    if is_object(links) and "next" in links:
        target = links["next"]
        if not isinstance(target, str) or not target:
            return None

        # Its query alone: the key goes to no other host.
        return {**sent, **dict(parse_qsl(urlsplit(target).query))}

    offset = _whole(sent.get("offset")) + count
    total, limit = members.get("total_count"), _whole(sent.get("limit"))
    last = offset >= total if isinstance(total, int) else count < limit
    return None if last else {**sent, "offset": offset}


def _after(
    sent: Params, members: Mapping[str, Json]
) -> dict[str, Param | Sequence[Param]] | None:
    """Go on where a cursor points, or behind the last item."""
    if members.get("has_more") is False:
        return None

    cursor, last = members.get("cursor"), members.get("last_id")
    if isinstance(cursor, str) and cursor:
        return {**sent, "cursor": cursor}

    if members.get("has_more") is not True or not isinstance(last, str):
        return None

    # Files of a provider are listed with that provider's own parameters.
    name = "after_id" if sent.get("provider") == "anthropic" else "after"
    return {**sent, name: last}


def _whole(value: object) -> int:
    try:
        return int(cast("int", value or 0))
    except (TypeError, ValueError):
        return 0


def _items_of(members: Mapping[str, Json]) -> Sequence[Json]:
    items = members.get("data")
    if is_array(items):
        return items

    if is_object(items):
        problem = "`data` of the answer is a mapping, not a list"
    elif "data" in members:
        problem = f"`data` of the answer is {items!r:.40}, not a list"
    else:
        names = ", ".join(list(members)[:_NAMED]) or "no members"
        problem = f"the answer holds no list in `data`, but {names}"

    hint = "client.request gets what is no list"
    body = msgspec.json.encode(members)
    raise ResponseDecodeError(problem, kind="final", hint=hint, body=body)


def _identity(item: Json) -> Json:
    """Return what tells an item from others, whatever else changes about it."""
    if is_object(item):
        for name in _NAMES:
            known = item.get(name)
            if isinstance(known, str):
                return known

    return msgspec.json.encode(item, order="sorted")


class Paginate(Resource):
    """
    Iterate over any list of the API; see `__call__`.

    `async for key in client.paginate("/keys")`.
    """

    @overload
    def __call__(
        self,
        path: Path,
        *,
        params: Params | None = None,
        **options: Unpack[CallOptions],
    ) -> Pages[dict[str, Json]]: ...

    @overload
    def __call__(
        self,
        path: Path,
        *,
        params: Params | None = None,
        item_type: type[T],
        **options: Unpack[CallOptions],
    ) -> Pages[T]: ...

    def __call__(
        self,
        path: Path,
        *,
        params: Params | None = None,
        item_type: type[object] = dict,
        **options: Unpack[CallOptions],
    ) -> Pages[object]:
        """
        Return an iterator over the items of a list, whatever its pages are like.

        Lists by offset (`/keys`, `/guardrails`, `/models`) and by cursor (`/files`)
        are known; each page is a call of its own, with its own retries.

        Args:
            path: of the list, as in `request`.
            params: of the query, as in `request`: filters, `limit` for the size of
                a page, `offset` or `after` to begin later.
            item_type: what each item is read as: a mapping, a Struct, or any other
                type that msgspec can decode.
            **options: `timeout`, `retry` and `extra_headers`, for each page.

        Returns:
            To be used as `async for item in ...`; `pages()` gives whole pages.

        Raises:
            ConfigError: something passed cannot be sent; nothing was. From the
                iteration: what `request` raises.
        """
        operation_url(self._transport.base_url, path, params)
        given = dict(params or {})
        if not isinstance(given.get("offset", 0), int | None):
            raise ConfigError("params: offset must be a whole number")

        convert = item_reader(item_type, MODELS)
        return Pages(self._transport, path, given, convert, options)
