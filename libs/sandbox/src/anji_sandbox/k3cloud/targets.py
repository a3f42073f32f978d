"""Which records an operation means: Ids, a comma text, and Numbers, an array.

Source: reference "k3cloud-webapi.md", sections 2.2, 3.2 and 9 (`Ids` may be `[]`).
"""

from collections.abc import Mapping
from typing import Any

from anji_sandbox.k3cloud.body import lowered
from anji_sandbox.k3cloud.codes import Code, Refusal
from anji_sandbox.k3cloud.context import Context
from anji_sandbox.k3cloud.forms import Form
from anji_sandbox.k3cloud.records import Record

__all__ = ["Target", "named_targets", "text_list"]

Target = tuple[int, Record | Refusal]
"""A place in the call and the record there, or that it does not exist."""


def text_list(value: object) -> list[str]:
    """Return a comma text or an array as texts without blanks, leaving out empty ones."""
    found = value if isinstance(value, list) else str(value or "").split(",")
    return [text for each in found if (text := str(each).strip()) and text != "0"]


def named_targets(context: Context, form: Form, data: Mapping[str, Any]) -> list[Target]:
    """Return what the call names, in its order; an id named twice counts once.

    Raises:
        Refusal: it names nothing.
    """
    given = lowered(dict(data))
    ids, numbers = text_list(given.get("ids")), text_list(given.get("numbers"))
    if not ids and not numbers:
        raise Refusal(Code.NO_BILL_ID, "编码值或内码值必须传其一", None)
    records = context.records.of(form)
    found: list[Record | Refusal] = []
    for text in ids:
        record = records.by_id.get(int(text)) if text.isdecimal() else None
        found.append(record or _unknown(f"内码值[“{text}”]不存在"))
    org_text = str(given.get("useorgid") or given.get("createorgid") or 0)
    org_id = int(org_text) if org_text.isdecimal() else 0
    found.extend(
        records.find_number(text, org_id) or _unknown(f'编码值["{text}"]不存在')
        for text in numbers
    )
    once: dict[int, Record | Refusal] = {}
    for each in found:
        once.setdefault(each["id"] if isinstance(each, dict) else -1 - len(once), each)
    return list(enumerate(once.values()))


def _unknown(text: str) -> Refusal:
    return Refusal(Code.NO_SUCH_FIELD_OR_VALUE, text, None)
