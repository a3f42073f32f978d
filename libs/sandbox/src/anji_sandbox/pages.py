"""The web page for people: objects, records, and forms to create and edit them.

Plain HTML and forms without scripts, so it works in any browser and without a network. A vendor
whose core is no `EditableCore` is shown read only. Not here: HTTP (`http.py`) and what a form's
fields are (the core's own).
"""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any
from urllib.parse import urlencode

import orjson

from anji_sandbox.core import EditableCore, FormField, ListedCore, StoredCore

__all__ = ["page", "save"]

_MOST_RECORDS = 200
_FIELD = "field."
"""Before the names of a form's inputs, so that they meet no name of ours."""
_FIRST = ("_id", "name", "FNumber", "FName")
"""Columns that come before all others."""
_STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em; color: #222 }
table { border-collapse: collapse } th, td { border: 1px solid #ddd; padding: .3em .6em;
text-align: left; vertical-align: top; max-width: 30em; white-space: nowrap; overflow: hidden;
text-overflow: ellipsis }
th { background: #f5f5f5 } nav a { margin-right: 1em; white-space: nowrap; line-height: 1.8 }
form input[type=text], form select { width: 28em; font: inherit } td small { color: #777 }
button { font: inherit; margin: .8em .5em 0 0; padding: .2em .9em } .words { color: #b00 }
"""


def page(core: StoredCore, asked: Mapping[str, str], words: str = "") -> str:
    """Return the page of one sandbox.

    Args:
        core: The vendor.
        asked: The query: `kind` lists its newest records, `id` with it opens one, `new` a blank
            form, whose inputs may be given as ``field.NAME``.
        words: What went wrong, shown above everything.
    """
    kind = asked.get("kind", "")
    editable = core if isinstance(core, EditableCore) else None
    has_forms = editable is not None and kind in editable.form_kinds()
    kinds = _kinds(core)
    links = " ".join(
        f'<a href="{_href(kind=each)}">{escape(each)} ({_count(core, each)})</a>' for each in kinds
    )
    body = ""
    if editable is not None and has_forms and ("id" in asked or "new" in asked):
        body = _form(editable, kind, asked.get("id", ""), _given(asked))
    elif kind in kinds:
        body = _table(_records(core, kind), kind, has_forms=has_forms)
    title = f"{core.name} sandbox"
    told = f'<p class="words">{escape(words)}</p>' if words else ""
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<style>{_STYLE}</style></head><body><h1><a href="/">{title}</a></h1>'
        f"<nav>{links}</nav>{told}<h2>{escape(kind)}</h2>{body}</body></html>"
    )


def save(core: StoredCore, sent: Mapping[str, str], now: float) -> str:
    """Do what a sent form asks, and return the link of the record, or of its kind if it is gone.

    Raises:
        LookupError: there is no such kind or record, or this vendor has no forms.
        ValueError: the vendor refuses; the text says why.
    """
    kind = sent.get("kind", "")
    if not isinstance(core, EditableCore) or kind not in core.form_kinds():
        msg = f"{core.name} has no form for {kind}"
        raise LookupError(msg)
    given = _given(sent) | ({"#action": sent["action"]} if "action" in sent else {})
    record_id = core.save_form(kind, sent.get("id", ""), given, now)
    if record_id not in _records(core, kind):
        return _link(kind=kind)
    return _link(kind=kind, id=record_id)


def _kinds(core: StoredCore) -> list[str]:
    if isinstance(core, ListedCore) and isinstance(core, EditableCore):
        return list(core.form_kinds())
    found = {each for each in core.store.kinds() if not each.startswith("#")}
    if isinstance(core, EditableCore):
        found.update(core.form_kinds())
    return sorted(found)


def _count(core: StoredCore, kind: str) -> int:
    return len(core.listing(kind)) if isinstance(core, ListedCore) else core.store.count(kind)


def _records(core: StoredCore, kind: str) -> Mapping[str, Mapping[str, Any]]:
    if isinstance(core, ListedCore):
        return core.listing(kind)
    store = core.store
    return {
        each: record for each in store.ids(kind) if (record := store.get(kind, each)) is not None
    }


def _given(asked: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(_FIELD): value
        for name, value in asked.items()
        if name.startswith(_FIELD)
    }


def _link(**query: str) -> str:
    return "/?" + urlencode(query)


def _href(**query: str) -> str:
    return escape(_link(**query))


def _table(all_records: Mapping[str, Mapping[str, Any]], kind: str, *, has_forms: bool) -> str:
    """Return the newest records, newest first; the columns are all the fields they have."""
    ids = tuple(all_records)[: -_MOST_RECORDS - 1 : -1]
    records = {each: all_records[each] for each in ids}
    names = list(dict.fromkeys(name for record in records.values() for name in record))
    names.sort(key=lambda name: name not in _FIRST)
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = "".join(
        f"<tr>{_edit_cell(kind, record_id) if has_forms else ''}"
        + "".join(f"<td>{_cell(record, name)}</td>" for name in names)
        + "</tr>"
        for record_id, record in records.items()
    )
    new = f'<p><a href="{_href(kind=kind, new="1")}">new {escape(kind)}</a></p>'
    corner = "<th></th>" if has_forms else ""
    return f"{new if has_forms else ''}<table><tr>{corner}{head}</tr>{rows}</table>"


def _edit_cell(kind: str, record_id: str) -> str:
    return f'<td><a href="{_href(kind=kind, id=record_id)}">edit</a></td>'


def _cell(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name, "")
    return escape(value if isinstance(value, str) else orjson.dumps(value).decode())


def _form(core: EditableCore, kind: str, record_id: str, given: Mapping[str, str]) -> str:
    try:
        fields = core.form(kind, record_id, given)
    except LookupError as error:
        return f'<p class="words">{escape(str(error))}</p>'
    rows = "".join(_row(field) for field in fields)
    hidden = _hidden("kind", kind) + _hidden("id", record_id)
    actions = core.form_actions(kind, record_id) if record_id else ()
    return (
        f'<form method="post" action="/">{hidden}<p><button>save</button>{_buttons(actions)}</p>'
        f"<table>{rows}</table></form>"
        f"{_lines(core, kind, record_id) if record_id else ''}"
    )


def _lines(core: EditableCore, kind: str, record_id: str) -> str:
    """Return links that add a line to a record."""
    links: Iterable[str] = (
        f'<a href="{_href(kind=line_kind, new="1", **{_FIELD + head_field: record_id})}">'
        f"add {escape(line_kind)}</a> "
        for line_kind, head_field in core.form_lines(kind)
    )
    return f"<p>{''.join(links)}</p>"


def _row(field: FormField) -> str:
    mark = " *" if field.is_required else ""
    name = f"{escape(field.name)}{mark}<br><small>{escape(field.type)}</small>"
    return f"<tr><th>{name}</th><td>{_input(field)}</td></tr>"


def _input(field: FormField) -> str:
    if field.is_fixed:
        return escape(field.value)
    name = f'name="{escape(_FIELD + field.name)}"'
    value = f'value="{escape(field.value)}"'
    if not field.options:
        return f'<input type="text" {name} {value}>'
    if field.is_open:
        choices = "".join(
            f'<option value="{escape(each)}">{escape(label)}</option>'
            for each, label in field.options
        )
        key = escape(f"options of {field.name}".replace(" ", "-"))
        return (
            f'<input type="text" list="{key}" {name} {value}>'
            f'<datalist id="{key}">{choices}</datalist>'
        )
    known = {"": "", **dict(field.options)}
    known.setdefault(field.value, field.value)
    options = "".join(
        f'<option value="{escape(value)}"{" selected" if value == field.value else ""}>'
        f"{escape(label)}</option>"
        for value, label in known.items()
    )
    return f"<select {name}>{options}</select>"


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def _buttons(actions: Iterable[str]) -> str:
    return "".join(
        f'<button name="action" value="{escape(each)}">{escape(each)}</button>' for each in actions
    )
