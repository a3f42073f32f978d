"""What a packet's value becomes in the store, and what the store's value becomes in an answer.

Stored: text without its outer blanks, numbers as numbers, times as local ISO text (UTC+8, no
zone) or `None`, references as the id of what they name or 0. Answered: empty text is one blank.
Source: reference "k3cloud-webapi.md", sections 3.4, 3.5, 4.1 and 9.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

from anji_sandbox.k3cloud.codes import Code, Refusal
from anji_sandbox.k3cloud.forms import HEAD, Field, Form, Kind
from anji_sandbox.k3cloud.records import Record, Records, master_of
from anji_sandbox.k3cloud.switches import K3CloudSwitches

__all__ = ["Values", "is_blank", "local_time", "moment_text", "true_text"]

_ZONE = timezone(timedelta(hours=8))
_ID_KEYS = ("fid", "id")
_LARGEST = Decimal(10) ** 15
"""Beyond this a number is taken for a mistake; a float could not hold its cents."""
_NO_VALUE = (None, "", 0, 0.0, False)


def local_time(now: float) -> str:
    """Return Unix seconds as the server writes them: local, with milliseconds."""
    return moment_text(datetime.fromtimestamp(round(now * 1000) / 1000, UTC))


def moment_text(moment: datetime) -> str:
    """Return a moment as ISO text with up to three digits of a second, without zone."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(_ZONE).replace(tzinfo=None)
    whole = moment.isoformat(timespec="milliseconds")
    return whole.rstrip("0").rstrip(".") if "." in whole else whole


def true_text(value: object) -> bool:
    """Say whether a flag is set, written as a boolean, a number or a text."""
    return str(value).strip().lower() in ("true", "1")


def is_blank(value: object) -> bool:
    """Say whether a packet's value means "no value", as in the rows of empties clients send."""
    if isinstance(value, str):
        return value.strip().lower() in ("", "0", "false")
    if isinstance(value, Mapping):
        return all(is_blank(each) for each in value.values())
    if isinstance(value, list):
        return all(is_blank(each) for each in value)
    return value in _NO_VALUE


class Values:
    """Conversions between packets, the store and answers."""

    def __init__(self, records: Records, switches: K3CloudSwitches) -> None:
        self._records = records
        self._switches = switches

    def stored(self, field: Field, sent: Any) -> Any:  # noqa: ANN401, PLR0911 - any JSON value; one return a kind
        """Return what the store keeps for a packet's value.

        Raises:
            Refusal: the value is of another kind, or names base data that does not exist.
        """
        match field.kind:
            case Kind.TEXT | Kind.NAME:
                return self._text(field, sent)
            case Kind.NUMBER:
                return float(_decimal(field, sent))
            case Kind.INTEGER:
                return int(_decimal(field, sent))
            case Kind.FLAG:
                return true_text(sent)
            case Kind.DATE | Kind.TIME:
                return _moment(field, sent)
            case Kind.REFERENCE:
                return self._reference(field, sent)
            case Kind.FLEX:
                return _flex(field, sent)

    def answered(self, field: Field, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        """Return what an answer says for a stored value, present or not."""
        match field.kind:
            case Kind.TEXT | Kind.NAME:
                return value or " "
            case Kind.NUMBER:
                return value or 0.0
            case Kind.INTEGER | Kind.REFERENCE:
                return value or 0
            case Kind.FLAG:
                return bool(value)
            case Kind.DATE | Kind.TIME | Kind.FLEX:
                return value

    def number_of(self, target: str, record_id: int) -> str | None:
        """Return the business number of what a reference names, or `None`."""
        if not record_id:
            return None
        form = self._records.forms.get(target)
        if form is None:
            return self._records.base_number(target, record_id)
        record = self._records.named(target, record_id)
        return None if record is None else str(record["head"][form.number])

    def master_of(self, target: str, record_id: int) -> int:
        """Return the id that what a reference names shares with its copies."""
        record = self._records.named(target, record_id)
        return record_id if record is None else master_of(record)

    def name_of(self, target: str, record_id: int) -> str | None:
        """Return the name of what a reference names; its number where no name is kept."""
        form, record = self._records.forms.get(target), self._records.named(target, record_id)
        if form is None or record is None:
            return self.number_of(target, record_id)
        return str(record["head"].get(form.name) or " ")

    def _text(self, field: Field, sent: object) -> str:
        if sent is None:
            return ""
        if isinstance(sent, list) and all(isinstance(each, dict) for each in sent):
            return self._text(field, _one_language(sent))
        if isinstance(sent, dict | list):
            raise Refusal(Code.PARAMETER, f"{field.key} 需字符串格式", field.key)
        text = str(sent).lower() if isinstance(sent, bool) else str(sent)
        return text.strip() if self._switches.trims_text else text

    def _reference(self, field: Field, sent: object) -> int:
        if sent is None or sent == "":
            return 0
        if not isinstance(sent, dict):
            raise Refusal(Code.PARAMETER, f"{field.key} 需字典格式", field.key)
        named = {str(key).lower(): value for key, value in sent.items() if not is_blank(value)}
        if not named:
            return 0
        form = self._records.forms.get(field.target)
        keys = (*_ID_KEYS, form.key.lower()) if form else _ID_KEYS
        found = next((named[key] for key in keys if key in named), None)
        if found is None:
            key, given = next(iter(named.items()))
            if form is not None and form.name and key == "fname":
                return self._by_name(field, form, str(given).strip())
            return self._by_number(field, str(given).strip())
        if self._is_known(field.target, str(found)):
            return int(found)
        return self._by_number(field, str(found).strip())

    def _is_known(self, target: str, record_id: str) -> bool:
        if not record_id.isdecimal():
            return False
        return self.number_of(target, int(record_id)) is not None

    def _by_name(self, field: Field, form: Form, name: str) -> int:
        records = self._records.of(form)
        found = min(records.with_value(HEAD, form.name, (name,)), default=None)
        if found is None:
            text = f"字段“{field.title}”的名称[“{name}”]不存在"
            raise Refusal(Code.NO_SUCH_FIELD_OR_VALUE, text, field.key)
        return found

    def _by_number(self, field: Field, number: str) -> int:
        form = self._records.forms.get(field.target)
        if form is None:
            return self._records.base_id(field.target, number)
        record = self._records.of(form).find_number(number)
        if record is None:
            text = f"字段“{field.title}”的编码值[“{number}”]不存在"
            raise Refusal(Code.NO_SUCH_FIELD_OR_VALUE, text, field.key)
        if self._switches.references_must_be_audited and not _is_audited(record):
            text = f"字段“{field.title}”的编码值[“{number}”]未审核"
            raise Refusal(Code.INVALID, text, field.key)
        return int(record["id"])


def _flex(field: Field, sent: object) -> dict[str, str]:
    """Return the parts of a flex value by their own keys, such as ``FF100004``."""
    if sent is None or sent == "":
        return {}
    if not isinstance(sent, dict):
        raise Refusal(Code.PARAMETER, f"{field.key} 需字典格式", field.key)
    parts: dict[str, str] = {}
    for key, value in sent.items():
        named = next(iter(value.values()), "") if isinstance(value, dict) else value
        if not is_blank(named):
            parts[str(key).rpartition("__")[2].upper()] = str(named).strip()
    return parts


def _is_audited(record: Record) -> bool:
    return bool(record["head"]["FDocumentStatus"] == "C")


def _one_language(texts: list[dict[str, Any]]) -> object:
    by_key = {str(each.get("Key")): each.get("Value") for each in texts}
    return by_key.get("2052", next(iter(by_key.values()), None))


def _decimal(field: Field, sent: object) -> Decimal:
    if sent is None or sent == "":
        return Decimal(0)
    try:
        number = Decimal(str(sent).strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(sent, bool) or not number.is_finite() or abs(number) > _LARGEST:
        raise Refusal(Code.PARAMETER, f"{field.key} 需数值格式", field.key)
    return number


def _moment(field: Field, sent: object) -> str | None:
    if sent is None or not str(sent).strip():
        return None
    try:
        moment = datetime.fromisoformat(str(sent).strip())
    except ValueError as exc:
        raise Refusal(Code.PARAMETER, f"{field.key} 需日期格式", field.key) from exc
    text = moment_text(moment)
    return f"{text[:10]}T00:00:00" if field.kind is Kind.DATE else text
