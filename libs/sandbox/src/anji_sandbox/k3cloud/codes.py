"""MsgCode values and message texts, word for word where a source has them.

Source: reference "k3cloud-webapi.md", sections 1.4, 1.5, 3.2 and 9. Texts marked *ours* fill a
gap that no source covers.
"""

from dataclasses import dataclass
from enum import IntEnum

__all__ = [
    "Code",
    "Refusal",
    "already_audited",
    "audited_is_closed_to_edits",
    "duplicate_number",
    "missing_entry_field",
    "missing_head_field",
    "unknown_field",
    "unknown_form",
    "unknown_key",
    "wrong_state",
]


class Code(IntEnum):
    """MsgCode: what kind of failure the vendor says it is."""

    DEFAULT = 0
    SESSION_LOST = 1
    NO_PERMISSION = 2
    NO_OPERATION = 3
    EXCEPTION = 4
    NO_BILL_ID = 5
    DATABASE = 6
    LICENCE = 7
    PARAMETER = 8
    NO_SUCH_FIELD_OR_VALUE = 9
    NOT_FOUND = 10
    INVALID = 11
    NOT_OPERABLE = 12
    LOCKED = 13
    CALL_LIMIT = 14
    NO_ADMINISTRATOR = 15


@dataclass(eq=False)
class Refusal(Exception):  # noqa: N818 - an answer of the vendor, not an accident
    """One refusal in the vendor's words; raised where a call or a packet cannot go on."""

    code: int
    message: str
    field: str | None = ""
    dindex: int = 0


def unknown_form(form_id: str) -> Refusal:
    """Refuse a form that does not exist."""
    text = f"标识为“{form_id}”的业务对象不存在，或者被删除"
    return Refusal(Code.EXCEPTION, text, None)


def unknown_field(key: str) -> Refusal:
    """Refuse a query key that the form does not have."""
    return Refusal(Code.NO_SUCH_FIELD_OR_VALUE, f"元数据中标识为 {key} 的字段不存在", None)


def unknown_key(key: str, entity: str) -> Refusal:
    """Refuse a packet's key that its entity does not have."""
    text = f"ResolveFiled_InnerEx解析字段(Key:{key})出错：{entity}实体不存在此属性"
    return Refusal(Code.NO_SUCH_FIELD_OR_VALUE, text, key)


def duplicate_number(field: str, number: str) -> Refusal:
    """Refuse a number that another record has."""
    text = f"违反字段唯一性要求：编码唯一。[{number}]在当前系统中已经被使用。"
    return Refusal(Code.INVALID, text, field)


def missing_head_field(key: str, title: str) -> Refusal:
    """Refuse a head without a required field."""
    return Refusal(Code.INVALID, f"字段“{title}”是必填项", key)


def missing_entry_field(key: str, title: str, entity_title: str, row: int) -> Refusal:
    """Refuse an entry row, counted from 1, without a required field."""
    text = f"单据体实体【{entity_title}】第【{row}】行分录，【{title}】字段必录"
    return Refusal(Code.INVALID, text, key)


def already_audited(number: str, form_title: str) -> Refusal:
    """Refuse to audit twice."""
    return Refusal(Code.INVALID, f"单据编号为“{number}”的{form_title}，单据已经审核！")


def audited_is_closed_to_edits(number: str, form_title: str) -> Refusal:
    """Refuse to save over an audited record."""
    text = f"单据编号为“{number}”的{form_title}，单据已审核，不允许修改！"
    return Refusal(Code.INVALID, text)


def wrong_state(number: str, form_title: str, allowed: str, operation: str) -> Refusal:
    """Refuse an operation that the record's state does not allow."""
    text = f"单据编号为“{number}”的{form_title}，只有{allowed}的数据才允许{operation}！"
    return Refusal(Code.INVALID, text)
