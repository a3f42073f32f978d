"""What the compiler says about broken files: all errors at once, each with its place."""

from pathlib import Path

import pytest

from anji_common.errors import ConfigurationError
from anji_common.interest import FieldKind
from anji_common.refs import System
from anji_mapper.mapping.compile import compile_mappings, find_errors
from anji_mapper.mapping.conditions import AllOf, AnyOf, IsEmpty, Not, OneOf
from anji_mapper.mapping.folder import find_folder, read_folder
from anji_mapper.mapping.lenses import Boolean, Constant, Day, Scaled, Text, ValueMap
from anji_mapper.mapping.model import LinkType

GOOD = """\
link: customer
settings:
  organisation: "100"
creates: crm
crm:
  object: AccountObj
  id: _id
  number: name
  marker: anji_ref__c
erp:
  object: BD_Customer
  id: FCUSTID
  number: FNumber
  marker: F_ANJI_MARKER
  natural_keys: [FNumber]
  packet:
    FCreateOrgId: {FNumber: "${organisation}"}
    FNumber: ""
    FName: "{{name}}"
    FTEL: ""
fields:
  - {crm: no__c, erp: FNumber, owner: erp}
  - {crm: name, erp: FName}
  - {crm: tel, erp: FTEL}
"""
ORDER = """\
link: order
creates: crm
crm:
  object: SalesOrderObj
  id: _id
  number: name
  shares: {owner: owner}
erp:
  object: SAL_SaleOrder
  id: FID
  number: FBillNo
  is_bill: true
  own_number: FBillNo
  packet:
    FBillNo: "{{name}}"
    FCustId: {FNUMBER: ""}
    FEntry:
      - FQty: ""
fields:
  - {crm: name, erp: FBillNo}
  - {crm: account_id, erp: FCustId, lens: {reference: customer}}
lines:
  - crm: {path: LineObj, id: _id, head: order_id}
    erp: {path: FEntry, id: FEntryID, marker: F_LINE}
    fields:
      - {crm: quantity, erp: FQty, lens: decimal}
"""


def changed(text: str, old: str, new: str) -> str:
    """Return the file with one place changed, which must be there."""
    assert old in text
    return text.replace(old, new, 1)


def words_of(**files: str) -> list[str]:
    """Return what is wrong with files, named without their ending."""
    return [
        str(each) for each in find_errors({f"{name}.yaml": text for name, text in files.items()})
    ]


def compiled(text: str) -> LinkType:
    """Return the one link type of a file."""
    return compile_mappings({"customer.yaml": text}).types[0]


def test_good_files_have_no_errors() -> None:
    assert words_of(customer=GOOD, order=ORDER) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("link: customer", "link: [customer", "2:9: not YAML: expected ',' or ']'"),
        ("creates: crm", "creates: crm\ncreates: erp", "5:1: not YAML: found duplicate key"),
        ("link: customer", "lnik: customer", "1:1: unknown key 'lnik'; did you mean 'link'?"),
        ("link: customer", "lnik: customer", "1:1: key 'link' is missing"),
        ("creates: crm", "creates: cmr", "4:10: 'cmr' is not one of 'crm', 'erp' or 'both'; did"),
        ("  id: FCUSTID", "  idd: FCUSTID", "12:3: unknown key 'idd'; did you mean 'id'?"),
        ("  id: FCUSTID", "  idd: FCUSTID", "11:3: key 'id' is missing"),
        ("owner: erp", "ower: erp", "22:32: unknown key 'ower'; did you mean 'owner'?"),
        (
            "owner: erp",
            "owner: epr",
            "22:39: 'epr' is not one of 'crm' or 'erp'; did you mean 'erp'",
        ),
        ("FTEL}", "FTEL, lens: dat}", "24:33: unknown key 'dat'; did you mean 'date'?"),
        (
            "${organisation}",
            "${organization}",
            "17:29: there is no setting 'organization'; did you",
        ),
        ("FTEL}", "FTELL}", "16:3: FTELL has no place in the packet; did you mean 'FTEL'?"),
        ("{{name}}", "{{nam}}", "19:5: here stands name, by the field name~FName"),
        (
            "[FNumber]",
            "[FNumbr]",
            "15:18: natural key FNumbr is no field that flows here; did you",
        ),
        ("  marker: F_ANJI_MARKER\n", "", "10:1: records are made here: it needs a marker or an"),
        (
            "FTEL}",
            "FTEL, lens: {reference: custmer}}",
            "24:33: there is no link type 'custmer'; did",
        ),
        ("FTEL}", "FTEL, lens: {constant: x}}", "24:33: a constant flows one way: say direction"),
        (
            "FTEL}",
            "FTEL, lens: {shared: {link: customer, value: x}}}",
            "24:33: the CRM side of 'customer' does not share 'x'",
        ),
        (
            "FTEL}",
            "FTEL, lens: {line_of: {link: customer, number: N}}}",
            "24:33: link type 'customer' has no lines",
        ),
        (
            "FTEL}",
            "FTEL, direction: to_erp, owner: erp}",
            "24:53: a field that flows to_erp is owned",
        ),
        (
            "FTEL}",
            "FTEL, lens: {same: {}, date: {}}}",
            "24:33: a field has one lens, here are: date,",
        ),
        (
            "FTEL}",
            "FTEL, lens: {value_map: {values: {a: x, b: x}}}}",
            "24:33: two CRM values map to x",
        ),
        (
            "FTEL}",
            "FTEL, lens: {scaled: {crm_step: a, erp_step: '1'}}}",
            "24:33: 'a' is no number",
        ),
        (
            "FTEL}",
            "FTEL, lens: {scaled: {crm_step: NaN, erp_step: '1'}}}",
            "24:33: 'NaN' is no nu",
        ),
        ("{crm: tel, erp: FTEL}", "{crm: name, erp: FName}", "24:5: name~FName is here twice"),
        (
            "{crm: tel, erp: FTEL}",
            "{crm: name, erp: FTEL, lens: date}",
            "24:11: name is date here and",
        ),
        ("FTEL}", '"F[0].FTEL"}', "24:21: F are no lines of this side"),
        (
            "  number: name",
            "  number: name\n  kinds: {tell: date}",
            "9:11: tell is used nowhere; did you",
        ),
        (
            "  number: name",
            "  number: name\n  filter: {field: x}",
            "9:11: a condition is one of all, any",
        ),
        ("  number: name", "  number: name\n  finish: autited", "9:11: 'autited' is not one of"),
        (
            "  number: FNumber",
            "  number: FNumber\n  own_number: FNo",
            "14:3: own number FNo is no field",
        ),
        ("link: customer", "link: 客户", "1:7: string should match pattern"),
    ],
)
def test_an_error_names_its_line_and_column_and_the_nearest_right_name(
    old: str, new: str, said: str
) -> None:
    found = words_of(customer=changed(GOOD, old, new))

    assert any(each.startswith(f"customer.yaml:{said}") for each in found), found


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "FQty, lens",
            "FQtty, lens",
            "14:3: FQtty has no place in the packet's one row of FEntry",
        ),
        (", head: order_id", "", "23:10: key 'head' is missing: which field names the record?"),
        ("marker: F_LINE", "head: FID", "24:45: only a detail object of the CRM has a head"),
        (
            "erp: FBillNo}",
            'erp: "FEntry[0].FNo"}',
            "20:22: the first row can be read here, not wri",
        ),
    ],
)
def test_lines_are_checked_too(old: str, new: str, said: str) -> None:
    found = words_of(customer=GOOD, order=changed(ORDER, old, new))

    assert any(each.startswith(f"order.yaml:{said}") for each in found), found


def test_all_errors_of_all_files_come_at_once() -> None:
    customer = changed(changed(GOOD, "owner: erp", "ower: erp"), "creates: crm", "creates: x")
    order = changed(ORDER, "reference: customer", "reference: custmer")

    with pytest.raises(ConfigurationError) as refused:
        compile_mappings({"a.yaml": customer, "b.yaml": order})

    assert [line.split(": ")[0] for line in str(refused.value).splitlines()] == [
        "a.yaml:4:10",
        "a.yaml:22:32",
        "b.yaml:21:43",
    ]


def test_a_reference_to_a_broken_file_is_no_second_error() -> None:
    found = words_of(customer=changed(GOOD, "creates: crm", "creates: x"), order=ORDER)

    assert len(found) == 1


def test_a_file_that_is_no_table_is_refused() -> None:
    assert words_of(customer="- link") == ["customer.yaml:1:1: a mapping file is a table of keys"]
    assert words_of(customer="") == ["customer.yaml:1:1: a mapping file is a table of keys"]


def test_what_yaml_cannot_read_is_told() -> None:
    (found,) = words_of(customer="link: \0")

    assert found.startswith("customer.yaml:1:1: not YAML: ")


def test_merged_tables_are_read_and_their_errors_stand_where_the_table_does() -> None:
    text = changed(GOOD, "{crm: tel, erp: FTEL}", "&tel {crm: tel, erp: FTEL}")
    again = text + "  - {<<: *tel, crm: phone__c}\n"

    assert [pair.crm for pair in compiled(again).pairs][2:] == ["tel", "phone__c"]
    assert words_of(customer=again.replace("erp: FTEL", "epr: FTEL")) == [
        "customer.yaml:24:5: key 'erp' is missing",
        "customer.yaml:24:21: unknown key 'epr'; did you mean 'erp'?",
        "customer.yaml:25:5: key 'erp' is missing",
        "customer.yaml:25:5: unknown key 'epr'; did you mean 'erp'?",
    ]


def test_plain_dates_and_numbers_are_read_as_they_are_written() -> None:
    text = changed(
        GOOD, '    FTEL: ""', '    FTEL: ""\n    FDate: 2026-01-05\n    FRate: 1.5\n    FNo: ~'
    )

    packet = compiled(text).erp.packet

    assert (packet["FDate"], packet["FRate"], packet["FNo"]) == ("2026-01-05", 1.5, None)


def test_settings_must_be_a_table() -> None:
    text = changed(GOOD, 'settings:\n  organisation: "100"', "settings: [organisation]")

    (found, unknown) = words_of(customer=text)

    assert found == "customer.yaml:2:11: input should be a valid dictionary"
    assert unknown == "customer.yaml:16:29: there is no setting 'organisation'"


def test_a_lens_that_runs_one_way_wants_its_direction_said() -> None:
    lens = "{shared: {link: order, value: owner}}"
    customer = changed(GOOD, "erp: FTEL}", f"erp: FTEL, lens: {lens}}}")

    assert words_of(customer=customer, order=ORDER) == [
        "customer.yaml:24:5: lens shared runs one way: say direction: to_crm"
    ]


def test_what_is_no_key_has_no_near_name() -> None:
    text = changed(GOOD, "organisation:", "organisation: {a: 1}\n  b:")

    assert words_of(customer=text)[0] == "customer.yaml:3:17: input should be a valid string"


def test_an_object_takes_part_in_one_link_type() -> None:
    other = changed(GOOD, "link: customer", "link: client")

    assert words_of(a=GOOD, b=other) == [
        "b.yaml:6:11: CRM object AccountObj is declared in a.yaml already",
        "b.yaml:11:11: ERP form BD_Customer is declared in a.yaml already",
    ]


def test_a_missing_packet_is_told() -> None:
    text = GOOD[: GOOD.index("  packet:")] + GOOD[GOOD.index("fields:") :]

    found = words_of(customer=text)

    assert found == ["customer.yaml:10:1: records are made here: key 'packet' is missing"]


def test_settings_that_nobody_declared_are_refused() -> None:
    files = {"customer.yaml": GOOD}

    found = find_errors(files, {"customer": {"organization": "603"}, "custmer": {"a": "b"}})

    assert [str(each) for each in found] == [
        "customer.yaml:2:1: there is no setting 'organization' here; did you mean 'organisation'?",
        "settings:1:1: settings for 'custmer', which is no link type; did you mean 'customer'?",
    ]


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
