"""Messages to people: checked, kept, never sent anywhere. Source: reference section 5.4."""

from collections.abc import Mapping
from typing import Any

from anji_sandbox.fxiaoke import codes
from anji_sandbox.fxiaoke.codes import RefusedError
from anji_sandbox.fxiaoke.shop import Shop
from anji_sandbox.store import Record, Store

__all__ = ["MESSAGES", "send_message"]

MESSAGES = "#messages"
"""The kind under which the store keeps them."""
_MAX_RECEIVERS = 500
_CONTENTS = ("text", "composite", "articles")


def send_message(shop: Shop, store: Store, body: Mapping[str, Any], now: float) -> Record:
    """Keep a message; the answer is the bare envelope."""
    receivers = body.get("toUser")
    if not isinstance(receivers, list) or not receivers:
        raise RefusedError(codes.MISSING_RECEIVER, "toUser is missing")
    if len(receivers) > _MAX_RECEIVERS:
        raise RefusedError(codes.ILLEGAL_RECEIVER, f"toUser has more than {_MAX_RECEIVERS}")
    found = [shop.company.employee(str(each)) for each in receivers]
    if None in found:
        raise RefusedError(codes.UNKNOWN_OPEN_USER, "openUserId not found")
    kind = body.get("msgType")
    if kind not in _CONTENTS:
        raise RefusedError(codes.ILLEGAL_MESSAGE_TYPE, f"msgType {kind} is illegal")
    content = body.get(kind)
    _check_content(kind, content)
    number = store.next_number("message")
    store.put(
        MESSAGES,
        str(number),
        {
            "number": number,
            "sent_at_ms": int(now * 1000),
            "to": [each.open_user_id for each in found if each],
            "type": kind,
            "content": content,
        },
    )
    store.writes["message send"] += 1
    return {}


def _check_content(kind: str, content: object) -> None:
    if not content:
        raise RefusedError(codes.EMPTY_TEXT, f"{kind} is empty")
    if kind == "text" and not (isinstance(content, dict) and content.get("content")):
        raise RefusedError(codes.EMPTY_TEXT, "text.content is empty")
    if kind == "composite":
        parts = content if isinstance(content, dict) else {}
        head = parts.get("head")
        title = head.get("title") if isinstance(head, dict) else None
        if not title or not parts.get("link"):
            raise RefusedError(codes.EMPTY_TEXT, "composite needs head.title and link")
