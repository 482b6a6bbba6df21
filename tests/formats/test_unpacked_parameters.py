"""Keywords of a function that a TypedDict names are parameters of its tool."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, NotRequired, Required, TypedDict, Unpack

import pytest
import typing_extensions
from pydantic import Field
from typing_extensions import ReadOnly

from openrouter_async import ConfigError
from openrouter_async.formats.mismatch import FormatMismatch
from openrouter_async.formats.tool import tool
from tests.formats.schemas import INTEGER, STRING, closed, nullable


class Options(TypedDict, total=False):
    """
    Narrow a search.

    Attributes:
        language: In two letters.
        limit: Not told, as the function says it.
    """

    language: Required[str]
    limit: Annotated[int, Field(ge=1)]
    page: ReadOnly[NotRequired[int | None]]


class More(Options):
    """Go on."""

    exact: bool


@tool
def search(words: str, **options: Unpack[Options]) -> dict[str, object]:
    """
    Search.

    Args:
        words: For what.
        limit: How many.
    """
    return {"words": words, **options}


def test_members_become_parameters() -> None:
    """Each with what its type and its docstring say."""
    assert search.parameters == closed(
        words={"description": "For what.", **STRING},
        language={"description": "In two letters.", **STRING},
        limit={"description": "How many. (at least 1)", **nullable(**INTEGER)},
        page=nullable(**INTEGER),
    )


async def test_members_are_given_as_keywords() -> None:
    """What is left out is not given at all, and a null that may be one is."""
    given = '{"words":"tea","language":"en","limit":3,"page":2}'

    assert await search.run(given) == {
        "words": "tea",
        "language": "en",
        "limit": 3,
        "page": 2,
    }
    assert await search.run('{"words":"tea","language":"en","limit":null}') == {
        "words": "tea",
        "language": "en",
    }
    assert await search.run('{"words":"","language":"en","page":null}') == {
        "words": "",
        "language": "en",
        "page": None,
    }
    assert search("tea", language="en") == {"words": "tea", "language": "en"}


@pytest.mark.parametrize(
    ("arguments", "path"),
    [('{"words":"tea"}', "$"), ('{"words":"","language":"en","limit":0}', "$.limit")],
    ids=["required", "bounds"],
)
def test_members_are_checked(arguments: str, path: str) -> None:
    """As parameters of their own are."""
    with pytest.raises(FormatMismatch) as raised:
        search.arguments_of(arguments)

    assert raised.value.path == path


def test_members_without_a_default_tell_none() -> None:
    """Where schemas tell defaults, left out is not null."""

    def find(**options: Unpack[More]) -> None: ...

    members: Any = tool(find, strict=False).parameters

    assert members["required"] == ["language", "exact"]
    assert [
        name for name, each in members["properties"].items() if "default" in each
    ] == []


async def test_keywords_of_methods_and_partials() -> None:
    """What is given already is left out."""

    class Shop:
        @tool
        def find(self, **options: typing_extensions.Unpack[Options]) -> str:
            return str(options)

    given = tool(partial(search.function, language="en"), name="search_english")

    assert await Shop().find.run({"language": "en"}) == "{'language': 'en'}"
    assert given.parameters["required"] == ["words", "limit", "page"]
    assert await given.run({"words": "a"}) == {"words": "a", "language": "en"}


async def test_the_typed_dict_may_be_local() -> None:
    """As types of other parameters may."""

    class Local(TypedDict):
        """Be defined here."""

        size: int

    class Outer(TypedDict):
        """Name it."""

        inner: Local

    @tool
    def measure(**options: Unpack[Outer]) -> int:
        return options["inner"]["size"]

    assert await measure.run({"inner": {"size": 3}}) == 3


def clashing(limit: int, **options: Unpack[Options]) -> None:  # type: ignore[misc]  # pyright: ignore  # noqa: PGH003  # that is the test
    """Take one name twice."""


def untyped(**options) -> None:  # type: ignore[no-untyped-def]  # pyright: ignore  # noqa: PGH003  # that is the test
    """Take any name."""


def not_a_dict(**options: Unpack[tuple[int]]) -> None:  # type: ignore[misc]  # pyright: ignore  # noqa: PGH003  # that is the test
    """Unpack something else."""


class Unknown(TypedDict):
    """Name a type that does not exist."""

    size: Missing  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable]  # that is the test


def unknown(**options: Unpack[Unknown]) -> None:
    """Take it."""


REMEDY = (
    "name the parameters one by one, or as the members of a TypedDict:"
    " `**options: Unpack[...]`"
)
REFUSED: dict[str, tuple[Any, str]] = {
    "clash": (
        clashing,
        "parameter `options` of `clashing`: `limit` is a parameter as well as a member"
        " of Options; rename either",
    ),
    "no type": (untyped, f"parameter `options` of `untyped`: {REMEDY}"),
    "no TypedDict": (not_a_dict, f"parameter `options` of `not_a_dict`: {REMEDY}"),
    "unknown type": (
        unknown,
        "parameter `options` of `unknown`: its type cannot be found (name 'Missing' is"
        " not defined); define the class at the top level of a module, and import it"
        " outside of `if TYPE_CHECKING`",
    ),
}


@pytest.mark.parametrize(("function", "message"), REFUSED.values(), ids=REFUSED)
def test_other_keywords_are_refused(function: Any, message: str) -> None:
    """With the remedy."""
    with pytest.raises(ConfigError) as raised:
        tool(function)

    assert str(raised.value) == message
