"""Requests of any operation, read and checked by its specification."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from openrouter_async.testing.forms import read_form
from openrouter_async.testing.refusals import InvalidRequestError
from openrouter_async.testing.validation import problem_of

if TYPE_CHECKING:
    from openrouter_async.testing.exchange import Exchange
    from openrouter_async.testing.openapi import (
        OperationRules,
        Parameter,
        Specification,
    )

_JSON = "application/json"
_FORM = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Call:
    """
    A request that is as it should be.

    Attributes:
        exchange: The request.
        path: What stands for the names in the path.
        query: The specified parameters that were given, as the types they have.
        body: The members of the JSON or form; empty if there is none.
    """

    exchange: Exchange
    path: Mapping[str, str]
    query: Mapping[str, object]
    body: Mapping[str, object]

    def number(self, name: str, default: int) -> int:
        """Return a whole number of the query."""
        value = self.query.get(name)
        return value if isinstance(value, int) else default

    def words(self, name: str) -> list[str]:
        """Return the words of the query that commas separate."""
        value = self.query.get(name)
        return [] if value is None else [w.strip() for w in str(value).split(",")]


class CallReader:
    """
    Reads the requests of one operation.

    Args:
        rules: The operation.
        specification: Where its schemas are.
    """

    def __init__(self, rules: OperationRules, specification: Specification) -> None:
        self.rules = rules
        self._specification = specification

    def read(self, exchange: Exchange) -> Call:
        """
        Check a request.

        Args:
            exchange: The request.

        Returns:
            What it says.

        Raises:
            InvalidRequestError: With the name of the field and what is wrong.
        """
        query: dict[str, object] = {}
        for parameter in self.rules.parameters:
            texts = self._texts(parameter, exchange)
            if texts:
                query[parameter.name] = self._value(parameter, texts)
            elif parameter.required:
                message = f"{parameter.name}: required {parameter.place} parameter"
                raise InvalidRequestError(message)

        return Call(exchange, exchange.arguments, query, self._body(exchange))

    def _texts(self, parameter: Parameter, exchange: Exchange) -> list[str]:
        if parameter.place == "query":
            return exchange.query.getall(parameter.name, [])

        given = exchange.arguments
        name = parameter.name
        if parameter.place == "header":
            given, name = exchange.record.headers, name.lower()

        return [given[name]] if name in given else []

    def _value(self, parameter: Parameter, texts: list[str]) -> object:
        validator = self._specification.validator(parameter.pointer)
        problem: str | None = None
        for value in _readings(texts):
            problem = problem_of(validator, value)
            if problem is None:
                return value

        message = f"{parameter.name}: {problem}"
        raise InvalidRequestError(message)

    def _body(self, exchange: Exchange) -> Mapping[str, object]:
        bodies = self.rules.bodies
        if not bodies or not (exchange.record.body or self.rules.body_required):
            return {}

        kind = exchange.record.headers.get("content-type", "")
        if _FORM in bodies and (kind.startswith(_FORM) or _JSON not in bodies):
            form = read_form(kind, exchange.record.body)
            self._check_form(bodies[_FORM], form)
            return form

        params = exchange.params_or_refuse()
        self._check(bodies[_JSON], params)
        return params

    def _check_form(self, pointer: str, form: Mapping[str, object]) -> None:
        """Check a form, in which a number can only be a text of digits."""
        # A file is bytes, which JSON schema knows as a text.
        texts = {k: "" if isinstance(v, bytes) else v for k, v in form.items()}
        if problem_of(self._specification.validator(pointer), texts) is not None:
            self._check(pointer, {name: _number(v) for name, v in texts.items()})

    def _check(self, pointer: str, instance: object) -> None:
        problem = problem_of(self._specification.validator(pointer), instance)
        if problem is not None:
            raise InvalidRequestError(problem)


def _number(value: object) -> object:
    """Return the number, true, false or null that a text is, or the value itself."""
    if not isinstance(value, str):
        return value

    try:
        return msgspec.json.decode(value.encode(), type=float | int | bool | None)
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return value


def _readings(texts: list[str]) -> Iterator[object]:
    """Yield what the text of a parameter can mean, the likeliest last."""
    if len(texts) > 1:
        yield texts
        return

    (text,) = texts
    yield text
    number = _number(text)
    if number is not text:
        yield number
