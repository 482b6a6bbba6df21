"""Requests are checked against the schema of the specification."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from openrouter_async.testing.completions import completion_validator
from openrouter_async.testing.refusals import InvalidRequestError
from openrouter_async.testing.validation import RequestValidator, load_schema
from tests.testing.api import Api

SPECIFIED = {
    "best_of",
    "echo",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "max_tokens",
    "metadata",
    "model",
    "models",
    "n",
    "presence_penalty",
    "prompt",
    "response_format",
    "seed",
    "stop",
    "stream",
    "stream_options",
    "suffix",
    "temperature",
    "top_p",
    "user",
}
ACCEPTED_BEYOND = {
    "include_reasoning",
    "min_p",
    "plugins",
    "provider",
    "reasoning",
    "repetition_penalty",
    "top_a",
    "top_k",
    "transforms",
}
NOT_NULL = {"model", "models", "prompt", "stream", "user"}
VALID: list[tuple[str, object]] = [
    ("best_of", 20),
    ("echo", True),
    ("frequency_penalty", -2),
    ("logit_bias", {"50256": -100.5}),
    ("logprobs", 0),
    ("max_tokens", 1),
    ("max_tokens", 16.0),
    ("metadata", {"trace": "1"}),
    ("model", "openai/gpt-4o-mini"),
    ("models", []),
    ("n", 3.0),
    ("presence_penalty", 1.5),
    ("prompt", "text"),
    ("prompt", ""),
    ("prompt", ["a", "b"]),
    ("prompt", [1, 2.0, 3]),
    ("prompt", [[1], [2, 3], []]),
    ("response_format", {"type": "text"}),
    ("response_format", {"type": "json_object", "more": 1}),
    ("response_format", {"type": "json_schema", "json_schema": {"name": "a"}}),
    ("response_format", {"type": "grammar", "grammar": "root ::= [a-z]"}),
    ("response_format", {"type": "python"}),
    ("seed", -(2**53 - 1)),
    ("seed", 7.0),
    ("stop", "."),
    ("stop", [".", "!"]),
    ("stream", False),
    ("stream_options", {"include_usage": None}),
    ("suffix", "the end"),
    ("temperature", 0),
    ("top_p", 1),
    ("user", "ada"),
    ("include_reasoning", False),
    ("min_p", 0.1),
    ("plugins", [{"id": "web"}]),
    ("provider", {"only": ["x"]}),
    ("reasoning", {"effort": "low"}),
    ("repetition_penalty", 1.1),
    ("top_a", 0.5),
    ("top_k", 40),
    ("transforms", ["middle-out"]),
    ("something_new", {"a": [1]}),
]
INVALID: list[tuple[str, object]] = [
    ("best_of", 0),
    ("best_of", 21),
    ("echo", "yes"),
    ("frequency_penalty", 2.1),
    ("logit_bias", {"1": "high"}),
    ("logit_bias", [1]),
    ("logprobs", 6),
    ("logprobs", True),
    ("max_tokens", 0),
    ("max_tokens", 1.5),
    ("max_tokens", "16"),
    ("metadata", {"trace": 1}),
    ("model", 1),
    ("models", "openai/gpt-4o-mini"),
    ("models", [1]),
    ("n", 0),
    ("n", 129),
    ("presence_penalty", -2.5),
    ("prompt", 1),
    ("prompt", []),
    ("prompt", ["a", 1]),
    ("prompt", [True]),
    ("prompt", [["a"]]),
    ("prompt", {"text": "a"}),
    ("response_format", "json"),
    ("response_format", {}),
    ("response_format", {"type": "xml"}),
    ("response_format", {"type": "json_schema"}),
    ("response_format", {"type": "json_schema", "json_schema": {"schema": {}}}),
    ("response_format", {"type": "grammar"}),
    ("seed", 2**53),
    ("seed", "1"),
    ("stop", 1),
    ("stop", [1]),
    ("stream", "true"),
    ("stream_options", {"include_usage": 1}),
    ("suffix", 1),
    ("temperature", -0.1),
    ("temperature", 2.01),
    ("top_p", 1.01),
    ("user", 1),
    ("include_reasoning", 1),
    ("min_p", 2),
    ("plugins", ["web"]),
    ("provider", "x"),
    ("reasoning", "low"),
    ("repetition_penalty", 3),
    ("top_a", -1),
    ("top_k", -1),
    ("transforms", "middle-out"),
]


def names(case: object) -> str | None:
    """Name a case by its field, and number cases of one field."""
    return case if isinstance(case, str) else None


@pytest.fixture(scope="module")
def validator() -> RequestValidator:
    """Compile the schema once."""
    return completion_validator()


def test_the_schema_has_the_specified_fields() -> None:
    """The shipped schema has the fields of the specification and the known extras."""
    schema = load_schema("completion_create_params")

    assert schema["required"] == ["prompt"]
    assert set(msgspec.convert(schema["properties"], dict[str, object])) == (
        SPECIFIED | ACCEPTED_BEYOND
    )


@pytest.mark.parametrize(("field", "value"), VALID, ids=names)
def test_valid_values_pass(
    validator: RequestValidator, field: str, value: object
) -> None:
    """What the live service accepts is accepted, unknown fields included."""
    validator.check({"prompt": "Hi", field: value})


@pytest.mark.parametrize("field", sorted(SPECIFIED | ACCEPTED_BEYOND))
def test_null_passes_where_it_is_allowed(
    validator: RequestValidator, field: str
) -> None:
    """Null is a value of all fields but those that are plain in the specification."""
    refused = False
    try:
        validator.check({"prompt": "Hi", field: None})
    except InvalidRequestError:
        refused = True

    assert refused == (field in NOT_NULL)


@pytest.mark.parametrize(("field", "value"), INVALID, ids=names)
def test_invalid_values_are_named(
    validator: RequestValidator, field: str, value: object
) -> None:
    """The message of a refusal begins with the path of the field."""
    with pytest.raises(InvalidRequestError, match=rf"^{field}\b"):
        validator.check({"prompt": "Hi", field: value})


def test_a_verdict_holds_for_all_prompts_of_a_form(
    validator: RequestValidator,
) -> None:
    """Checking again gives the same result, whatever the prompt."""
    for prompt in ("a", "b", "a"):
        validator.check({"prompt": prompt, "n": 2})
        with pytest.raises(InvalidRequestError, match=r"^n: 0 is less"):
            validator.check({"prompt": prompt, "n": 0})

    with pytest.raises(InvalidRequestError, match=r"^prompt"):
        validator.check({"prompt": 1, "n": 2})


def test_any_number_of_settings_can_be_checked(validator: RequestValidator) -> None:
    """Settings that differ every time are checked every time."""
    for seed in range(1100):
        validator.check({"prompt": "a", "seed": seed})

    with pytest.raises(InvalidRequestError, match=r"^seed"):
        validator.check({"prompt": "a", "seed": 0.5})


def test_a_missing_prompt_is_named(validator: RequestValidator) -> None:
    """The only required field is the prompt."""
    with pytest.raises(InvalidRequestError, match="'prompt' is a required property"):
        validator.check({"model": "a/b"})


def test_long_values_do_not_fill_the_message(validator: RequestValidator) -> None:
    """A message stays readable when the value is huge."""
    with pytest.raises(InvalidRequestError) as caught:
        validator.check({"prompt": "a", "user": ["x" * 10_000]})

    assert len(str(caught.value)) < 400


async def test_refusals_use_the_classic_envelope(api: Api) -> None:
    """An invalid request gets 400, a code, a message and a generation id."""
    reply = await api.post(metadata={"trace": {"id": 5}})

    assert reply.status == 400
    assert reply.error["code"] == 400
    assert reply.error["message"] == "metadata.trace: {'id': 5} is not of type 'string'"
    assert reply.headers["X-Generation-Id"].startswith("gen-")


def test_the_missing_extra_is_named() -> None:
    """Without jsonschema the import fails with the command that helps."""
    program = (
        "import sys; sys.modules['jsonschema'] = None; import openrouter_async.testing"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert result.returncode == 1
    assert "ImportError" in result.stderr
    assert "pip install 'openrouter-async[testing]'" in result.stderr
