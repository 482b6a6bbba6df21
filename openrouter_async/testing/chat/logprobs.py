"""Log probabilities in the shape of chat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openrouter_async.testing.likelihoods import logprob_of, rivals_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def chat_logprobs(tokens: Sequence[str], wanted: int) -> dict[str, object]:
    """
    Return the `logprobs` member of a choice.

    Args:
        tokens: The tokens of its text.
        wanted: How many of the most likely tokens are listed at each place.

    Returns:
        `content` with an entry for each token, and no `refusal`.
    """
    content: list[dict[str, object]] = []
    for token in tokens:
        rivals = rivals_of(token, wanted) if wanted else {}
        top = [_entry(rival, value) for rival, value in rivals.items()]
        content.append({**_entry(token, logprob_of(token)), "top_logprobs": top})

    return {"content": content, "refusal": None}


def _entry(token: str, value: float) -> dict[str, object]:
    data = token.encode("utf-8", "surrogatepass")
    return {"token": token, "logprob": value, "bytes": list(data)}
