"""Lists that come in pages, as one iteration."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar, Unpack, overload

from openrouter_async.errors import ConfigError, OpenRouterError
from openrouter_async.resources.keywords import Keywords
from openrouter_async.resources.options import CallOptions
from openrouter_async.resources.own_types import MODELS
from openrouter_async.resources.page_course import Course
from openrouter_async.resources.page_iterators import ItemIterator, PageIterator
from openrouter_async.resources.reading import Resource, explain, read, shown_path
from openrouter_async.transport.calls import Transport
from openrouter_async.transport.decoders import ListPage, decode_page, item_reader
from openrouter_async.transport.paths import Params, Path, operation_url
from openrouter_async.transport.replies import ReplyReader
from openrouter_async.types.lenient import Json
from openrouter_async.types.wire import ResponseMeta

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_READ = ReplyReader(decode=decode_page)


class Pages(Generic[T_co]):
    """
    Iterate over the items of a list, page by page as they are needed.

    It ends where the server says so (`has_more`, `cursor`, `links.next`,
    `total_count`); where it says nothing, at an empty page, and at one that is in all
    the one before. More that is promised and does not come is an error.

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

    def __aiter__(self) -> ItemIterator[T_co]:
        return ItemIterator(self.pages())

    def __repr__(self) -> str:
        return f"<Pages of {shown_path(self._path)}>"

    def pages(self) -> PageIterator[T_co]:
        """
        Iterate over whole pages.

        Raises:
            ResponseDecodeError: there is more that does not come, or there may be.
            OpenRouterError: whatever else ended the call for a page.
        """
        return PageIterator(partial(self._next, Course(self._params)))

    async def _next(self, course: Course) -> list[T_co] | None:
        """Return the items of the next page with any that are new, None at the end."""
        while (params := self._following(course)) is not None:
            page = await self._page(params)
            items = self._converted(page)  # before the page is taken as read
            if course.take(page):
                return items

        return None

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

    def _following(self, course: Course) -> Params | None:
        try:
            return course.following()
        except OpenRouterError as error:
            explain(error, "GET", self._path)
            raise


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

        _KEYWORDS.check_known(options)
        operation_url(self._transport.base_url, path, params)
        given = dict(params or {})
        if not isinstance(given.get("offset", 0), int | None):
            raise ConfigError("params: offset must be a whole number")

        convert = item_reader(item_type, MODELS)
        return Pages(self._transport, path, given, convert, options)

    __call__.__qualname__ = "OpenRouter.paginate"  # what a TypeError calls it
