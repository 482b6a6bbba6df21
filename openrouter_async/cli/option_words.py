"""What the library's messages name as its callers do, in the words of options."""

from __future__ import annotations

import re

from openrouter_async.cli.amounts import cost

# Where a name stands by itself: in `backticks`, or in a path, it is somebody else's.
_NAMES = {
    "Timeout.total": "--timeout",
    "RetryPolicy.max_retries": "--retries",
    "RateLimits.requests_per_minute": "--requests-per-minute",
    "RateLimits.tokens_per_minute": "--tokens-per-minute",
    "max_in_flight": "--max-in-flight",
    "max_cost": "--max-cost",
    "max_pause": "--max-pause",
    "base_url": "the base URL",
    "allow_http=True": "--allow-http",
}
# Parts of sentences that only a caller of the library can follow.
_PHRASES = {
    ", or None": "",
    "; None waits however": "; `--max-pause inf` waits however",
    "; use api_key=": "; the key goes into OPENROUTER_API_KEY",
    " or api_key=": "",
    "The client's retry budget is spent (RetryPolicy.budget_ratio)": (
        "so many requests failed that not all of them were tried again"
    ),
    "pass what it was, or name another journal": (
        "go on with what it was, name another file, or start over with --fresh"
    ),
    "or name another journal": "or name another file",
}
# Fields that have an option, where a journal tells of another value.
_FIELDS = "max_tokens|temperature|top_p|n|stop|seed|logprobs|suffix|echo|provider|model"

_NAME = re.compile(
    rf"(?<![\w`./-])({'|'.join(map(re.escape, _NAMES))})(?![\w`/-]|\.\w)"
)
# Longer ones stand first, as they hold others.
_PHRASE = re.compile("|".join(map(re.escape, _PHRASES)))
_FIELD = re.compile(rf"(?<=[:;] )({_FIELDS})(?= was )")
_TINY = re.compile(r"\$(\d(?:\.\d+)?e-\d+)")
_URL = re.compile(r'(?<=[:;] )url was (?P<old>.*?) and is (?P<new>"\S*")')


def in_option_words(text: str) -> str:
    """Return a message of the library in the words of who typed a command."""
    text = _PHRASE.sub(lambda found: _PHRASES[found[0]], text)
    text = _NAME.sub(lambda found: _NAMES[found[0]], text)
    text = _FIELD.sub(lambda found: f"--{found[0].replace('_', '-')}", text)
    text = _URL.sub(_told_url, text)
    return _TINY.sub(lambda found: cost(float(found[1])), text)


def _told_url(found: re.Match[str]) -> str:
    """Tell of a journal's URL, which says more than where requests went."""
    old, new = (_kind(found[each]) for each in ("old", "new"))
    if old and new and old != new:
        return f"its requests were {old} and are {new}"

    return f"the base URL {found[0].removeprefix('url ')}"


def _kind(url: str) -> str:
    """Return what is sent to a URL, in its quotes; '' if that is unknown."""
    if url.endswith('/chat/completions"'):
        return "chat"

    return "text completions" if url.endswith('/completions"') else ""
