"""Messages to people: checked, kept, never sent anywhere. Source: reference section 5.4."""

from collections.abc import Mapping
from typing import Any

from anji_sandbox.fxiaoke import codes
from anji_sandbox.fxiaoke.codes import RefusedError
from anji_sandbox.fxiaoke.shop import Shop
from anji_sandbox.store import Record, Store

__all__ = ["MESSAGES", "push", "revoke_message", "send_app_message", "send_message"]

MESSAGES = "#messages"
"""The kind under which the store keeps them."""
_MAX_RECEIVERS = 500
_CONTENTS = ("text", "composite", "articles")
_MAX_ARTICLES = 7
_MAX_LENGTHS = {"title": 45, "author": 8, "description": 140}
_PUSHES = "#pushes"


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
            **({"service": body["serviceId"]} if "serviceId" in body else {}),
        },
    )
    store.writes["message send"] += 1
    return {}


def send_app_message(shop: Shop, store: Store, body: Mapping[str, Any], now: float) -> Record:
    """Keep a message of a service account: the same parameters, and `serviceId`."""
    _check_service(shop, body)
    return send_message(shop, store, body, now)


def revoke_message(shop: Shop, store: Store, body: Mapping[str, Any], _now: float) -> Record:
    """Take a message of a service account back; `messageId` is its number here."""
    _check_service(shop, body)
    message_id = str(body.get("messageId"))
    known = store.get(MESSAGES, message_id)
    if known is None or known.get("service") != body["serviceId"]:
        words = f"message {message_id} does not exist"
        raise RefusedError(shop.switches.codes.not_found, words)
    store.delete(MESSAGES, message_id)
    return {}


def push(shop: Shop, store: Store, body: Mapping[str, Any], now: float) -> Record:
    """Keep what an ERP pushes for the vendor's own integration platform; nothing comes of it."""
    data = body.get("data")
    if not isinstance(data, dict) or not data.get("objAPIName"):
        raise RefusedError(shop.switches.codes.bad_body, "data.objAPIName is missing")
    number = store.next_number("push")
    store.put(_PUSHES, str(number), {"number": number, "at_ms": int(now * 1000), "data": data})
    return {}


def _check_service(shop: Shop, body: Mapping[str, Any]) -> None:
    if not isinstance(body.get("serviceId"), str) or not body["serviceId"]:
        raise RefusedError(shop.switches.codes.bad_body, "serviceId is missing")


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
    if kind == "articles":
        _check_articles(content)


def _check_articles(content: object) -> None:
    articles = content if isinstance(content, list) else []
    if not 1 <= len(articles) <= _MAX_ARTICLES:
        raise RefusedError(codes.EMPTY_TEXT, f"articles are no list of 1 to {_MAX_ARTICLES}")
    for each in articles:
        if not isinstance(each, dict) or each.get("type") not in ("TEXT", "URL"):
            raise RefusedError(codes.EMPTY_TEXT, "the type of an article is TEXT or URL")
        if not all(each.get(name) for name in ("title", "coverImage", "content")):
            raise RefusedError(codes.EMPTY_TEXT, "an article needs title, coverImage and content")
        for name, most in _MAX_LENGTHS.items():
            if len(str(each.get(name) or "")) > most:
                raise RefusedError(codes.EMPTY_TEXT, f"{name} of an article exceeds {most}")
