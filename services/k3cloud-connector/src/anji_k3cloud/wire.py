"""The vendor's envelopes: bodies we send, answers we read. Its spelling of calls ends here.

Business refusals are HTTP 200, and a query disguises them as a row. What is no answer of the
application at all (a proxy's page, HTTP 5xx) raises: for a call that writes it is a doubt, for
behind the proxy the write may have been carried out.

Source: reference "k3cloud-webapi.md", sections 1.1, 1.2, 1.5, 3 and 9.
"""

import base64
import binascii
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from anji_common.errors import (
    AuthenticationError,
    InDoubtError,
    RateLimitedError,
    RefusedError,
    VendorUnavailableError,
)
from anji_common.transport import Answer

__all__ = [
    "Complaint",
    "Entity",
    "SessionLostError",
    "Status",
    "body_of",
    "document_of",
    "service_path",
    "shape_of",
    "status_of",
]

_SERVICES = "Kingdee.BOS.WebApi.ServicesStub"
_PREFIX = "response_error:"
_WRONG_ACCOUNT = "Fail to verify thirty passport"
_LOST = ("会话信息已丢失", "Session information is lost")
_LOST_CODE = 1
_MAX_WORDS = 500
_NO_IDS = (None, "", 0, "0")
_HTTP_OK = (200, 206)
_UNAUTHORISED = 401
_TOO_MANY = 429
_SERVER_ERROR = 500
_RETRY_SECONDS = 20.0
# The json module's own functions make such ones anew for each call.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_DECODER = json.JSONDecoder(parse_float=Decimal)


class SessionLostError(VendorUnavailableError):
    """The session is gone; the call was not carried out."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One entry of ``Errors``."""

    words: str
    field: str
    dindex: int


@dataclass(frozen=True, slots=True)
class Entity:
    """One entry of ``SuccessEntitys``."""

    record_id: str
    number: str
    dindex: int


@dataclass(frozen=True, slots=True)
class Status:
    """A ResponseStatus."""

    is_success: bool
    code: int
    errors: tuple[Complaint, ...]
    entities: tuple[Entity, ...]

    @property
    def words(self) -> str:
        """All that was complained of, in the vendor's words."""
        return "; ".join(error.words for error in self.errors) or f"MsgCode {self.code}"

    @property
    def is_session_lost(self) -> bool:
        """Whether the session is gone."""
        return not self.is_success and (
            self.code == _LOST_CODE or any(_is_lost(error.words) for error in self.errors)
        )


def service_path(service: str) -> str:
    """Return the path of ``DynamicFormService.Save`` and the like, below the base address."""
    return f"{_SERVICES}.{service}.common.kdsvc"


def body_of(fields: Mapping[str, Any]) -> bytes:
    """Return a request body: UTF-8 JSON without BOM."""
    return _ENCODER.encode(fields).encode()


def document_of(answer: Answer, *, writes: bool) -> Any:  # noqa: ANN401 - JSON of any shape
    """Return the JSON of an answer; its decimals are exact.

    Raises:
        AuthenticationError: the account set is not ours.
        SessionLostError: HTTP 401.
        RateLimitedError: HTTP 429.
        RefusedError: a firewall does not let the content pass.
        InDoubtError: `writes`, and no answer of the application.
        VendorUnavailableError: no answer of the application; nothing was written.
    """
    body = answer.body.strip()
    if answer.status not in _HTTP_OK:
        raise _http_error(answer.status, _text(body), writes=writes)
    if body.startswith(b"H4sI"):
        body = _unpacked(body)
    text = _text(body)
    if text.startswith(_PREFIX):
        raise _no_answer(text.removeprefix(_PREFIX).strip(), writes=writes)
    try:
        document = _DECODER.decode(body.decode(json.detect_encoding(body), "surrogatepass"))
    except ValueError as error:
        # A page of HTML says what is wrong; half an answer may be half a record.
        shown = repr(text[:120]) if text.startswith("<") else f"{len(text)} characters"
        words = f"not JSON: {shown}"
        raise _no_answer(words, writes=writes) from error
    if blocked := _firewall_words(document):
        raise RefusedError(blocked, code="firewall")
    return document


def shape_of(found: object) -> str:
    """Return what an answer is like, without what it tells: records stand in no log."""
    if isinstance(found, list) and found and isinstance(found[0], list):
        return f"{len(found)} rows, the first of {len(found[0])}"
    if isinstance(found, dict):
        return f"an object with {', '.join(sorted(found)[:5]) or 'nothing'}"
    return f"a {type(found).__name__}"


def status_of(document: object) -> Status | None:
    """Return the ResponseStatus in an answer, also one disguised as a row; `None` if none."""
    while isinstance(document, list) and document:
        document = document[0]
    if not isinstance(document, dict):
        return None
    result = document.get("Result")
    status = result.get("ResponseStatus") if isinstance(result, dict) else None
    if isinstance(status, dict):
        return _status(status)
    if "Message" in document and "DIndex" in document:
        words = str(document["Message"])
        return Status(False, _LOST_CODE if _is_lost(words) else 0, (_complaint(document),), ())  # noqa: FBT003 - the field says it
    return None


def _status(found: Mapping[str, Any]) -> Status:
    return Status(
        is_success=str(found.get("IsSuccess")).strip().lower() == "true",
        code=_whole(found.get("MsgCode")),
        errors=tuple(_complaint(each) for each in _dicts(found.get("Errors"))),
        entities=tuple(
            Entity(
                record_id=str(each["Id"]),
                number=str(each.get("Number") or "").strip(),
                dindex=_whole(each.get("DIndex")),
            )
            for each in _dicts(found.get("SuccessEntitys"))
            if each.get("Id") not in _NO_IDS  # it names no record
        ),
    )


def _complaint(found: Mapping[str, Any]) -> Complaint:
    return Complaint(
        words=str(found.get("Message") or "").strip(),
        field=str(found.get("FieldName") or "").strip(),
        dindex=_whole(found.get("DIndex")),
    )


def _http_error(status: int, text: str, *, writes: bool) -> Exception:
    words = f"HTTP {status}: {text[:_MAX_WORDS]}"
    if _WRONG_ACCOUNT in text:
        return AuthenticationError(f"{words} (is ANJI_K3CLOUD_ACCT_ID right?)")
    if status == _UNAUTHORISED:
        return SessionLostError(words)
    if status == _TOO_MANY:
        return RateLimitedError(words, retry_after_seconds=_RETRY_SECONDS)
    if status >= _SERVER_ERROR:
        return _no_answer(words, writes=writes)
    return VendorUnavailableError(f"{words} (is ANJI_K3CLOUD_URL right?)")


def _no_answer(words: str, *, writes: bool) -> Exception:
    return InDoubtError(words) if writes else VendorUnavailableError(words[:_MAX_WORDS])


def _firewall_words(document: object) -> str:
    """Return what a web firewall says; it answers HTTP 200 with a dialogue to be shown."""
    for each in _dicts(document):
        if each.get("actionname") == "showConfirm":
            return "; ".join(str(params.get("msg")) for params in _dicts(each.get("params")))
    return ""


def _unpacked(body: bytes) -> bytes:
    try:
        return gzip.decompress(base64.b64decode(body))
    except (OSError, EOFError, binascii.Error):
        return body


def _is_lost(words: str) -> bool:
    return any(text in words for text in _LOST)


def _dicts(found: object) -> Sequence[Mapping[str, Any]]:
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _whole(found: object) -> int:
    return int(str(found)) if str(found).lstrip("-").isdecimal() else 0


def _text(body: bytes) -> str:
    return body.decode(errors="replace").lstrip("\ufeff")
