"""The first line of a journal: whose it is, and what is in flight."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from openrouter_async.errors import ConfigError
from openrouter_async.fanout.journal.lines import Digest, fingerprint_of
from openrouter_async.fanout.journal.parameters import differences
from openrouter_async.types.lenient import Json, is_array, is_object

MAGIC = b'{"journal":"openrouter_async","version":1,'
SLOT = 24  # characters: a digest in Base64
SLOTS = 512

_VERSION = 1
_REGISTER = b'"in_flight":"'


class Header(msgspec.Struct):
    """Describe the run a journal belongs to, and what it has in flight."""

    journal: str
    version: int
    fingerprint: Digest
    parameters: dict[str, msgspec.Raw]
    in_flight: str


class _Version(msgspec.Struct):
    journal: str
    version: int


def _as_builtin(value: object) -> Json:
    """Turn read-only mappings, other sequences and subclasses into what JSON has."""
    if is_object(value):
        return dict(value)

    if is_array(value):
        return list(value)

    if isinstance(value, str):
        return str.__str__(value)

    if isinstance(value, float):
        return float(value)

    if isinstance(value, int):
        return int(value)

    raise TypeError(f"{type(value).__name__} is not a type of JSON")


_canonical = msgspec.json.Encoder(enc_hook=_as_builtin, order="deterministic").encode


def header_line(parameters: Mapping[str, Json]) -> bytes:
    """
    Encode the first line of a new journal; its register is blank.

    Raises:
        ConfigError: a parameter has no JSON form.
    """
    values = {name: _value(name, parameters[name]) for name in parameters}
    fingerprint = fingerprint_of(_canonical(values))
    blank = " " * SLOT * SLOTS
    header = Header("openrouter_async", _VERSION, fingerprint, values, blank)
    return msgspec.json.encode(header) + b"\n"


def _value(name: str, value: Json) -> msgspec.Raw:
    try:
        return msgspec.Raw(_canonical(value))
    except (TypeError, ValueError, RecursionError) as exc:
        reason = str(exc)

    raise ConfigError(f"{name} cannot be written into a journal: {reason}")


def read_header(line: bytes, path: str) -> Header:
    """
    Decode the first line of a file.

    Raises:
        ConfigError: this is no journal, one of a later version, or a damaged one.
    """
    version = _version(line)
    if version is None:
        raise ConfigError(
            f"{path} is not a journal: name another file, or an empty one"
        )

    if version != _VERSION:
        raise ConfigError(
            f"the journal {path} has format version {version}, and this release"
            f" reads version {_VERSION}: use the release that wrote it"
        )

    header = _intact_header(line)
    if header is None:
        raise ConfigError(f"line 1 of the journal {path} is damaged: restore it")

    return header


def _version(line: bytes) -> int | None:
    try:
        found = msgspec.json.decode(line, type=_Version)
    except (ValueError, RecursionError):
        return None

    return found.version if found.journal == "openrouter_async" else None


def _intact_header(line: bytes) -> Header | None:
    try:
        header = msgspec.json.decode(line, type=Header)
        start, size = register_place(line)
    except (ValueError, RecursionError):
        return None

    slots = header.in_flight.encode()
    if line[start : start + size] != slots or len(slots) % SLOT:
        return None

    intact = header.fingerprint == fingerprint_of(_canonical(header.parameters))
    return header if intact else None


def register_place(line: bytes) -> tuple[int, int]:
    """
    Return where the register begins in a header line, and its length.

    Raises:
        ValueError: it is not written as this release writes it.
    """
    start = line.rindex(_REGISTER) + len(_REGISTER)
    return start, len(line) - start - len(b'"}\n')


def check_parameters(
    header: Header, ours: Header, path: str, called: Mapping[str, str]
) -> None:
    """
    Compare the parameters of a journal with those of this run.

    Args:
        header: of the journal.
        ours: of this run.
        path: of the journal.
        called: what a message calls parameters.

    Raises:
        ConfigError: they differ; it names the parameters and both values.
    """
    found = [*differences(header.parameters, ours.parameters, called)]
    if found:
        raise ConfigError(
            f"the journal {path} is of a run with other parameters:"
            f" {'; '.join(found)}: pass what it was, or name another journal"
        )
