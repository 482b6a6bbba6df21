"""docs/fields.md lists the fields of chat as the types and the schema have them."""

from __future__ import annotations

from typing import cast, get_type_hints

import pytest

from openrouter_async.testing.validation import load_schema
from openrouter_async.types import ChatParams
from openrouter_async.types.chat_params import CHAT_NEVER_NULL
from tests.docs.markdown import ROOT
from tests.docs.operations import names_in

PUBLISHED = "Chat"
FURTHER = "Chat, beyond the published schema"


def tables() -> dict[str, dict[str, tuple[str, str]]]:
    """Return form and test of each field, by heading and name."""
    found: dict[str, dict[str, tuple[str, str]]] = {PUBLISHED: {}, FURTHER: {}}
    heading = ""
    for line in (ROOT / "docs" / "fields.md").read_text("utf-8").splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ")
        elif line.startswith("| `") and heading in found:
            name, form, test = (cell.strip() for cell in line.strip("| ").split(" | "))
            found[heading][name.strip("`")] = (form, test.strip("`"))

    return found


def published() -> set[str]:
    """Return the fields that the published schema has."""
    document = cast("dict[str, dict[str, object]]", load_schema("openapi"))
    schemas = cast("dict[str, dict[str, object]]", document["components"]["schemas"])
    return set(cast("dict[str, object]", schemas["ChatRequest"]["properties"]))


def test_every_field_is_listed_once() -> None:
    """The two tables have the fields of the types, in the order of the types."""
    listed = [name for table in tables().values() for name in table]

    assert listed == list(get_type_hints(ChatParams))


def test_fields_stand_where_the_schema_has_them() -> None:
    """What the published schema lacks is in the second table."""
    found = tables()

    assert set(found[PUBLISHED]) == published() - {"messages", "stream"}
    assert set(found[FURTHER]) & published() == set()


@pytest.mark.parametrize("heading", [PUBLISHED, FURTHER])
def test_null_is_listed_where_it_is_sent(heading: str) -> None:
    """A form ends with `or null` exactly where None is sent."""
    forms = {name: form for name, (form, _) in tables()[heading].items()}
    nullable = {name for name, form in forms.items() if form.endswith(", or null")}

    assert nullable == set(forms) - CHAT_NEVER_NULL


def test_every_field_names_its_test() -> None:
    """The test of a field exists, and has the field as its parameter."""
    rows = {
        name: test for table in tables().values() for name, (_, test) in table.items()
    }

    assert rows == {name: f"test_field[{name}]" for name in rows}
    assert "test_field" in names_in("tests/test_chat_requests.py")
