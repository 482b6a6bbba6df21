"""Multipart bodies, in which files are sent."""

from __future__ import annotations

from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP

from openrouter_async.testing.refusals import InvalidRequestError


def read_form(content_type: str, body: bytes) -> dict[str, object]:
    """
    Return the fields of a form.

    Args:
        content_type: The header, with the boundary.
        body: The body.

    Returns:
        The fields by name: files as bytes, the rest as text, and as a list what was
        sent under a name that ends in `[]`.

    Raises:
        InvalidRequestError: If it is not a form.
    """
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    parser = BytesParser(EmailMessage, policy=HTTP)
    message = parser.parsebytes(head + body)
    if not content_type.startswith("multipart/form-data") or not message.is_multipart():
        problem = "The body is not multipart/form-data"
        raise InvalidRequestError(problem)

    fields: dict[str, object] = {}
    lists: dict[str, list[object]] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if not isinstance(name, str):
            continue

        payload = part.get_payload(decode=True)
        value: object = payload
        if isinstance(payload, bytes) and part.get_filename() is None:
            value = payload.decode("utf-8", "replace")

        if name.endswith("[]"):
            lists.setdefault(name, []).append(value)
        else:
            fields[name] = value

    return {**fields, **lists}
