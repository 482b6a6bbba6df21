"""
JSON whose numbers stay as they were written, until a type reads them.

Decimals are computed by the context of whoever calls, whose precision and traps are
none of an answer's business: here they are made and compared without it.
"""

from __future__ import annotations

from decimal import Context, Decimal

import msgspec

from openrouter_async.types.lenient import Json

_EXACT = Context(traps=[])


def decode_exactly(text: bytes | str) -> Json:
    """
    Parse JSON, with Decimals for numbers that have a fraction or an exponent.

    Raises:
        ValueError: `text` is not JSON.
    """
    return _DECODER.decode(text)


def encode_exactly(value: Json) -> bytes:
    """Write what was parsed so."""
    return _ENCODER.encode(value)


def is_whole(number: Decimal) -> bool:
    """Tell whether a number has no fraction."""
    return number == number.to_integral_value(context=_EXACT)


def _number(text: str) -> Decimal | msgspec.Raw:
    number = Decimal(text, _EXACT)
    # There is a limit to exponents: beyond it there would be NaN.
    return number if number.is_finite() else msgspec.Raw(text.encode())


_DECODER = msgspec.json.Decoder(float_hook=_number)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
