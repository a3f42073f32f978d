"""Create packets: marks, places, and what is filled once."""

import pytest
from pydantic import JsonValue

from anji_common.interest import ObjectInterest
from anji_mapper.mapping.model import Fill, Side
from anji_mapper.mapping.packet import Place, place_of, read_template

PACKET: dict[str, JsonValue] = {
    "FCUSTID": 0,
    "FName": "{{name}}",
    "FCustTypeId": {"FNUMBER": "{{ type }}"},
    "FFinance": {"FCurrency": {"FNumber": "PRE001"}, "FRate": 1},
    "FContacts": [{"FMobile": "{{mobile | tel}}", "FIsUsed": "false"}],
}


def side(packet: dict[str, JsonValue]) -> Side:
    """Return a side with this packet, whose marks are all fills."""
    template = read_template(packet)
    return Side(
        ObjectInterest("BD_Customer", "FCUSTID", "FNumber", ()),
        packet=template.packet,
        fills=template.marks,
    )


def test_a_template_without_its_marks_keeps_order_and_defaults() -> None:
    template = read_template(PACKET)

    assert list(template.packet) == list(PACKET)
    assert template.packet["FCUSTID"] == 0
    assert template.packet["FName"] == ""
    assert template.packet["FContacts"] == [{"FMobile": "", "FIsUsed": "false"}]


def test_marks_are_read_with_their_places() -> None:
    assert read_template(PACKET).marks == (
        Fill(("FName",), ("name",)),
        Fill(("FCustTypeId", "FNUMBER"), ("type",)),
        Fill(("FContacts", 0, "FMobile"), ("mobile", "tel")),
    )


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("FName", Place(("FName",), None)),
        ("FCustTypeId", Place(("FCustTypeId",), "FNUMBER")),
        ("FFinance.FCurrency", Place(("FFinance", "FCurrency"), "FNumber")),
        ("FFinance.FRate", Place(("FFinance", "FRate"), None)),
        ("FTEL", None),
        ("FName.FNumber", None),
    ],
)
def test_a_head_path_has_its_place(path: str, place: Place | None) -> None:
    assert place_of(PACKET, path) == place


def test_a_row_path_has_its_place_in_the_one_template_row() -> None:
    assert place_of(PACKET, "FMobile", lines="FContacts") == Place(
        ("FContacts", 0, "FMobile"), None
    )
    assert place_of(PACKET, "FMobile", lines="FBanks") is None
    assert place_of({"FContacts": []}, "FMobile", lines="FContacts") is None


def test_fills_take_the_first_value_there_is() -> None:
    by_mobile = side(PACKET).filled({"mobile": "138", "tel": "010"})
    by_phone = side(PACKET).filled({"mobile": None, "tel": "010"})

    assert by_mobile["FContacts"] == [{"FMobile": "138", "FIsUsed": "false"}]
    assert by_phone["FContacts"] == [{"FMobile": "010", "FIsUsed": "false"}]


def test_a_fill_without_a_value_is_blank() -> None:
    assert side(PACKET).filled({})["FCustTypeId"] == {"FNUMBER": ""}


def test_filling_one_packet_leaves_the_next_alone() -> None:
    template = side(PACKET)
    template.filled({"mobile": "138"})

    assert template.filled({})["FContacts"] == [{"FMobile": "", "FIsUsed": "false"}]
