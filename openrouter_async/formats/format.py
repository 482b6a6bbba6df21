"""The form of an answer: what a model is told of it, and how its text is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Generic, TypeVar, cast, overload

import msgspec

from openrouter_async.formats.annotations import translated
from openrouter_async.formats.branches import all_branches
from openrouter_async.formats.mismatch import FormatMismatch
from openrouter_async.formats.native import native_schema
from openrouter_async.formats.reading import Reader
from openrouter_async.formats.refusals import check_class, shown_name
from openrouter_async.formats.strict import strict_schema
from openrouter_async.formats.type_schema import MEMBER, Schema
from openrouter_async.types.completion_params import ResponseFormatJSONSchema

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_FENCED = re.compile(r"```[\w-]*[ \t]*\r?\n(?P<text>.*?)\r?\n?[ \t]*```", re.DOTALL)
_NAME_LENGTH = 64  # what providers accept
_CACHED_TYPES = 512
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Format(Generic[T_co]):
    """
    Describe a type to a model, and read texts as values of it.

    A type whose JSON is not an object, such as a list or a union, is put into an
    object with one member, `value`, as providers demand an object.

    Args:
        kind: the type.
        strict: as below.
        about: what its members are told to be, where their types do not say it.

    Attributes:
        name: what the model is told that it is called.
        schema: the JSON schema that the model is told; not to be changed.
        strict: whether the provider has to keep to the schema.
    """

    def __init__(
        self,
        kind: type[T_co],
        *,
        strict: bool = True,
        about: Mapping[str, Schema] | None = None,
    ) -> None:
        own = translated(kind)
        bare = native_schema(own).told(about or {})
        wraps = not bare.is_object
        native = bare.wrapped() if wraps else bare
        self.name: str = format_name(shown_name(kind))
        self.strict: bool = strict
        self.schema: Schema = (
            strict_schema(native, kind, _loosely(kind, about))
            if strict
            else native.inlined()
        )
        self._bare = Reader(own, bare)
        self._wrapped = Reader(_wrapper(own), native) if wraps else None
        self._may_be_object = any(
            each.get("type") == "object" for each in all_branches(bare.root, bare)
        )

    @overload
    @staticmethod
    def of(kind: type[T] | Format[T], *, strict: bool = True) -> Format[T]: ...

    @overload
    @staticmethod
    def of(kind: object, *, strict: bool = True) -> Format[object]: ...

    @staticmethod
    def of(kind: object, *, strict: bool = True) -> Format[object]:
        """
        Return the format of a type; it is made once for each.

        Args:
            kind: a Struct, dataclass, TypedDict, NamedTuple, enum, pydantic model,
                built-in type, or a Literal, union or container of these. A Format is
                returned as it is.
            strict: whether the provider has to keep to the schema. Without, a type
                may hold maps and members of any type, and fewer providers see to it
                that answers match.

        Raises:
            ConfigError: the type, or a part of it, cannot be described; with the path
                and the remedy.
        """
        if isinstance(kind, Format):
            return cast("Format[object]", kind)

        check_class(kind)
        try:
            hash(kind)
        except TypeError:  # metadata of it is a list
            return _made.__wrapped__(kind, strict)

        return _made(kind, strict)

    def __repr__(self) -> str:
        return f"<Format {self.name}{'' if self.strict else ', not strict'}>"

    def response_format(self) -> ResponseFormatJSONSchema:
        """Return what goes into the `response_format` of a request."""
        return {
            "type": "json_schema",
            "json_schema": {
                "name": self.name,
                "strict": self.strict,
                "schema": self.schema,
            },
        }

    def read(self, text: str) -> T_co:
        """
        Return the value that a text stands for.

        White space and a Markdown code fence around the JSON are taken away, a null
        for a member that may be left out becomes its default, 2.0 is an `int` where
        one is wanted, and a value that should be the `value` of an object may also
        stand alone; nothing else is repaired.

        Raises:
            FormatMismatch: the text is not JSON, or not of this type; with the path.
                Its cause is what a check of the type raised, if it was neither
                ValueError nor TypeError.
        """
        text = text.strip()
        if fenced := _FENCED.fullmatch(text):
            text = fenced["text"]

        if self._wrapped is None or not text.startswith("{"):
            return cast("T_co", self._bare.read(text))

        try:
            return cast("T_co", getattr(self._wrapped.read(text), MEMBER))
        except FormatMismatch:
            if not self._may_be_object or not _is_bare(text):
                raise

        return cast("T_co", self._bare.read(text))


def format_name(name: str) -> str:
    """Return a name as providers accept it: letters, digits, `_` and `-`."""
    cleaned = re.sub(r"[^a-zA-Z0-9_-]+", "_", name).strip("_")
    return cleaned[:_NAME_LENGTH] or "answer"


@lru_cache(_CACHED_TYPES)
def _made(kind: object, strict: bool) -> Format[object]:
    return Format(cast("type[object]", kind), strict=strict)


def _loosely(kind: object, about: object) -> str:
    """Return what to write for a schema that is not strict; a tool has `about`."""
    own = about is None
    return f"Format.of({shown_name(kind)}, strict=False)" if own else "strict=False"


def _wrapper(kind: object) -> type[msgspec.Struct]:
    return msgspec.defstruct("Wrapped", [(MEMBER, kind)])


def _is_bare(text: str) -> bool:
    """Tell whether it is an object without the member that wraps a value."""
    try:
        return MEMBER not in _MEMBERS.decode(text)
    except ValueError:
        return False
