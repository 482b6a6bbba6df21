"""The shipped specification is what the script cuts from the published one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import msgspec
import pytest

from tests.testing.cut_openapi import TARGET, cut, cut_file, encode

# Read here: tests run without the settings of whoever runs them.
FOLDER = os.environ.get("OPENROUTER_ASYNC_SPEC")

TINY: dict[str, object] = {
    "paths": {
        "/things": {
            "description": "Things",
            "post": {
                "operationId": "makeThing",
                "tags": ["things"],
                "parameters": [
                    {
                        "name": "size",
                        "in": "query",
                        "description": "How large",
                        "schema": {"type": "integer", "default": 3},
                    }
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {"$ref": "#/components/schemas/Thing"},
                            "example": {"description": "small"},
                        }
                    },
                },
                "responses": {
                    "400": {"description": "Wrong"},
                    "201": {
                        "description": "Made",
                        "content": {
                            "application/json": {
                                "schema": {"type": "object", "title": "Made"},
                                "example": {"id": 1},
                            }
                        },
                    },
                },
            },
        }
    },
    "components": {
        "schemas": {
            "Thing": {
                "type": "object",
                "example": {"description": "small"},
                "x-vendor": True,
                "properties": {
                    "description": {"type": "string", "format": "prose"},
                    "born": {"type": "string", "format": "date-time"},
                    "code": {"type": "string", "pattern": "^a$", "example": "a"},
                    "part": {"$ref": "#/components/schemas/Part"},
                },
            },
            "Part": {"enum": ["example", "default"]},
            "Unused": {"type": "string"},
        }
    },
}


def references(value: object) -> Iterator[str]:
    """Yield all references of a document."""
    if isinstance(value, dict):
        for name, each in cast("dict[str, object]", value).items():
            if name == "$ref":
                yield str(each)

            yield from references(each)
    elif isinstance(value, list):
        for each in cast("list[object]", value):
            yield from references(each)


def test_what_no_check_looks_at_is_cut() -> None:
    """Names of members that are called like what is cut stay."""
    made = cut(TINY, "2026-01-01")

    assert made["paths"] == {
        "/things": {
            "post": {
                "operationId": "makeThing",
                "parameters": [
                    {"in": "query", "name": "size", "schema": {"type": "integer"}}
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {"$ref": "#/components/schemas/Thing"}
                        }
                    },
                },
                "responses": {
                    "201": {
                        "content": {
                            "application/json": {
                                "example": {"id": 1},
                                "schema": {"type": "object"},
                            }
                        }
                    }
                },
            }
        }
    }
    assert made["components"] == {
        "schemas": {
            "Part": {"enum": ["example", "default"]},
            "Thing": {
                "type": "object",
                "properties": {
                    "description": {"type": "string"},
                    "born": {"type": "string", "format": "date-time"},
                    "code": {"type": "string", "pattern": "^a$", "example": "a"},
                    "part": {"$ref": "#/components/schemas/Part"},
                },
            },
        }
    }


def test_the_file_is_json() -> None:
    """A line for each path and schema is JSON all the same."""
    made = cut(TINY, "2026-01-01")

    assert msgspec.json.decode(encode(made)) == made


def test_the_shipped_file_is_small_and_whole() -> None:
    """All that it refers to is in it."""
    data = TARGET.read_bytes()
    document = msgspec.json.decode(data, type=dict[str, dict[str, object] | str])
    components = cast("dict[str, dict[str, object]]", document["components"])
    known = {f"#/components/schemas/{name}" for name in components["schemas"]}

    assert len(data) < 600_000
    assert set(references(document)) <= known


@pytest.mark.skipif(
    FOLDER is None, reason="OPENROUTER_ASYNC_SPEC does not name the folder of the spec"
)
def test_the_shipped_file_is_cut_from_the_published_one() -> None:
    """The script makes it again, byte by byte."""
    pytest.importorskip("yaml", reason="PyYAML reads the published specification")
    (path,) = Path(str(FOLDER)).glob("openrouter-*.openapi.yaml")

    assert cut_file(path) == TARGET.read_bytes()
