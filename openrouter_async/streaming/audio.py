"""The sound of a streamed answer."""

from __future__ import annotations

from base64 import b64decode, b64encode

from openrouter_async.types.chat import Audio


class SpokenAudio:
    """
    Join the pieces of sound, and of its transcript.

    Attributes:
        audio: what there is so far, up to date after `settle()`.
    """

    __slots__ = ("_data", "_transcript", "audio")

    def __init__(self) -> None:
        self.audio: Audio = Audio()
        self._data: list[str] = []
        self._transcript: list[str] = []

    def add(self, piece: Audio) -> None:
        """Add what a chunk brought."""
        self.audio.id = piece.id or self.audio.id
        self.audio.expires_at = piece.expires_at or self.audio.expires_at
        if piece.data:
            self._data.append(piece.data)

        if piece.transcript:
            self._transcript.append(piece.transcript)

    def settle(self) -> None:
        """Join what has come since the last time."""
        audio = self.audio
        if self._transcript:
            audio.transcript = (audio.transcript or "") + "".join(self._transcript)
            self._transcript.clear()

        if self._data:
            audio.data = _joined([audio.data or "", *self._data])
            self._data.clear()


def _joined(pieces: list[str]) -> str:
    """Join texts in base64, each of which may have been padded on its own."""
    if not any(piece.endswith("=") for piece in pieces[:-1]):
        return "".join(pieces)

    try:
        return b64encode(b"".join(map(b64decode, pieces))).decode()
    except ValueError:
        return "".join(pieces)  # no base64: whatever it is, nothing of it is lost
