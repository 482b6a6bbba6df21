"""Texts read as values of a type, strictly at first."""

from __future__ import annotations

import re
from typing import cast

import msgspec

from openrouter_async.formats.mismatch import FormatMismatch, mismatch
from openrouter_async.formats.models import read_member
from openrouter_async.formats.nulls import without_nulls
from openrouter_async.formats.type_schema import TypeSchema
from openrouter_async.formats.whole_numbers import with_whole_numbers

_NO_INTEGER = re.compile(r"Expected `int`(?: - at|$)|got `float`")
"""What msgspec says where a double may stand for an integer: of a tag, or elsewhere."""


class Reader:
    """
    Read JSON text as values of a type.

    Args:
        kind: the type.
        schema: its schema, before it was made strict.
    """

    def __init__(self, kind: object, schema: TypeSchema) -> None:
        self._schema = schema
        self._decoder: msgspec.json.Decoder[object] = msgspec.json.Decoder(
            cast("type[object]", kind), dec_hook=read_member
        )

    def read(self, text: str) -> object:
        """
        Return the value that a text stands for.

        Raises:
            FormatMismatch: the text is not JSON, or not of this type.
        """
        try:
            # Most texts need not be decoded twice.
            data = without_nulls(text, self._schema) if "null" in text else text
            return self._patiently(data)
        except RecursionError:
            error = FormatMismatch("the JSON is nested too deeply")
        except Exception as found:  # whatever the type's own checks raise
            error = mismatch(found, text)

        raise error

    def _patiently(self, data: bytes | str) -> object:
        """Decode strictly, and with whole numbers where that does not do."""
        try:
            return self._decoder.decode(data)
        except msgspec.ValidationError as found:
            if not _NO_INTEGER.search(str(found)):
                raise

        again = with_whole_numbers(data, self._schema.without_models())
        return self._decoder.decode(again)
