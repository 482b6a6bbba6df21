"""Descriptions that say what a strict schema cannot: bounds, formats, examples."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from openrouter_async.formats.type_schema import Schema, schemas
from openrouter_async.types.lenient import Json, is_array

FORMATS = frozenset(
    {
        "date",
        "date-time",
        "duration",
        "email",
        "hostname",
        "ipv4",
        "ipv6",
        "time",
        "uuid",
    }
)
"""Formats of strings that strict providers accept."""

KEPT_BOUNDS = (("minItems", 0), ("minItems", 1))
"""Bounds that strict providers accept."""

_WORDS = {
    "size": "exactly {} items",
    "minimum": "at least {}",
    "exclusiveMinimum": "greater than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "contentEncoding": "encoded in {}",
}
_SHOWN_CHARACTERS = 120  # of a default or an example


def described(schema: Schema, said: Schema, default: Json = None) -> Schema:
    """
    Return a strict schema with all that its source says and it cannot.

    Args:
        schema: as it was made strict.
        said: as it was.
        default: what null stands for; None where it is null.
    """
    notes = list(_notes(said))
    if default is not None and (value := _short(default)):
        notes.append(f"null means {value}")

    description = str(said.get("description") or "")
    if notes:
        noted = "; ".join(notes)
        description = f"{description} ({noted})" if description else noted

    title: Schema = {"title": said["title"]} if "title" in said else {}
    return title | ({"description": description} if description else {}) | schema


def _notes(said: Schema) -> Iterator[str]:
    least = said.get("minItems")
    exact = least is not None and least == said.get("maxItems")
    bounds = {"size": least} if exact else said
    for keyword, words in _WORDS.items():
        if keyword in bounds and (keyword, bounds[keyword]) not in KEPT_BOUNDS:
            yield words.format(bounds[keyword])

    if places := schemas(said.get("prefixItems")):
        yield f"in this order: {', '.join(map(_label, places))}"

    if said.get("uniqueItems") is True:
        yield "no item twice"

    if isinstance(pattern := said.get("pattern"), str):
        yield f"matches the pattern {pattern}"

    form = said.get("format")
    if isinstance(form, str) and form not in FORMATS:
        yield f"format: {form}"

    examples = said.get("examples")
    shown = map(_short, examples) if is_array(examples) else ()
    if texts := [text for text in shown if text]:
        yield f"for example {', '.join(texts)}"


def _label(place: Schema) -> str:
    """Name a place of a tuple by what is known of it."""
    title, kind = place.get("title"), place.get("type", "value")
    return f"{title} ({kind})" if title else str(kind)


def _short(value: Json) -> str:
    """Return a value as JSON, '' where it is long or cannot be written so."""
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, ValueError):
        return ""

    return text if len(text) <= _SHOWN_CHARACTERS else ""
