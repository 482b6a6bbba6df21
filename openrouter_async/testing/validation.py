"""Requests checked against the JSON schemas that are shipped with the simulator."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

import msgspec

try:
    from jsonschema import Draft202012Validator, SchemaError
    from jsonschema.exceptions import (
        best_match,  # pyright: ignore[reportUnknownVariableType]  # untyped stub
    )
except ImportError as _error:
    _MISSING = "the simulator needs jsonschema: pip install 'openrouter-async[testing]'"
    raise ImportError(_MISSING, name="jsonschema") from _error

from referencing import Registry

from openrouter_async.testing.refusals import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jsonschema import ValidationError

JSONObject: TypeAlias = dict[str, object]

_best_match = cast(
    "Callable[[Iterator[ValidationError]], ValidationError | None]", best_match
)

_REMEMBERED_VERDICTS = 1024
_LONGEST_MESSAGE = 300


class JSONSchemaValidator(Protocol):
    """The part of jsonschema's validators that is used; their stubs have no types."""

    def iter_errors(self, instance: object) -> Iterator[ValidationError]:
        """Yield what is wrong with an instance."""
        ...


def load_schema(name: str) -> JSONObject:
    """
    Return a shipped schema.

    Args:
        name: The file's name without `.json`.

    Returns:
        The decoded schema.
    """
    folder = resources.files("openrouter_async.testing").joinpath("schemas")
    return msgspec.json.decode(
        folder.joinpath(f"{name}.json").read_bytes(), type=JSONObject
    )


def schema_problem(schema: Mapping[str, object]) -> str | None:
    """Return what is wrong with a schema, or None."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return _describe(error)

    return None


def instance_problem(schema: Mapping[str, object], instance: object) -> str | None:
    """Return why an instance does not satisfy a schema, or None."""
    return problem_of(compile_schema(schema), instance)


class RequestValidator:
    """
    Says what is wrong with a request's parameters.

    Clients send many prompts with the same settings. A prompt stands in for all
    others of its form, so a verdict is found once and then remembered: walking the
    schema takes longer than the rest of an answer.

    Args:
        validator: Finds it out.
        form_of: Returns parameters of the same form, short enough to be remembered;
            None if they have to be looked at each time.
    """

    def __init__(
        self,
        validator: JSONSchemaValidator,
        form_of: Callable[[Mapping[str, object]], Mapping[str, object] | None],
    ) -> None:
        self._validator = validator
        self._form_of = form_of
        self._verdicts: dict[bytes, str | None] = {}

    def check(self, params: Mapping[str, object]) -> None:
        """
        Check the parameters of one request.

        Args:
            params: The decoded request body.

        Raises:
            InvalidRequestError: With the path of the field and what is wrong.
        """
        form = self._form_of(params)
        if form is None:
            problem = problem_of(self._validator, params)
        else:
            problem = self._verdict(form)

        if problem is not None:
            raise InvalidRequestError(problem)

    def _verdict(self, params: Mapping[str, object]) -> str | None:
        key = msgspec.json.encode(params)
        if key not in self._verdicts:
            if len(self._verdicts) >= _REMEMBERED_VERDICTS:
                self._verdicts.clear()

            self._verdicts[key] = problem_of(self._validator, params)

        return self._verdicts[key]


def compile_schema(schema: Mapping[str, object]) -> JSONSchemaValidator:
    """Return the validator of a schema that refers to nothing outside it."""
    # An empty registry: the default one would fetch remote references.
    return cast(
        "JSONSchemaValidator", Draft202012Validator(schema, registry=Registry())
    )


def smallest_form(prompt: object) -> object:
    """Return the smallest prompt of the same form, None if it has no valid form."""
    if isinstance(prompt, str):
        return ""

    forms = ((list[str], [""]), (list[float], [0]), (list[list[float]], [[0]]))
    for kind, form in forms:
        try:
            items = msgspec.convert(prompt, kind)
        except msgspec.ValidationError:
            continue

        return form if items else None

    return None


def problem_of(validator: JSONSchemaValidator, instance: object) -> str | None:
    """Return why an instance does not satisfy a validator's schema, or None."""
    error = _best_match(validator.iter_errors(instance))
    return None if error is None else _describe(error)


def _describe(error: ValidationError | SchemaError) -> str:
    path = ".".join(map(str, error.absolute_path))
    message = error.message
    if len(message) > _LONGEST_MESSAGE:
        message = message[:_LONGEST_MESSAGE] + "..."

    return f"{path}: {message}" if path else message
