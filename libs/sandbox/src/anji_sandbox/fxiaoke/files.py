"""Files of records: uploaded in the new way or the old, and told by npath or mediaId.

Only what a file is called and how big it is are kept, not its bytes: no endpoint gives them back.
The credential's fields, the header names and the form part of the new way are S13's, those of the
old way S4's, sources that the reference names without showing them. Source: reference sections
1.4 (`convertMediaId`) and 3.4.
"""

from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import orjson

from anji_sandbox.core import Answer, Request
from anji_sandbox.derived import secret
from anji_sandbox.fxiaoke.calls import Call
from anji_sandbox.fxiaoke.codes import RefusedError
from anji_sandbox.fxiaoke.company import Company
from anji_sandbox.store import Record, Store

__all__ = [
    "UPLOAD_PATH",
    "credential",
    "media_form",
    "media_paths",
    "media_upload",
    "stored_path",
    "upload",
]

UPLOAD_PATH = "/sandbox/files/upload/"
"""Where a credential's address leads; its slash at the end belongs to it."""
_CREDENTIALS = "#file credentials"
_FILES = "#files"
_MEDIA = "#media"
_MAX_BYTES = 104_857_600
_MIN_SECONDS, _MAX_SECONDS = 60, 604_800
_HEADERS = ("acid", "resource", "ak", "sign", "expiry", "filename", "size", "digest")


def credential(call: Call) -> Record:
    """Return where and with which headers one file may be uploaded once."""
    asked = call.data
    seconds, size = asked.get("expireTime"), asked.get("fileSize")
    kind, name = asked.get("resourceType"), asked.get("filename")
    is_right = (
        isinstance(seconds, int)
        and _MIN_SECONDS <= seconds <= _MAX_SECONDS
        and isinstance(size, int)
        and 1 <= size <= _MAX_BYTES
        and kind in ("N", "TN")
        and isinstance(name, str)
        and isinstance(asked.get("isStreamUpload"), bool)
    )
    if not is_right or not isinstance(seconds, int):
        words = "expireTime, fileSize, resourceType, filename or isStreamUpload is illegal"
        raise RefusedError(call.shop.switches.codes.bad_body, words)
    number = call.store.next_number("file credential")
    sign = secret(call.shop.company.seed, "file", number)[:40]
    expiry = int(call.now) + seconds
    is_stream = asked["isStreamUpload"]
    content_type = "application/octet-stream" if is_stream else "multipart/form-data"
    shown = {
        "method": "POST",
        "url": f"http://{call.host}{UPLOAD_PATH}",
        "acid": str(number),
        "resource": str(kind),
        "ak": call.shop.company.enterprise_account,
        "sign": sign,
        "expiry": str(expiry),
        "filename": name,
        "size": str(size),
        "digest": secret(sign, "digest")[:32],
        "contentType": content_type,
    }
    call.store.put(_CREDENTIALS, sign, {**shown, "is_used": False})
    return {"data": shown}


def upload(store: Store, company: Company, request: Request, now: float) -> Answer:
    """Take one file; this answer has a form of its own, without `errorCode`."""
    given = request.headers
    known = store.get(_CREDENTIALS, given.get("sign", ""))
    if known is None or any(given.get(name) != known[name] for name in _HEADERS):
        return _uploaded(400, "签名错误", None)
    if known["is_used"] or now > int(known["expiry"]):
        return _uploaded(400, "签名已过期", None)
    body = request.body
    if given.get("content-type", "").startswith("multipart/form-data"):
        body = _parts(request).get("facishareFile", b"")
    if len(body) != int(known["size"]):
        return _uploaded(400, "文件大小不一致", None)
    with store.transaction():
        store.put(_CREDENTIALS, known["sign"], {**known, "is_used": True})
        path = _keep(store, company, known["resource"], known["filename"], len(body))["path"]
    return _uploaded(200, "success", path)


def media_form(request: Request) -> Record:
    """Return the fields of an upload of the old way, from its address and its form."""
    fields: Record = dict(request.query)
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        parts = _parts(request)
        fields["media"] = parts.pop("media", b"")
        fields |= {name: value.decode(errors="replace") for name, value in parts.items()}
    return fields


def media_upload(store: Store, company: Company, fields: Record, wrong_code: int) -> Record:
    """Take one file in the old way; the answer tells its mediaId.

    Raises:
        RefusedError: there is no file, or `type` is neither image nor document.
    """
    media = fields.get("media", b"")
    if fields.get("type") not in ("image", "document") or not media:
        raise RefusedError(wrong_code, "type is not image or document, or media is empty")
    extension = str(fields.get("extName") or "")
    name = f"file.{extension}" if extension else "file"
    return {"mediaId": _keep(store, company, "N", name, len(media))["media_id"]}


def stored_path(store: Store, value: object) -> object:
    """Return the entries of a file field as they are kept: by npath, never a temporary one."""
    if not isinstance(value, list):
        return value
    return [_lasting(store, each) if isinstance(each, dict) else each for each in value]


def _lasting(store: Store, entry: dict[str, Any]) -> dict[str, Any]:
    path = str(entry.get("path") or "")
    media = store.get(_MEDIA, path)
    if media is not None:
        path = media["path"]
    return {**entry, "path": f"N_{path.removeprefix('TN_')}" if path.startswith("TN_") else path}


def media_paths(store: Store, value: object) -> object:
    """Return the entries of a file field with the mediaId in place of the npath, where known."""
    if not isinstance(value, list):
        return value
    return [_as_media(store, each) if isinstance(each, dict) else each for each in value]


def _as_media(store: Store, entry: dict[str, Any]) -> dict[str, Any]:
    file = store.get(_FILES, str(entry.get("path") or "").partition("_")[2])
    return entry if file is None else {**entry, "path": file["media_id"]}


def _keep(store: Store, company: Company, kind: str, name: str, size: int) -> Record:
    number = store.next_number("file")
    own = secret(company.seed, "file path", number)[:32]
    file: Record = {
        "path": f"{kind}_{own}",
        "media_id": f"M{own.upper()}",
        "filename": name,
        "size": size,
    }
    store.put(_FILES, own, file)
    store.put(_MEDIA, file["media_id"], {"path": f"N_{own}"})
    return file


def _parts(request: Request) -> dict[str, bytes]:
    """Return the parts of a multipart form by their names."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    parts = message.iter_parts() if message.is_multipart() else ()
    found: dict[str, bytes] = {}
    for part in parts:
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            found[name] = payload
    return found


def _uploaded(code: int, words: str, path: str | None) -> Answer:
    told = {"success": path is not None, "code": code, "message": words, "data": path}
    return Answer(200, (("Content-Type", "application/json;charset=UTF-8"),), orjson.dumps(told))
