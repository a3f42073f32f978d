"""Lenses over several fields: what a file says, what becomes of edits, and what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from anji_common.errors import ConfigurationError, MappingError
from anji_common.refs import System
from anji_mapper.mapping.combining import Chosen, Computed, PartOfText
from anji_mapper.mapping.conditions import OneOf
from anji_mapper.mapping.model import Around, Lens, LinkType, Row
from labs.crosswalk import Crosswalk
from labs.link_lab import CRM, ERP, LinkLab
from labs.mapping_files import GOOD, changed, compiled

SPLIT = "  - {crm: address, erp: FPROV, lens: {split: {separator: /, more: [FCITY]}}}\n"
COMPUTED = '  - {crm: tel, erp: FTEL, direction: to_erp, lens: {computed: "{tel} ({contact})"}}\n'
WHEN = """\
  - crm: level
    erp: {path: FTEL, kind: number}
    direction: to_erp
    lens:
      when:
        cases:
          - {if: {all: [{field: level, is: "1"}, {field: state, empty: false}]}, value: VIP}
          - {if: {field: level, is: "2"}, value: USUAL}
        otherwise: OTHER
"""


def with_field(field: str, *places: str) -> LinkType:
    """Return the good link type with one field more, in place of the telephone's."""
    text = changed(GOOD, "  - {crm: tel, erp: FTEL}\n", field)
    packet = "".join(f'    {place}: ""\n' for place in ("FTEL", *places))
    return compiled(changed(text, '    FTEL: ""\n', packet))


def linked_lab(link_type: LinkType, **values: JsonValue) -> tuple[LinkLab, str]:
    """Return a lab where a CRM record with these values is linked, and the ERP's id."""
    lab = LinkLab(link_type)
    lab.edit(CRM, name="Ann", **values)
    lab.read(CRM, "001")
    lab.rest()
    return lab, next(iter(lab.vendors[ERP].records))


def around(**head: JsonValue) -> Around:
    return Around(Crosswalk(), head=head)


def test_a_text_that_is_edited_changes_the_parts_that_differ() -> None:
    lab, erp_id = linked_lab(with_field(SPLIT, "FPROV", "FCITY"), address="Hubei/Wuhan")
    made = dict(lab.vendors[ERP].records[erp_id])

    lab.edit(CRM, "001", address="Hubei/Yichang/East")
    lab.read(CRM, "001")
    lab.rest()

    assert (made["FPROV"], made["FCITY"]) == ("Hubei", "Wuhan")
    assert lab.sent[-1].values == {"FCITY": "Yichang/East"}


def test_a_part_that_is_edited_changes_the_text_once() -> None:
    lab, erp_id = linked_lab(with_field(SPLIT, "FPROV", "FCITY"), address="Hubei/Wuhan")
    before = len(lab.sent)

    lab.edit(ERP, erp_id, FCITY="Yichang")
    lab.read(ERP, erp_id)
    lab.rest()

    assert lab.vendors[CRM].records["001"]["address"] == "Hubei/Yichang"
    assert [command.values for command in lab.sent[before:]] == [{"address": "Hubei/Yichang"}]


@settings(max_examples=60, deadline=None)
@given(
    owner=st.sampled_from(["crm", "erp"]),
    rounds=st.lists(
        st.tuples(
            st.sampled_from(["a/b", "a/c", "x/b", "x", "/c"]), *[st.sampled_from("abcx")] * 2
        ),
        max_size=4,
    ),
)
def test_edits_of_text_and_parts_at_once_come_to_rest_alike(
    owner: str, rounds: list[tuple[str, str, str]]
) -> None:
    owned = SPLIT.replace("{crm: address", f"{{owner: {owner}, crm: address")
    lab, erp_id = linked_lab(with_field(owned, "FPROV", "FCITY"), address="a/b")

    stood = ["a", "b"]
    for text, first, last in rounds:
        lab.edit(CRM, "001", address=text)
        lab.edit(ERP, erp_id, FPROV=first, FCITY=last)
        crm, erp = lab.take(CRM, "001"), lab.take(ERP, erp_id)
        lab.publish(crm)
        lab.publish(erp)
        lab.rest()

        ours, theirs = [*text.split("/"), ""][:2], [first, last]
        owners, others = (ours, theirs) if owner == "crm" else (theirs, ours)
        merged = [
            mine if mine != before else other
            for mine, other, before in zip(owners, others, stood, strict=True)
        ]
        stands = lab.vendors[ERP].records[erp_id]
        stood = [str(stands["FPROV"] or ""), str(stands["FCITY"] or "")]
        assert lab.vendors[CRM].records["001"]["address"] == "/".join(stood).rstrip("/")
        assert stood in (owners, merged)


def test_a_computed_text_follows_each_of_its_fields() -> None:
    lab, erp_id = linked_lab(with_field(COMPUTED), tel="11", contact="Bo")
    made = lab.vendors[ERP].records[erp_id]["FTEL"]

    lab.edit(CRM, "001", contact="Cy")
    lab.read(CRM, "001")
    lab.rest()

    assert made == "11 (Bo)"
    assert lab.vendors[ERP].records[erp_id]["FTEL"] == "11 (Cy)"


def test_a_conditional_value_follows_each_field_that_is_asked_about() -> None:
    lab, erp_id = linked_lab(with_field(WHEN), level="1")
    said = [lab.vendors[ERP].records[erp_id]["FTEL"]]

    for edit in ({"state": "open"}, {"level": "2"}):
        lab.edit(CRM, "001", **edit)
        lab.read(CRM, "001")
        lab.rest()
        said.append(lab.vendors[ERP].records[erp_id]["FTEL"])

    assert said == ["OTHER", "VIP", "USUAL"]


def test_a_computed_text_of_empty_fields_is_empty() -> None:
    lens = Computed("{a}, {b}", System.K3CLOUD)

    assert lens.crm_to_erp(None, around(a=None, b=None)) is None
    assert lens.crm_to_erp(None, around(a=None, b=True)) == ", true"


def test_without_another_word_a_condition_that_fails_leaves_nothing() -> None:
    lens = Chosen(((OneOf("a", frozenset("x")), "X"),), None, ("a",), System.FXIAOKE)

    assert lens.erp_to_crm("x", around(a="x")) == "X"
    assert lens.erp_to_crm("y", around(a="y")) is None


def test_in_a_line_the_fields_of_the_line_are_looked_at_not_those_of_the_head() -> None:
    in_a_line = Around(Crosswalk(), head={"a": "head", "b": "head"}, row={"a": "x", "b": "y"})

    assert PartOfText(System.K3CLOUD, "/", ("a", "b"), 0).crm_to_erp("x", in_a_line) == "x/y"


def test_fields_that_make_a_text_follow_it() -> None:
    joined = "  - {crm: prov, erp: FTEL, lens: {concatenated: {separator: /, more: [city]}}}\n"
    lab, erp_id = linked_lab(with_field(joined), prov="Hubei", city="Wuhan")
    made = lab.vendors[ERP].records[erp_id]["FTEL"]

    lab.edit(ERP, erp_id, FTEL="Hubei/Yichang")
    lab.read(ERP, erp_id)
    lab.rest()

    assert made == "Hubei/Wuhan"
    assert lab.sent[-1].values == {"city": "Yichang"}


def test_a_part_that_holds_the_separator_is_refused() -> None:
    lens = PartOfText(System.K3CLOUD, "/", ("a", "b"), 0)

    with pytest.raises(MappingError, match="would not be split into the same parts"):
        lens.crm_to_erp("x/y", around(a="x/y", b="z"))


def test_a_text_that_would_be_split_elsewhere_next_time_is_refused() -> None:
    lens = PartOfText(System.FXIAOKE, "aa", ("A", "B"), 1)

    with pytest.raises(MappingError, match="would not be split into the same parts"):
        lens.crm_to_erp("x a aay", around())


@given(
    separator=st.sampled_from(["/", " ", " - ", "aa", "\n"]),
    value=st.text("a/- \n中", max_size=9),
)
def test_what_is_not_refused_splits_into_the_same_parts_for_ever(
    separator: str, value: str
) -> None:
    paths = ("A", "B", "C")
    lenses = [PartOfText(System.FXIAOKE, separator, paths, place) for place in range(3)]
    try:
        parts: Row = {
            path: lens.crm_to_erp(value, around())
            for path, lens in zip(paths, lenses, strict=True)
        }
    except MappingError:
        return

    text = lenses[0].erp_to_crm(parts["A"], around(**parts))

    again = [lens.crm_to_erp(text, around()) for lens in lenses]
    assert again == list(parts.values())


@pytest.mark.parametrize(
    "lens",
    [
        PartOfText(System.K3CLOUD, "/", ("a", "b"), 0),
        Computed("{a}{b}", System.K3CLOUD),
        Chosen(((OneOf("b", frozenset("x")), "X"),), None, ("b",), System.K3CLOUD),
    ],
)
def test_a_field_that_was_not_read_yet_is_not_taken_for_empty(lens: Lens) -> None:
    with pytest.raises(MappingError, match="b is new in the mapping"):
        lens.crm_to_erp("x", around(a="x"))


@pytest.mark.parametrize("lens", [Computed("{a}", ERP), Chosen((), "x", (), ERP)])
def test_what_cannot_be_read_back_runs_one_way(lens: Lens) -> None:
    with pytest.raises(MappingError, match="flows to k3cloud only"):
        lens.erp_to_crm("x", around(a="x"))


@pytest.mark.parametrize("template", ["no field", "{a} }", "{a} {"])
def test_a_template_without_fields_or_with_a_lone_brace_is_no_lens(template: str) -> None:
    with pytest.raises(ConfigurationError, match="names no field"):
        Computed(template, System.K3CLOUD)


@pytest.mark.parametrize(
    ("separator", "parts", "words"),
    [("", ("a", "b"), "could not be told apart"), ("/", ("a", "a"), "each once")],
)
def test_parts_that_could_not_be_told_apart_are_no_lens(
    separator: str, parts: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        PartOfText(System.FXIAOKE, separator, parts, 0)
