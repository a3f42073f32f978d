"""What the CRM says of its fields, and how they are read because of it."""

import pytest

from anji_common.errors import UndecodableError
from anji_common.interest import FieldInterest, FieldKind, LinesInterest, ObjectInterest
from anji_fxiaoke.described import (
    FieldDescription,
    ObjectDescription,
    completed,
    described_from,
    names_from,
    reads_as,
)
from anji_fxiaoke.normalise import normal

TYPES = {
    "number": FieldKind.DECIMAL,
    "currency": FieldKind.DECIMAL,
    "percentile": FieldKind.DECIMAL,
    "date": FieldKind.DATE,
    "date_time": FieldKind.TIME,
    "true_or_false": FieldKind.BOOLEAN,
    "select_one": FieldKind.CHOICE,
    "select_many": FieldKind.CHOICE,
    "record_type": FieldKind.CHOICE,
    "province": FieldKind.CHOICE,
    "object_reference": FieldKind.REFERENCE,
    "object_reference_many": FieldKind.REFERENCE,
    "master_detail": FieldKind.REFERENCE,
    "employee": FieldKind.EMPLOYEE,
    "department": FieldKind.EMPLOYEE,
    "text": FieldKind.TEXT,
    "phone_number": FieldKind.TEXT,
    "file_attachment": FieldKind.TEXT,
    "formula": FieldKind.TEXT,
    "a type that is new": FieldKind.TEXT,
}


def description(name: str = "thing__c", **types: str) -> ObjectDescription:
    fields = {
        path: FieldDescription(path, path, each, target="AccountObj")
        for path, each in types.items()
    }
    return ObjectDescription(name, "物", fields)


def interest(*fields: FieldInterest, lines: tuple[LinesInterest, ...] = ()) -> ObjectInterest:
    return ObjectInterest("thing__c", "_id", "name", fields, lines)


@pytest.mark.parametrize(("type_", "kind"), TYPES.items())
def test_a_fields_type_tells_how_it_is_read(type_: str, kind: FieldKind) -> None:
    found = completed(interest(FieldInterest("f")), {"thing__c": description(f=type_)})

    assert found.fields[0].kind is kind


def test_the_kind_that_a_mapping_names_stays() -> None:
    mapped = interest(FieldInterest("day", FieldKind.DATE), FieldInterest("n", FieldKind.TIME))

    found = completed(mapped, {"thing__c": description(day="date_time", n="number")})

    assert found == mapped


def test_a_reference_is_read_as_a_ref_to_what_it_points_to() -> None:
    found = completed(interest(FieldInterest("f")), {"thing__c": description(f="master_detail")})

    assert normal(found.fields[0], "65f0") == "fxiaoke/AccountObj/65f0"


def test_a_reference_to_nobody_knows_what_stays_an_id() -> None:
    fields = {"f": FieldDescription("f", "f", "object_reference")}

    found = completed(
        interest(FieldInterest("f")), {"thing__c": ObjectDescription("thing__c", "", fields)}
    )

    assert normal(found.fields[0], "65f0") == "65f0"


def test_lines_are_read_by_the_description_of_their_own_object() -> None:
    lines = LinesInterest("line__c", "_id", (FieldInterest("qty"),), "thing")

    found = completed(
        interest(FieldInterest("qty"), lines=(lines,)), {"line__c": description(qty="number")}
    )

    assert found.lines[0].fields[0].kind is FieldKind.DECIMAL
    assert found.fields[0].kind is FieldKind.TEXT


def test_what_the_tenant_does_not_describe_is_read_as_mapped() -> None:
    mapped = interest(FieldInterest("f"))

    assert completed(mapped, {}) == mapped
    assert completed(mapped, {"thing__c": description(other="number")}) == mapped


def test_all_fields_are_those_that_have_a_documented_form() -> None:
    told = description(name="text", b="number", a="text", team="embedded_object_list", _id="text")

    found = completed(interest(FieldInterest("name")), {"thing__c": told}, with_all_fields=True)

    assert [(each.path, each.kind) for each in found.fields] == [
        ("name", FieldKind.TEXT),
        ("a", FieldKind.TEXT),
        ("b", FieldKind.DECIMAL),
    ]


@pytest.mark.parametrize(
    ("type_", "kind", "can"),
    [
        ("date_time", FieldKind.DATE, True),
        ("number", FieldKind.DATE, False),
        ("number", FieldKind.TEXT, True),
        ("formula", FieldKind.DECIMAL, True),
        ("employee", FieldKind.REFERENCE, False),
    ],
)
def test_a_mapping_that_contradicts_a_type_can_be_told(
    type_: str, kind: FieldKind, can: object
) -> None:
    assert reads_as(FieldDescription("f", "f", type_), kind) is can


def test_a_description_keeps_labels_options_and_targets() -> None:
    told = {
        "describe": {
            "display_name": "客户",
            "fields": {
                "level": {
                    "label": "级别",
                    "type": "select_one",
                    "is_required": True,
                    "options": [{"value": "1", "label": "重点"}, {"label": "no value"}, "rubbish"],
                },
                "rubbish": "no field",
            },
        }
    }

    found = described_from("AccountObj", told)

    assert found.label == "客户"
    assert list(found.fields) == ["level"]
    assert found.fields["level"].options == {"1": "重点"}
    assert found.fields["level"].is_required


@pytest.mark.parametrize("data", [None, [], {}, {"describe": None}, {"describe": {"fields": []}}])
def test_what_is_no_description_is_undecodable(data: object) -> None:
    with pytest.raises(UndecodableError, match="AccountObj"):
        described_from("AccountObj", data)


@pytest.mark.parametrize("data", [None, [], {}, {"objects": {}}])
def test_what_is_no_list_of_objects_is_undecodable(data: object) -> None:
    with pytest.raises(UndecodableError):
        names_from(data)


def test_a_list_of_objects_tells_which_are_the_tenants_own() -> None:
    row = {"describeDisplayName": "物", "isActive": False}
    told = {"objects": [{"describeApiName": "X__c", **row}, {"describeApiName": "XObj"}, {}, 7]}

    found = names_from(told)

    assert [(each.object_name, each.is_custom, each.is_active) for each in found] == [
        ("X__c", True, False),
        ("XObj", False, True),
    ]
