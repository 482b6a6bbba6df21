"""The published OpenAPI of the service, cut to what is needed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, TypeAlias, cast

from referencing.jsonschema import DRAFT202012, SchemaRegistry

from openrouter_async.testing.additions import add_to
from openrouter_async.testing.unions import DiscriminatingValidator
from openrouter_async.testing.validation import JSONSchemaValidator, load_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

JSONObject: TypeAlias = dict[str, object]

_ADDRESS = "urn:openrouter"
_JSON = "application/json"
_EVENTS = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Parameter:
    """
    A parameter in the path, the query or the headers.

    Attributes:
        name: Its name.
        place: `"path"`, `"query"` or `"header"`.
        required: Whether it must be given.
        pointer: Where its schema is in the document.
    """

    name: str
    place: str
    required: bool
    pointer: str


@dataclass(frozen=True, slots=True)
class OperationRules:
    """
    One operation as it is specified.

    Attributes:
        method: HTTP method in capitals.
        path: Its path, with names in braces for what varies.
        parameters: Its parameters.
        bodies: Pointers to the schemas of its body, by content type.
        body_required: Whether it must have one.
        status: Status of its success.
        answers: Pointers to the schemas of its answers, by content type.
    """

    method: str
    path: str
    parameters: tuple[Parameter, ...]
    bodies: Mapping[str, str]
    body_required: bool
    status: int
    answers: Mapping[str, str]

    @property
    def content_type(self) -> str | None:
        """What it answers with when no stream is wanted; None for nothing."""
        if _JSON in self.answers:
            return _JSON

        return next(iter(self.answers), None)

    @property
    def events(self) -> str | None:
        """Pointer to the schema of the events it can answer with."""
        return self.answers.get(_EVENTS)


class Specification:
    """
    A document of OpenAPI.

    Args:
        document: The document, with local references only.
    """

    def __init__(self, document: JSONObject) -> None:
        self._document = document
        resource = DRAFT202012.create_resource(document)
        self._registry: SchemaRegistry = SchemaRegistry().with_resource(
            _ADDRESS, resource
        )
        self._validators: dict[str, JSONSchemaValidator] = {}

    @property
    def document(self) -> Mapping[str, object]:
        """The whole document, against which references are resolved."""
        return self._document

    @cached_property
    def operations(self) -> tuple[OperationRules, ...]:
        """All operations."""
        return tuple(
            _operation(path, method, _object(operation))
            for path, item in _items(self._document["paths"])
            for method, operation in _items(item)
        )

    def medium(self, pointer: str) -> Mapping[str, object]:
        """Return what holds the schema that a pointer leads to, and its example."""
        found = self._document
        for part in pointer.split("/")[1:-1]:
            name = part.replace("%7B", "{").replace("%7D", "}")
            found = _object(found[name.replace("~1", "/").replace("~0", "~")])

        return found

    def validator(self, pointer: str) -> JSONSchemaValidator:
        """Return the validator of the schema that a pointer leads to."""
        if pointer not in self._validators:
            schema = {"$ref": f"{_ADDRESS}{pointer}"}
            self._validators[pointer] = cast(
                "JSONSchemaValidator",
                DiscriminatingValidator(schema, registry=self._registry),
            )

        return self._validators[pointer]


@cache
def specification() -> Specification:
    """Return the shipped specification, with what the live service adds to it."""
    document = load_schema("openapi")
    components = _object(document["components"])
    add_to(cast("dict[str, JSONObject]", components["schemas"]))
    return Specification(document)


def _operation(path: str, method: str, operation: JSONObject) -> OperationRules:
    place = f"#/paths/{_escaped(path)}/{method}"
    body = _object(operation.get("requestBody", {}))
    status, success = next(iter(_items(operation["responses"])))
    return OperationRules(
        method=method.upper(),
        path=path,
        parameters=tuple(
            Parameter(
                str(parameter["name"]),
                str(parameter["in"]),
                bool(parameter.get("required")),
                f"{place}/parameters/{number}/schema",
            )
            for number, parameter in enumerate(
                cast("list[JSONObject]", operation.get("parameters", []))
            )
        ),
        bodies=_media(f"{place}/requestBody", body),
        body_required=bool(body.get("required")),
        status=int(status),
        answers=_media(f"{place}/responses/{status}", _object(success)),
    )


def _media(place: str, holder: JSONObject) -> dict[str, str]:
    return {
        kind: f"{place}/content/{_escaped(kind)}/schema"
        for kind in _object(holder.get("content", {}))
    }


def _escaped(name: str) -> str:
    """Return a name as part of a JSON pointer in the fragment of an address."""
    escaped = name.replace("~", "~0").replace("/", "~1")
    return escaped.replace("{", "%7B").replace("}", "%7D")


def _items(value: object) -> list[tuple[str, object]]:
    return [*_object(value).items()]


def _object(value: object) -> JSONObject:
    return cast("JSONObject", value)
