"""Every kind of lens that a file can name is one whose law is proved."""

import pytest
from pydantic import JsonValue

from anji_mapper.mapping import combining, lenses, referring
from anji_mapper.mapping.building import Known, LinkNames
from anji_mapper.mapping.expanding import build_fields
from anji_mapper.mapping.lens_forms import LensForm
from anji_mapper.mapping.schema import FieldForm

PROVED = {name for each in (combining, lenses, referring) for name in each.__all__}
"""`test_lenses.py` fails where one of these has no law; `test_own.py` proves `Own`."""


class Reversed:
    """A company's own conversion."""

    def crm_to_erp(self, value: JsonValue) -> JsonValue:
        return str(value)[::-1]

    def erp_to_crm(self, value: JsonValue) -> JsonValue:
        return str(value)[::-1]


KNOWN = Known(
    {"order": LinkNames("OrderObj", "ORDER", "LineObj", ("owner",))}, {"back": lambda: Reversed}
)
KINDS: dict[str, JsonValue] = {
    **{name: {} for name in ("same", "choice", "flag", "decimal", "date", "time", "number")},
    "value_map": {"values": {"a": "1"}},
    "employee": "order",
    "region": {"rows": [{"value": "1", "label": "A", "number": "X"}]},
    "boolean": {"when_true": "B", "when_false": "A"},
    "scaled": {"crm_step": "0.01", "erp_step": "0.01"},
    "day": {},
    "text": {"limit": 10},
    "reference": "order",
    "reference_by_number": "order",
    "line_of": {"link": "order", "number": "FOrderNo", "crm_record": "order_id"},
    "shared": {"link": "order", "value": "owner"},
    "split": {"separator": "/", "more": ["FB"]},
    "concatenated": {"separator": "/", "more": ["b"]},
    "computed": "{a}",
    "when": {"cases": [{"if": {"field": "a", "empty": False}, "value": "x"}]},
    "own": {"function": "back", "examples": {"ab": "ba"}},
    "constant": "x",
}
"""Each word of the language, with what it needs."""
ONE_WAY = {"shared", "computed", "when", "constant"}


def test_every_kind_of_lens_is_looked_at_here() -> None:
    assert KINDS.keys() == LensForm.model_fields.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_lens_is_made_of_one_whose_law_is_proved(kind: str) -> None:
    way = "to_crm" if kind == "shared" else "to_erp" if kind in ONE_WAY else "both"
    field = {"crm": "a", "erp": "FA", "direction": way, "lens": {kind: KINDS[kind]}}

    built = build_fields(FieldForm.model_validate(field), KNOWN)

    made = {type(each.lens).__name__ for _, each in built}
    assert made <= PROVED | {"Own"}
