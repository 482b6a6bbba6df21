"""The whole API: its operations, and what they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openrouter_async.testing.account import Account
from openrouter_async.testing.answers import Completer
from openrouter_async.testing.catalogue import Catalogue
from openrouter_async.testing.chat.endpoint import ChatEndpoint
from openrouter_async.testing.completions import CompletionsEndpoint
from openrouter_async.testing.embeddings import Embedder
from openrouter_async.testing.keys import KeyRing
from openrouter_async.testing.openapi import specification
from openrouter_async.testing.operations import document_endpoints
from openrouter_async.testing.routing import Router

if TYPE_CHECKING:
    from collections.abc import Callable

    from openrouter_async.testing.calls import Call
    from openrouter_async.testing.endpoints import AnswerFunction
    from openrouter_async.testing.ledger import Ledger

_CHAT_REQUEST = "#/components/schemas/ChatRequest"


class SimulatedAPI:
    """
    Everything that can be asked.

    Args:
        base_path: What all paths begin with.
        completer: Makes the answers.
        ledger: Bills them.
        api_key: The key in use.

    Attributes:
        ledger: What the answers cost.
        router: Knows all operations.
    """

    def __init__(
        self, base_path: str, completer: Completer, ledger: Ledger, api_key: str
    ) -> None:
        self.ledger: Ledger = ledger
        self.router: Router = Router(base_path)
        self._keys = KeyRing(ledger)
        own: dict[str, Callable[[Call], object]] = {
            **Account(ledger, api_key).operations(),
            **self._keys.operations(),
            **Catalogue(base_path).operations(),
            "POST /embeddings": Embedder(ledger).embed,
        }
        rules_of_all = specification()
        for rules, endpoint in document_endpoints(rules_of_all, own):
            self.router.add(rules.method, rules.path, endpoint)

        validator = rules_of_all.validator(_CHAT_REQUEST)
        self._chat = ChatEndpoint(completer, ledger, validator)
        self._completions = CompletionsEndpoint(completer, ledger)
        self.router.add("POST", "/chat/completions", self._chat)
        self.router.add("POST", "/completions", self._completions)

    def answer_with(self, function: AnswerFunction | None) -> None:
        """Let a function say what the answers are; None for the usual ones."""
        self._chat.answer_function = function
        self._completions.answer_function = function

    def reset(self) -> None:
        """Forget the answer function, what answers cost, and the keys."""
        self.answer_with(None)
        self.ledger.clear()
        self._keys.clear()
