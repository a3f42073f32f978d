"""The web page for people: which objects a sandbox has, and their records. Read only."""

from html import escape

import orjson

from anji_sandbox.store import Record, Store

__all__ = ["page"]

_MOST_RECORDS = 200
_STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em; color: #222 }
table { border-collapse: collapse } th, td { border: 1px solid #ddd; padding: .3em .6em;
text-align: left; vertical-align: top; max-width: 30em; overflow-wrap: anywhere }
th { background: #f5f5f5 } nav a { margin-right: 1em }
"""


def page(name: str, store: Store, kind: str) -> str:
    """Return the page of one sandbox, with the newest records of `kind` if it names one."""
    kinds = [each for each in store.kinds() if not each.startswith("#")]
    links = " ".join(
        f'<a href="/?kind={escape(each)}">{escape(each)} ({store.count(each)})</a>'
        for each in kinds
    )
    body = _table(store, kind) if kind in kinds else ""
    title = f"{name} sandbox"
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1><nav>{links}</nav>"
        f"<h2>{escape(kind)}</h2>{body}</body></html>"
    )


def _table(store: Store, kind: str) -> str:
    """Return the newest records, newest first; the columns are all the fields they have."""
    ids = store.ids(kind)[: -_MOST_RECORDS - 1 : -1]
    records = [record for each in ids if (record := store.get(kind, each)) is not None]
    names = list(dict.fromkeys(name for record in records for name in record))
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = "".join(
        "<tr>" + "".join(f"<td>{_cell(record, name)}</td>" for name in names) + "</tr>"
        for record in records
    )
    return f"<table><tr>{head}</tr>{rows}</table>"


def _cell(record: Record, name: str) -> str:
    value = record.get(name, "")
    return escape(value if isinstance(value, str) else orjson.dumps(value).decode())
