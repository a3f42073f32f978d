"""Messages to people, as the CRM takes them. Pure.

Source: docs/vendors/fxiaoke.md, section 5.4.
"""

from urllib.parse import quote

import orjson

from anji_common.events.commands import Command
from anji_fxiaoke.settings import FxiaokeSettings

__all__ = ["message_from"]

_LONGEST_TITLE = 45
"""The documents give this length for an article's title; for a composite's they give none."""
_LINK_TITLE = "打开记录"


def message_from(command: Command, settings: FxiaokeSettings) -> tuple[str, dict[str, object]]:
    """Return the kind of a message and its content: text, or with a link to the record."""
    if settings.messages == "text" or command.target is None:
        return "text", {"content": command.text}
    title = (command.text.strip().splitlines() or [""])[0][:_LONGEST_TITLE]
    return "composite", {
        "head": {"title": title or _LINK_TITLE},
        "first": {"content": command.text},
        "form": [],
        "remark": {"content": ""},
        "link": {"title": _LINK_TITLE, "url": _link(command, settings)},
    }


def _link(command: Command, settings: FxiaokeSettings) -> str:
    target = command.target
    named = {} if target is None else {
        "objDescApiName": target.object_name, "objDataId": target.record_id,
    }  # fmt: skip
    text = orjson.dumps(named).decode()
    return f"fs://CRM/udobj?{quote(text) if settings.message_link == 'encoded' else text}"
