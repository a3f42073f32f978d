"""What the compiler says about broken files: all errors at once, each with its place."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anji_common.errors import ConfigurationError
from anji_mapper.mapping.compile import compile_mappings, find_errors
from anji_mapper.mapping.folder import find_folder, read_folder
from labs.mapping_files import GOOD, ORDER, changed, compiled, words_of


def test_good_files_have_no_errors() -> None:
    assert words_of(customer=GOOD, order=ORDER) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("link: customer", "link: [customer", "2:9: not YAML: expected ',' or ']'"),
        ("creates: crm", "creates: crm\ncreates: erp", "5:1: not YAML: found duplicate key"),
        ("link: customer", "lnik: customer", "1:1: unknown key 'lnik'; did you mean 'link'?"),
        (
            "creates: crm",
            "creates: cmr",
            "4:10: 'cmr' is not one of 'crm', 'erp', 'both' or 'neither'; did",
        ),
        ("  id: FCUSTID", "  idd: FCUSTID", "12:3: unknown key 'idd'; did you mean 'id'?"),
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
        (
            "FTEL}",
            "FTELL}",
            "24:21: FTELL has no place in the packet; did you mean 'FTEL' of line 20?",
        ),
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
        (
            "FTEL}",
            "FTEL, lens: {split: {separator: /, more: [FTEL]}}}",
            "24:33: a text has two parts or more, each once: FTEL, FTEL",
        ),
        (
            "FTEL}",
            "FTEL, lens: {split: {separator: /, more: [FTELL]}}}",
            "24:21: FTELL has no place in the packet; did you mean 'FTEL' of line 20?",
        ),
        (
            "FTEL}",
            "FTEL, conflict: ask, lens: {concatenated: {separator: /, more: [fax]}}}",
            "24:48: parts of one text have no conflicts of their own",
        ),
        (
            "FTEL}",
            'FTEL, lens: {computed: "{tel}"}}',
            "24:33: computed cannot be read back: say direction",
        ),
        (
            "FTEL}",
            'FTEL, direction: to_erp, lens: {computed: "{tell}"}}',
            "24:52: computed does not look at tel, the field that it stands",
        ),
        (
            "erp: FTEL}",
            'erp: {path: FTEL, kind: decimal}, direction: to_erp, lens: {computed: "{tel}"}}',
            "24:75: computed makes a text, not a decimal: say text, choice, number, employee",
        ),
        (
            "FTEL}",
            "FTEL, direction: to_erp, lens: {when: {cases: [{iff: {}, value: y}]}}}",
            "24:69: unknown key 'iff'; did you mean 'if'?",
        ),
        (
            "FTEL}",
            'FTEL, lens: {value_map: {values: "a=x, b"}}}',
            "24:54: 'a=x, b' is no table: write CRM value=ERP value",
        ),
        (
            "FTEL}",
            "FTEL, lens: {employee: {link: customer, erp_default: x}}}",
            "24:44: an employee is known by values, with defaults perhaps, or by a link",
        ),
        ("FTEL}", "FTEL, lens: {employee: staff}}", "24:33: there is no link type 'staff'"),
        (
            "FTEL}",
            "FTEL, lens: {region: {rows: [{value: 1, number: A}, {value: 2, number: A}]}}}",
            "24:33: two regions are A: they could not be told apart",
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
            "26:30: FQtty has no place in the packet's one row of FEntry; did you mean 'FQty' of",
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
        "customer.yaml:24:21: unknown key 'epr'; did you mean 'erp'?",
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


JUNK = [
    "",
    "~",
    "[]",
    "{}",
    "true",
    "1.5",
    "x: y",
    "- x",
    "'{{a|b}}'",
    "${x}",
    "{path: [1]}",
    "\t:",
]
SHIPPED = read_folder(find_folder())


@settings(max_examples=25)
@given(
    file=st.sampled_from(sorted(SHIPPED)),
    place=st.floats(0, 1, exclude_max=True),
    junk=st.sampled_from(JUNK),
    is_value=st.booleans(),
)
def test_whatever_a_line_says_the_answer_is_findings(
    file: str, place: float, junk: str, *, is_value: bool
) -> None:
    lines = SHIPPED[file].splitlines()
    number = int(place * len(lines))
    lines[number] = f"{lines[number].split(':')[0]}: {junk}" if is_value else junk

    found = find_errors({file: "\n".join(lines)})

    assert all(0 < each.line <= len(lines) + 1 and each.words for each in found)
