"""What the compiler makes of files that are right, and where it finds them."""

from pathlib import Path

import pytest
from pydantic import JsonValue

from anji_common.errors import ConfigurationError
from anji_common.interest import FieldKind
from anji_common.refs import System
from anji_mapper.mapping.compile import compile_mappings
from anji_mapper.mapping.conditions import AllOf, AnyOf, IsEmpty, Not, OneOf
from anji_mapper.mapping.folder import find_folder, read_folder
from anji_mapper.mapping.lenses import Boolean, Constant, Day, Region, Scaled, Text, ValueMap
from anji_mapper.mapping.referring import Employee
from labs.mapping_files import GOOD, ORDER, changed, compiled


def test_settings_stand_in_keys_and_values() -> None:
    text = changed(GOOD, "    FTEL:", "    ${phone}:").replace("erp: FTEL", 'erp: "${phone}"')
    text = changed(text, "settings:", "settings:\n  phone: FTEL")

    found = compile_mappings({"a.yaml": text}, {"customer": {"phone": "FMOBILE"}}).types[0]

    assert found.pairs[2].erp == "FMOBILE"
    assert list(found.erp.packet)[-1] == "FMOBILE"
    assert found.erp.packet["FCreateOrgId"] == {"FNumber": "100"}


def test_a_reference_is_written_with_the_key_of_its_place_in_the_packet() -> None:
    order = compile_mappings({"a.yaml": GOOD, "b.yaml": ORDER}).types[1]

    field = next(each for each in order.erp.interest.fields if each.path == "FCustId")

    assert (field.kind, field.refers_to) == (FieldKind.REFERENCE, "BD_Customer")
    assert field.number_key == "FNUMBER"
    assert order.pairs[1].refers_to_erp


def test_owner_and_direction_follow_from_who_creates() -> None:
    to_crm = compiled(changed(GOOD, "FTEL}", "FTEL, direction: to_crm}")).pairs[2]
    by_erp = compiled(
        changed(
            changed(GOOD, "creates: crm", "creates: erp"),
            "number: name",
            "number: name\n  packet: {no__c: '', name: '', tel: ''}",
        )
    ).pairs[1]

    assert (to_crm.owner, to_crm.flows_to) == (System.K3CLOUD, frozenset({System.FXIAOKE}))
    assert by_erp.owner is System.K3CLOUD
    assert compiled(GOOD).pairs[1].owner is System.FXIAOKE


@pytest.mark.parametrize(
    ("lens", "made"),
    [
        ("{value_map: {values: {a: x}, crm_default: a}}", ValueMap({"a": "x"}, crm_default="a")),
        ('{value_map: {values: "a=x, b = y"}}', ValueMap({"a": "x", "b": "y"})),
        ('{employee: {values: "1=x", erp_default: z}}', ValueMap({"1": "x"}, erp_default="z")),
        ("{employee: customer}", Employee("AccountObj", "BD_Customer")),
        ("{region: {rows: [{value: 1, number: A}]}}", Region((("1", None, "A"),))),
        ("{boolean: {when_true: B, when_false: A}}", Boolean("B", "A")),
        ("{text: {limit: 50}}", Text(50)),
        ("day", Day()),
        ("{constant: x}, direction: to_crm", Constant("x", System.FXIAOKE)),
        ("{constant: x}, direction: to_erp", Constant("x", System.K3CLOUD)),
    ],
)
def test_a_lens_is_made_of_its_declaration(lens: str, made: object) -> None:
    pair = compiled(changed(GOOD, "erp: FTEL}", f"erp: FTEL, lens: {lens}}}")).pairs[2]

    assert pair.lens == made


def test_numbers_need_no_quotes() -> None:
    lens = (
        compiled(
            changed(
                GOOD,
                "erp: FTEL}",
                "erp: FTEL, lens: {scaled: {factor: 100, crm_step: 0.01, erp_step: 1}}}",
            )
        )
        .pairs[2]
        .lens
    )

    assert isinstance(lens, Scaled)
    assert (str(lens.factor), str(lens.crm_step)) == ("100", "0.01")


@pytest.mark.parametrize(
    ("question", "made"),
    [
        ("{field: a, is: x}", OneOf("a", frozenset("x"))),
        ("{field: a, is: 7}", OneOf("a", frozenset("7"))),
        ("{field: a, in: [x, y]}", OneOf("a", frozenset("xy"))),
        ("{field: a, empty: true}", IsEmpty("a")),
        ("{field: a, empty: false}", Not(IsEmpty("a"))),
        ("{not: {field: a, is: x}}", Not(OneOf("a", frozenset("x")))),
        (
            "{all: [{field: a, is: x}, {any: [{field: b, empty: true}]}]}",
            AllOf((OneOf("a", frozenset("x")), AnyOf((IsEmpty("b"),)))),
        ),
    ],
)
def test_a_filter_is_made_of_its_declaration(question: str, made: object) -> None:
    text = changed(GOOD, "  number: name", f"  number: name\n  filter: {question}")

    crm = compiled(text).crm

    assert crm.filter == made
    assert "a" in {field.path for field in crm.interest.fields}


def test_the_folder_is_the_one_given_or_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "customer.yaml").write_text(GOOD)

    assert find_folder(tmp_path) == tmp_path
    assert list(read_folder(tmp_path)) == [f"{tmp_path.name}/customer.yaml"]
    assert (find_folder() / "customer.yaml").is_file()


def test_a_folder_that_is_not_there_or_empty_is_told_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="ANJI_MAPPINGS_DIR"):
        find_folder(tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match="ANJI_MAPPINGS_DIR"):
        read_folder(tmp_path)


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    (tmp_path / "customer.yaml").write_bytes("客户".encode("gb18030"))

    with pytest.raises(ConfigurationError, match=r"customer\.yaml"):
        read_folder(tmp_path)


def test_an_entry_of_which_only_the_first_row_is_read_is_asked_for_where_a_field_names_it() -> (
    None
):
    text = changed(
        GOOD, "  marker: F_ANJI_MARKER\n", "  marker: F_ANJI_MARKER\n  reads: {FT: FEntryID}\n"
    )
    named = changed(text, "erp: FTEL}", '"erp": "FT[0].FNO", direction: to_crm}')

    assert compiled(text).erp.interest.lines == ()
    (lines,) = compiled(named).erp.interest.lines
    assert (lines.path, lines.id_field, [each.path for each in lines.fields]) == (
        "FT",
        "FEntryID",
        ["FNO"],
    )
    seen = compiled(named).seen(System.K3CLOUD, {"FT": [{"FEntryID": "1", "FNO": "SF-1"}]})
    assert (seen.head["FT[0].FNO"], seen.rows) == ("SF-1", {})


def test_lines_that_are_not_used_go_with_their_blank_template_and_the_crms_first_row_is_read() -> (
    None
):
    text = changed(GOOD, '    FTEL: ""\n', '    FTEL: ""\n    FROWS: [{FX: ""}]\n    FNOTE: ""\n')
    text = changed(
        text, "number: name\n", "number: name\n  reads: {FinObj: {id: _id, head: account_id}}\n"
    )
    text += '  - {crm: "FinObj[0].tax_id", erp: FNOTE, direction: to_erp}\n'
    lines = """\
lines:
  - crm: {path: AddrObj, id: _id, head: account_id}
    erp: {path: FROWS, id: FEntryID}
    used: USED
    fields: [{crm: address, erp: FX, direction: to_erp}]
"""

    off, on = (compiled(text + lines.replace("USED", used)) for used in ("no", "yes"))

    assert "FROWS" not in off.erp.packet
    assert off.lines == ()
    assert [each.path for each in off.crm.interest.lines] == ["FinObj"]
    assert on.erp.packet["FROWS"] == [{"FX": ""}]
    assert [each.path for each in on.crm.interest.lines] == ["AddrObj", "FinObj"]
    data: dict[str, JsonValue] = {"FinObj": [{"_id": "1", "tax_id": "9"}], "AddrObj": []}
    assert on.seen(System.FXIAOKE, data).head["FinObj[0].tax_id"] == "9"
