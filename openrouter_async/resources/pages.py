"""Lists that come in pages, as one iteration."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Generic, TypeVar, Unpack, cast, overload
from urllib.parse import parse_qs

import msgspec

from openrouter_async.errors import ConfigError, OpenRouterError, ResponseDecodeError
from openrouter_async.resources.keywords import Keywords
from openrouter_async.resources.options import CallOptions
from openrouter_async.resources.own_types import MODELS
from openrouter_async.resources.reading import Resource, explain, read, shown_path
from openrouter_async.transport.calls import Transport
from openrouter_async.transport.decoders import ListPage, decode_page, item_reader
from openrouter_async.transport.paths import Param, Params, Path, operation_url
from openrouter_async.transport.replies import ReplyReader
from openrouter_async.types.lenient import Json, is_object
from openrouter_async.types.wire import ResponseMeta

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_READ = ReplyReader(decode=decode_page)
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
        convert: Callable[[bytes, ResponseMeta], T_co],
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
            page = await self._page(params)
            mark = hash(tuple(map(_identity, page.items)))
            if not page.items or mark in seen:
                return

            seen.add(mark)
            yield self._converted(page)
            params = self._following(params, page)

    async def _page(self, params: Params) -> ListPage:
        return await read(
            self._transport, self._path, _READ, self._options, params, free=True
        )

    def _converted(self, page: ListPage) -> list[T_co]:
        """Make the items of a page; one that cannot be made is in the error's body."""
        try:
            return [self._convert(text, page.meta) for text in page.texts]
        except OpenRouterError as error:
            explain(error, "GET", self._path)
            raise

    def _following(self, sent: Params, page: ListPage) -> Params | None:
        try:
            return following(sent, page)
        except OpenRouterError as error:
            explain(error, "GET", self._path)
            raise


def following(sent: Params, page: ListPage) -> Params | None:
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

    count = len(page.items)
    offset = _whole(sent.get("offset")) + count
    total, limit = members.get("total_count"), _whole(sent.get("limit"))
    last = offset >= total if isinstance(total, int) else count < limit
    return None if last else {**sent, "offset": offset}


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

    raise ResponseDecodeError(
        "the answer says `has_more`, but has nothing to go on with: no `cursor`, no"
        " `last_id`, and no `id` in its last item",
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


_KEYWORDS = Keywords(
    {*CallOptions.__optional_keys__, "params", "item_type"},
    unknown="",
    translated={
        **dict.fromkeys(("query", "extra_query"), "params"),
        "response_type": "item_type",
        "response_model": "item_type",
    },
)


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
        *rest: object,
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
            *rest: nothing; so that a method before the path is told.
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
        if rest:
            raise ConfigError(
                "paginate takes the path only, as lists are asked for by GET: it was"
                f" given {path!r} and {rest[0]!r}"
            )

        _KEYWORDS.check_all(options)
        operation_url(self._transport.base_url, path, params)
        given = dict(params or {})
        if not isinstance(given.get("offset", 0), int | None):
            raise ConfigError("params: offset must be a whole number")

        convert = item_reader(item_type, MODELS)
        return Pages(self._transport, path, given, convert, options)

    __call__.__qualname__ = "OpenRouter.paginate"  # what a TypeError calls it
