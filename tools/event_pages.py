"""The pages of ``docs/events``: a JSON Schema for every event, and one AsyncAPI file over all.

Made from the models, so that they are true: the words of a field are its docstring in the code.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anji_common.events.changes import Change
from anji_common.events.commands import Command
from anji_common.events.crosswalk import CrosswalkRow
from anji_common.events.envelope import Event
from anji_common.events.inbox import Entry
from anji_common.events.notices import Notice
from anji_common.events.results import Result
from anji_common.events.signals import Signal
from anji_common.topics import CROSSWALK, INBOX, NOTICES, SIGNALS

__all__ = ["event_pages"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class _Kind:
    """One event as it is documented."""

    name: str
    """Of its file and of its AsyncAPI message."""
    model: type[Event]
    topics: str
    """Name of its topics, with parameters in braces."""
    key: str
    types: str
    """Pattern of its ``ce_type``."""
    extensions: Mapping[str, str]
    """Our CloudEvents attributes and what they say."""
    is_public: bool


_NUMBER = {"number": "The command's number: generation, dash, n."}
_KINDS = (
    _Kind(
        "change",
        Change,
        "{system}.{object}.changes.v1",
        "the record's ref",
        "{system}.{object}.changed.v1, {system}.{object}.deleted.v1 (a tombstone: no value)",
        {
            "sequence": "Orders the changes of one record, strictly; 20 digits, sorts as text.",
            "approvedat": "ERP: when it was audited, RFC 3339.",
            "status": "ERP: document status Z, A, B, C or D.",
            "modifiedby": "The vendor's id of who changed it last.",
            "byanji": "`true` where that is Anji's own account.",
            "answers": "The number of the command whose read-back this is.",
        },
        is_public=True,
    ),
    _Kind(
        "crosswalk-row",
        CrosswalkRow,
        CROSSWALK.name,
        "the record's ref",
        "anji.crosswalk.v1",
        {},
        is_public=True,
    ),
    _Kind("notice", Notice, NOTICES.name, "the link's key", "anji.notice.v1", {}, is_public=True),
    _Kind(
        "command",
        Command,
        "{system}.commands.v1, {system}.commands.bulk.v1",
        "the seat's ref",
        "anji.command.{action}.v1",
        _NUMBER,
        is_public=False,
    ),
    _Kind(
        "result",
        Result,
        "{system}.results.v1",
        "the seat's ref",
        "anji.result.{outcome}.v1",
        _NUMBER,
        is_public=False,
    ),
    _Kind(
        "entry",
        Entry,
        INBOX.name,
        "the ref of the seat told",
        "anji.inbox.{kind}.v1",
        {},
        is_public=False,
    ),
    _Kind(
        "signal",
        Signal,
        SIGNALS.name,
        "system/object",
        "anji.signal.{kind}.v1",
        {},
        is_public=False,
    ),
)

_RECORD = {
    "title": "Record",
    "description": (
        "The whole normalised record under the vendor's own field names, lines as lists of rows. "
        "Decimals are text, times are RFC 3339 in UTC, references are refs (system/object/id) or "
        "business numbers, blank is null. Open: a field more is no new version."
    ),
    "type": ["object", "null"],
    "additionalProperties": True,
}


def event_pages(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield path and text of every page of `folder`."""
    for kind in _KINDS:
        yield folder / f"{kind.name}.schema.json", _text({"$schema": _DIALECT, **_value(kind)})
    yield folder / "asyncapi.json", _text(_asyncapi())


def _text(page: Mapping[str, Any]) -> str:
    return json.dumps(page, ensure_ascii=False, indent=2) + "\n"


def _value(kind: _Kind) -> dict[str, Any]:
    """Return the schema of the value; of a change that is the record alone."""
    return dict(_RECORD) if kind.model is Change else kind.model.model_json_schema()


def _headers(kind: _Kind) -> dict[str, Any]:
    text = {"type": "string"}
    fixed = {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {
            **text,
            "format": "uuid",
            "description": "Derived: the same event, the same id.",
        },
        "ce_source": {**text, "format": "uri-reference"},
        "ce_type": {**text, "description": kind.types},
        "ce_subject": {**text, "description": f"The key: {kind.key}."},
        "ce_time": {**text, "format": "date-time"},
    }
    ours = {
        f"ce_{name}": {**text, "description": words} for name, words in kind.extensions.items()
    }
    return {"type": "object", "required": list(fixed), "properties": {**fixed, **ours}}


def _asyncapi() -> dict[str, Any]:
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Anji",
            "version": "1",
            "description": (
                "Changes of a Fxiaoke CRM and a K3Cloud ERP, and what Anji makes of them. "
                "CloudEvents 1.0 in Kafka's binary mode: attributes in ce_* headers, JSON in "
                "the value. Subscribe to what is public; the rest may change with any release."
            ),
        },
        "defaultContentType": "application/json",
        "channels": {kind.name: _channel(kind) for kind in _KINDS},
        "operations": {
            f"subscribe-{kind.name}": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{kind.name}"},
            }
            for kind in _KINDS
            if kind.is_public
        },
        "components": {"messages": {kind.name: _message(kind) for kind in _KINDS}},
    }


def _channel(kind: _Kind) -> dict[str, Any]:
    channel: dict[str, Any] = {
        "address": kind.topics.split(", ", maxsplit=1)[0],
        "description": f"Public. Topics: {kind.topics}."
        if kind.is_public
        else f"Internal. Topics: {kind.topics}.",
        "messages": {kind.name: {"$ref": f"#/components/messages/{kind.name}"}},
    }
    names = {"system": "fxiaoke or k3cloud", "object": "The vendor's name of the object or form."}
    parameters = {
        name: {"description": words}
        for name, words in names.items()
        if f"{{{name}}}" in channel["address"]
    }
    return channel | ({"parameters": parameters} if parameters else {})


def _message(kind: _Kind) -> dict[str, Any]:
    return {
        "name": kind.name,
        "summary": (kind.model.__doc__ or "").strip().splitlines()[0],
        "headers": _headers(kind),
        "payload": {"$ref": f"{kind.name}.schema.json"},
        "bindings": {"kafka": {"key": {"type": "string", "description": kind.key}}},
    }
