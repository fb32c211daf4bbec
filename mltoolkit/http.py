"""A small HTTP client for model servers: bounded in time and size, loopback never through a proxy."""

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from mltoolkit.errors import OutsideError

_BODY_LIMIT = 64 * 2**20


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a server said.

    Attributes:
        status: The status code.
        body: The bytes.
    """

    status: int
    body: bytes

    def json(self) -> Any:
        """Parse the body.

        Raises:
            OutsideError: It is not JSON.
        """
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise OutsideError(f"answered {self.status} with something that is not JSON") from error


def request(
    method: str, url: str, *, body: object = None, headers: Mapping[str, str] | None = None, timeout: float
) -> Answer:
    """Ask a server over plain HTTP.

    Args:
        method: GET, POST, ...
        url: ``http://host:port/path``.
        body: Sent as JSON, or as it is where it is bytes.
        headers: Sent too.
        timeout: Seconds, for each step of the connection.

    Raises:
        OutsideError: Nobody answers, or the answer is broken or too long.
    """
    parts = urlsplit(url)
    data = (
        body
        if isinstance(body, bytes)
        else None
        if body is None
        else json.dumps(body, allow_nan=False).encode()
    )
    sent = {**({} if data is None else {"Content-Type": "application/json"}), **(headers or {})}
    # http.client knows no proxies, which is what we want of a loopback address.
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request(method, parts.path or "/", body=data, headers=sent)
        answer = connection.getresponse()
        content = answer.read(_BODY_LIMIT + 1)
    except (OSError, http.client.HTTPException) as error:
        raise OutsideError(f"{method} {url}: {str(error) or type(error).__name__}") from error
    finally:
        connection.close()
    if len(content) > _BODY_LIMIT:
        raise OutsideError(f"{method} {url}: answered more than {_BODY_LIMIT} bytes")
    return Answer(status=answer.status, body=content)
