"""The keywords that a verb takes, and those that are most likely slips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NoReturn

from openrouter_async.errors import ConfigError

_CLOSE = 0.85  # of difflib: one letter in seven may be wrong
_SHORTEST = 6  # letters: `mode` is no `model`, and `speed` no `seed`

# What other clients call something, and what it is here.
_TRANSLATED = {
    "max_retries": "retry",
    "num_retries": "retry",
    "request_timeout": "timeout",
    "headers": "extra_headers",
    "concurrency": "max_in_flight",
    "max_concurrency": "max_in_flight",
    "max_concurrent": "max_in_flight",
    "max_workers": "max_in_flight",
    "n_jobs": "max_in_flight",
    "max_budget": "max_cost",
    "max_iterations": "max_steps",
    "max_rounds": "max_steps",
    "max_tool_rounds": "max_steps",
    "max_turns": "max_steps",
    "response_model": "parse",
    "text_format": "parse",
}
# Where there is what this verb does not have.
_OF_OTHERS = {
    "max_in_flight": "`map` and `gather` have `max_in_flight`",
    "journal": "`map` and `gather` have `journal`",
    "max_cost": "`map` and `gather` have `max_cost`",
    "max_pause": "`map` and `gather` have `max_pause`",
    "ordered": "`map` has `ordered`",
    "max_steps": "`chat.completions.run_tools` has `max_steps`",
    "pin_provider": "`chat.completions.run_tools` has `pin_provider`",
    "parse": "`parse` is for chat",
    "extra_query": "`client.request` has `params`",
    "api_key": "`client.with_options(api_key=...)` has another key",
    "base_url": "`client.with_options(base_url=...)` asks elsewhere",
    "api_base": "`client.with_options(base_url=...)` asks elsewhere",
}
IN_BODY = "A field of the API that is not known here goes into `extra_body`"
IN_QUERY = "A filter that is not known here goes into `params` of `client.request`"


class Keywords:
    """
    Tell slips from fields that the API has and this library does not know.

    The API grows: what is like nothing here is sent as it is.

    Args:
        known: what the verb takes.
        unknown: where a keyword belongs that is refused and yet meant.
        translated: what other clients call something, and what it is here, beside
            what that is for all verbs.
    """

    __slots__ = ("_translated", "_unknown", "known")

    def __init__(
        self,
        known: Iterable[str],
        *,
        unknown: str = IN_BODY,
        translated: Mapping[str, str] | None = None,
    ) -> None:
        self.known: frozenset[str] = frozenset(known)
        self._unknown = unknown
        self._translated = translated or {}

    def check_slips(self, given: Iterable[str]) -> None:
        """
        Refuse a keyword that is most likely a slip.

        Raises:
            ConfigError: it is close to one that is known, or is what other clients
                call something that exists here.
        """
        if not self.known.issuperset(given):  # in C: nearly always there is no more
            self._check_unknown(given)

    def check_known(self, given: Iterable[str]) -> None:
        """
        Refuse every keyword that is not known.

        Raises:
            ConfigError: there is one.
        """
        self.check_slips(given)
        for name in given:
            if name not in self.known:
                takes = ", ".join(f"`{each}`" for each in sorted(self.known))
                raise ConfigError(f"`{name}` is not known here; there are: {takes}")

    def _check_unknown(self, given: Iterable[str]) -> None:
        for name in given:
            if name not in self.known and isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # of a mapping that may be untyped
                advice = _advice(self._translated.get(name, name), self.known)
                if advice is not None:
                    self._refuse(name, advice)

    def _refuse(self, name: str, advice: str) -> NoReturn:
        told = f"`{name}` is not known here: {advice}"
        if self._unknown:
            told += f"{'' if told.endswith('?') else '.'} {self._unknown}"

        raise ConfigError(told)


@lru_cache(maxsize=1024)
def _advice(name: str, known: frozenset[str]) -> str | None:
    """Return what is meant by a name, None for what is like nothing here."""
    meant = name if name in known else _TRANSLATED.get(name, name)
    if meant in known:
        return f"did you mean `{meant}`?"

    if meant in _OF_OTHERS:
        return _OF_OTHERS[meant]

    close = _closest(name, known)
    return None if close is None else f"did you mean `{close}`?"


def _closest(name: str, known: frozenset[str]) -> str | None:
    plain = _plain(name)
    for each in known:
        if _plain(each) == plain:
            return each

    if len(name) < _SHORTEST:
        return None

    # Imported where something is wrong: most programs never need it.
    from difflib import get_close_matches

    found = get_close_matches(name.lower(), sorted(known), n=1, cutoff=_CLOSE)
    return found[0] if found else None


def _plain(name: str) -> str:
    """Return a name without what other ways of spelling differ in: `topP`, `top-p`."""
    return name.lower().replace("_", "").replace("-", "")
