"""Which operation a request is for."""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openrouter_async.testing.endpoints import Endpoint


class Route(NamedTuple):
    """An operation, and what stands for the names in its path."""

    endpoint: Endpoint
    arguments: Mapping[str, str]


class _Template:
    """A path with names in braces, such as `/keys/{hash}`."""

    def __init__(self, path: str) -> None:
        self._parts = path.split("/")
        self.vagueness = path.count("{")
        self.endpoints: dict[str, Endpoint] = {}

    def match(self, parts: list[str]) -> dict[str, str] | None:
        """Return the values of the names, or None if a path is another one."""
        if len(parts) != len(self._parts):
            return None

        arguments: dict[str, str] = {}
        for wanted, part in zip(self._parts, parts, strict=True):
            if wanted.startswith("{") and part:
                arguments[wanted[1:-1]] = unquote(part)
            elif wanted != part:
                return None

        return arguments


def _vagueness(template: _Template) -> int:
    return template.vagueness


class Router:
    """
    The operations by method and path.

    Args:
        prefix: What all paths begin with.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._plain: dict[str, _Template] = {}
        self._templates: list[_Template] = []
        self._by_path: dict[str, _Template] = {}

    def add(self, method: str, path: str, endpoint: Endpoint) -> None:
        """
        Add an operation; an earlier one in the same place is replaced.

        Args:
            method: HTTP method in capitals.
            path: Its path without the prefix, names in braces.
            endpoint: What answers.
        """
        template = self._by_path.get(path)
        if template is None:
            template = self._by_path[path] = _Template(self._prefix + path)
            if template.vagueness:
                # Words go before names.
                insort(self._templates, template, key=_vagueness)
            else:
                self._plain[self._prefix + path] = template

        template.endpoints[method] = endpoint

    def find(self, method: str, path: str) -> Route | None:
        """
        Return what answers a request.

        Args:
            method: HTTP method.
            path: The path as it was sent, without the query.

        Returns:
            The operation, or None if there is none.
        """
        plain = self._plain.get(path)
        if plain is not None:
            endpoint = plain.endpoints.get(method)
            return None if endpoint is None else Route(endpoint, {})

        parts = path.split("/")
        for template in self._templates:
            arguments = template.match(parts)
            if arguments is not None and method in template.endpoints:
                return Route(template.endpoints[method], arguments)

        return None

    def methods(self, path: str) -> list[str]:
        """Return the methods that a path knows."""
        parts = path.split("/")
        every = [*self._plain.values(), *self._templates]
        return sorted(
            {
                method
                for template in every
                if template.match(parts) is not None
                for method in template.endpoints
            }
        )
