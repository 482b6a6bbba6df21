"""
Cuts OpenRouter's published OpenAPI down to what the simulator needs.

Run it on a new edition of the specification, with PyYAML installed::

    python -m tests.testing.cut_openapi openrouter-2026-08-22.openapi.yaml

It writes openrouter_async/testing/schemas/openapi.json. Kept are paths, parameters,
request bodies, the first successful response of each operation with its example, and
the component schemas that these reach. Left out is what no check looks at:
descriptions, other examples (but those of patterns, for which nothing can be made up),
tags, titles, defaults, vendor extensions, and formats that say no more than the type.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias, cast

import msgspec

import openrouter_async.testing

JSON: TypeAlias = dict[str, object]

TARGET = Path(openrouter_async.testing.__file__).parent / "schemas" / "openapi.json"
METHODS = ("get", "post", "put", "patch", "delete")

_COMMENT = (
    "OpenRouter's OpenAPI of {edition} cut by tests/testing/cut_openapi.py: first"
    " successful responses only, without descriptions."
)
_DROPPED = frozenset(
    ("default", "deprecated", "description", "example", "examples", "title")
)
_TELLING_FORMATS = frozenset(("binary", "date", "date-time", "email", "uri", "uuid"))
_NAMED = frozenset(("properties", "$defs", "patternProperties"))
_VERBATIM = frozenset(("const", "discriminator", "enum", "required"))
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_REFERENCE = "#/components/schemas/"


def cut(document: Mapping[str, object], edition: str) -> JSON:
    """
    Return the part of an OpenAPI document that the simulator needs.

    Args:
        document: The whole document.
        edition: The date it was published.

    Returns:
        `paths` and `components`, with a comment that names the edition.
    """
    paths: JSON = {}
    for path, item in _items(document["paths"]):
        operations = _object(item)
        paths[path] = {
            method: _operation(_object(operations[method]))
            for method in METHODS
            if method in operations
        }

    components = _object(document["components"])
    schemas = {name: _schema(schema) for name, schema in _items(components["schemas"])}
    reached = _reached(paths, schemas)
    return {
        "$comment": _COMMENT.format(edition=edition),
        "paths": paths,
        "components": {"schemas": {name: schemas[name] for name in sorted(reached)}},
    }


def encode(document: Mapping[str, object]) -> bytes:
    """Return a document as the file holds it: a line for each path and schema."""
    lines: list[str] = []
    for name, value in document.items():
        if name == "$comment":
            lines.append(f'"$comment":{_line(value)}')
            continue

        inner = _object(value)
        label = f'"{name}":{{'
        if name == "components":
            inner = _object(inner["schemas"])
            label += '"schemas":{'

        body = ",\n".join(f"{_line(key)}:{_line(v)}" for key, v in inner.items())
        lines.append(f"{label}\n{body}\n{'}' * label.count('{')}")

    return ("{" + ",\n".join(lines) + "}\n").encode()


def _operation(operation: JSON) -> JSON:
    kept: JSON = {"operationId": operation["operationId"]}
    parameters = cast("list[JSON]", operation.get("parameters", []))
    if parameters:
        kept["parameters"] = [
            {name: _kept(name, parameter[name]) for name in ("in", "name", "schema")}
            | ({"required": True} if parameter.get("required") else {})
            for parameter in parameters
        ]

    if "requestBody" in operation:
        body = _object(operation["requestBody"])
        kept["requestBody"] = {
            "required": body.get("required", False),
            "content": _content(body["content"]),
        }

    responses = _object(operation["responses"])
    status = min(status for status in responses if status.startswith("2"))
    content = _object(responses[status]).get("content", {})
    return {
        **kept,
        "responses": {status: {"content": _content(content, examples=True)}},
    }


def _content(content: object, *, examples: bool = False) -> JSON:
    kept: JSON = {}
    for kind, medium in _items(content):
        rules = _object(medium)
        example = (
            {"example": rules["example"]} if examples and "example" in rules else {}
        )
        kept[kind] = {**example, "schema": _schema(rules["schema"])}

    return kept


def _schema(schema: object) -> object:
    if isinstance(schema, list):
        return [_schema(each) for each in cast("list[object]", schema)]

    if not isinstance(schema, dict):
        return schema

    rules = cast("JSON", schema)
    kept: JSON = {
        name: _kept(name, value)
        for name, value in rules.items()
        if name not in _DROPPED and not name.startswith("x-")
    }
    if kept.get("format") not in _TELLING_FORMATS:
        kept.pop("format", None)

    if "pattern" in rules and "example" in rules:
        kept["example"] = rules["example"]

    return kept


def _kept(name: str, value: object) -> object:
    if name in _VERBATIM:
        return value

    if name in _NAMED:
        return {key: _schema(schema) for key, schema in _items(value)}

    return _schema(value)


def _reached(paths: JSON, schemas: JSON) -> set[str]:
    """Return the names of all schemas that the paths refer to, however far off."""
    reached: set[str] = set()
    waiting = [*_references(paths)]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += _references(schemas[name])

    return reached


def _references(value: object) -> Iterator[str]:
    if isinstance(value, str):
        if value.startswith(_REFERENCE):
            yield value.removeprefix(_REFERENCE)
    elif isinstance(value, dict):
        for each in cast("JSON", value).values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in cast("list[object]", value):
            yield from _references(each)


def _items(value: object) -> list[tuple[str, object]]:
    return [*_object(value).items()]


def _object(value: object) -> JSON:
    return cast("JSON", value)


def _line(value: object) -> str:
    return msgspec.json.encode(value).decode()


def read(path: Path) -> JSON:
    """Return the document in a file of YAML."""
    # No stubs of it are installed, and the simulator itself does without it.
    import yaml

    text = path.read_text("utf-8")
    return cast("JSON", yaml.load(text, Loader=yaml.CSafeLoader))


def cut_file(path: Path) -> bytes:
    """Return what is shipped of a file, the name of which holds its date."""
    edition = _DATE.search(path.name)
    return encode(cut(read(path), edition.group() if edition else path.name))


if __name__ == "__main__":
    TARGET.write_bytes(cut_file(Path(sys.argv[1])))
