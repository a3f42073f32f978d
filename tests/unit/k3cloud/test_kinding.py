"""Kinds of fields by the site's own description, where a mapping does not say."""

import pytest
from pydantic import ValidationError

from anji_common.interest import FieldInterest, FieldKind, LinesInterest, ObjectInterest
from anji_k3cloud.described import EntryInfo, FieldInfo, FormInfo
from anji_k3cloud.kinding import Mistyped, kinded, mistyped
from anji_k3cloud.settings import K3CloudSettings

TYPES = {"61": FieldKind.TIME, "106": FieldKind.DECIMAL, "175": FieldKind.BOOLEAN}


def told(key: str, kind: str = "", refers_to: str = "") -> FieldInfo:
    return FieldInfo(key, key, kind, is_must=False, refers_to=refers_to)


FORM = FormInfo(
    "ABCD_Visit",
    "拜访单",
    (
        EntryInfo(
            "FBillHead",
            "拜访单",
            (
                told("FBillNo", "231"),
                told("FDate", "61"),
                told("FCustId", "56", "BD_Customer"),
                told("FIsPaid", "175"),
                told("FQty", "56"),
            ),
        ),
        EntryInfo("FEntity", "明细", (told("FQty", "106"), told("FUnitID", "56", "BD_UNIT"))),
    ),
)


def interest(*fields: FieldInterest, rows: tuple[FieldInterest, ...] = ()) -> ObjectInterest:
    lines = (LinesInterest("FENTITY", "FEntryID", rows),)
    return ObjectInterest("ABCD_Visit", "FID", "FBillNo", fields, lines)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("FDATE", FieldKind.TIME),
        ("FCustId", FieldKind.NUMBER),
        ("FIsPaid", FieldKind.BOOLEAN),
        ("FBillNo", FieldKind.TEXT),
        ("SubHead.FDate", FieldKind.TIME),
        ("F_ABCD_Gone", FieldKind.TEXT),
    ],
)
def test_a_head_field_without_a_kind_gets_that_of_the_site(path: str, kind: FieldKind) -> None:
    (field,) = kinded(interest(FieldInterest(path)), FORM, TYPES).fields

    assert (field.path, field.kind) == (path, kind)


def test_a_row_field_is_looked_for_in_its_own_entry() -> None:
    found = kinded(interest(rows=(FieldInterest("FQty"), FieldInterest("FUnitID"))), FORM, TYPES)

    assert [each.kind for each in found.lines[0].fields] == [FieldKind.DECIMAL, FieldKind.NUMBER]


def test_what_the_mapping_says_counts() -> None:
    said = interest(
        FieldInterest("FDate", FieldKind.DATE),
        FieldInterest("FCustId", FieldKind.REFERENCE, "BD_Customer"),
    )

    assert kinded(said, FORM, TYPES) == said


def test_a_site_that_describes_nothing_changes_nothing() -> None:
    said = interest(FieldInterest("FDate"))

    assert kinded(said, None, TYPES) == said


def test_a_kind_that_can_hardly_be_right_is_told() -> None:
    said = interest(
        FieldInterest("FDate", FieldKind.DECIMAL),
        FieldInterest("FIsPaid", FieldKind.CHOICE),
        FieldInterest("FCustId", FieldKind.EMPLOYEE),
        rows=(FieldInterest("FQty", FieldKind.DATE),),
    )

    assert list(mistyped(said, FORM, TYPES)) == [
        Mistyped("FDate", FieldKind.DECIMAL, FieldKind.TIME),
        Mistyped("FENTITY.FQty", FieldKind.DATE, FieldKind.DECIMAL),
    ]


def settings(types: str) -> K3CloudSettings:
    known = {"url": "http://x", "acct_id": "a", "username": "u", "password": "p"}
    return K3CloudSettings.model_validate({**known, "field_types": types})


def test_a_site_says_its_own_types_in_a_setting() -> None:
    assert settings(" 61=time, X=decimal ,").kinds_by_type == {
        "61": FieldKind.TIME,
        "x": FieldKind.DECIMAL,
    }
    assert settings("").kinds_by_type == {}


@pytest.mark.parametrize("wrong", ["61", "61=when"])
def test_a_wrong_table_of_types_stops_the_start(wrong: str) -> None:
    with pytest.raises(ValidationError, match="field_types"):
        settings(wrong)
