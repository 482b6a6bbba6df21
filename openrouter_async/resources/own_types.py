"""Types that msgspec leaves to others: models of pydantic, which is not imported."""

from __future__ import annotations

from openrouter_async.formats.mismatch import FormatMismatch
from openrouter_async.formats.models import is_model, read_member
from openrouter_async.types.lenient import Json


class Models:
    """Read answers as models; see `openrouter_async.transport.decoders.OwnReader`."""

    def accepts(self, kind: type, /) -> bool:
        """Tell whether a type is a model."""
        return is_model(kind)

    def read(self, kind: type, value: Json, /) -> object:
        """
        Return a value as a model.

        Raises:
            ValueError: the model refuses it.
        """
        try:
            return read_member(kind, value)
        except FormatMismatch as exc:
            place = f"{kind.__name__}{exc.path.removeprefix('$')}"
            raise ValueError(f"{exc.message} (`{place}`)") from exc


MODELS = Models()
