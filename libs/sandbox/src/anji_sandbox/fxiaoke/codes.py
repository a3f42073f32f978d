"""Error codes of the gateway, and the envelopes that carry them.

Every answer is HTTP 200, refusals too. Source: reference section 6.1 `[probe]` for what the
gateway was seen to do, 6.2 `[docs]` for the table.
"""

from typing import Any

import orjson

from anji_sandbox.core import Answer

__all__ = [
    "APP_ACCESS_TOKEN",
    "EMPTY_BODY",
    "EMPTY_TEXT",
    "EXPIRED_CODE",
    "ILLEGAL_APP",
    "ILLEGAL_CREDENTIAL",
    "ILLEGAL_MESSAGE_TYPE",
    "ILLEGAL_RECEIVER",
    "ILLEGAL_RESPONSE_TYPE",
    "MISSING_OPEN_USER",
    "MISSING_RECEIVER",
    "MISSING_REDIRECT",
    "MISSING_TOKEN",
    "NO_QUOTA",
    "OFFSET_RANGE",
    "PARAMETER_ERROR",
    "QUOTA_USED_UP",
    "UNKNOWN_DEPARTMENT",
    "UNKNOWN_OPEN_USER",
    "UNKNOWN_PATH",
    "WRONG_PERMANENT_CODE",
    "WRONG_TOKEN",
    "RefusedError",
    "json_answer",
]

ILLEGAL_CREDENTIAL = 10006
"""appId or appSecret of a token call absent or wrong `[probe]`."""
UNKNOWN_PATH = 10006
MISSING_REDIRECT = 10004
MISSING_OPEN_USER = 10010
OFFSET_RANGE = 10013
MISSING_RECEIVER = 10015
ILLEGAL_APP = 11001
ILLEGAL_RESPONSE_TYPE = 11005
ILLEGAL_RECEIVER = 11016
ILLEGAL_MESSAGE_TYPE = 11017
EMPTY_BODY = 12004
EMPTY_TEXT = 12005
APP_ACCESS_TOKEN = 20005
EXPIRED_CODE = 20010
UNKNOWN_OPEN_USER = 20012
WRONG_PERMANENT_CODE = 20015
WRONG_TOKEN = 20016
MISSING_TOKEN = 20017
QUOTA_USED_UP = 30002
UNKNOWN_DEPARTMENT = 30007
NO_QUOTA = 30003
PARAMETER_ERROR = 32000


class RefusedError(Exception):
    """The CRM does not do what was asked; nothing was stored."""

    def __init__(self, code: int, words: str, description: str = "") -> None:
        super().__init__(f"{code}: {words}")
        self.code = code
        self.words = words
        self.description = description or words


def json_answer(envelope: dict[str, Any]) -> Answer:
    """Return the envelope as the gateway sends it."""
    return Answer(
        200, (("Content-Type", "application/json;charset=UTF-8"),), orjson.dumps(envelope)
    )
