"""Variants: one file for several organisations, each with settings of its own."""

import pytest

from anji_common.errors import ConfigurationError
from anji_common.events.changes import Change
from anji_common.events.commands import Operation
from anji_common.events.inbox import EntryKind
from anji_common.events.notices import NoticeKind
from anji_common.refs import System
from anji_mapper.link.joining import join_records
from anji_mapper.link.rebuilt import Known, link_of
from anji_mapper.link.step import new_seat
from anji_mapper.mapping.compile import compile_mappings
from anji_mapper.mapping.model import LinkType, Seen
from labs.link_lab import CRM, ERP, LinkLab
from labs.mapping_files import GOOD, changed, compiled, words_of
from labs.state_lab import STATES, StateLab

VARIANTS = """\
variants:
  - name: shanghai
    crm: {field: company, is: SH}
    erp: {field: FUseOrgId, is: "101"}
    settings: {organisation: "101", lands: "a=y"}
  - name: wuhan
    crm: {field: company, is: WH}
    settings: {organisation: "102"}
"""
LAND = """\
  - crm: {path: land, kind: text}
    erp: {path: FLAND, kind: text}
    lens: {value_map: {values: "${lands}"}}
"""
FILE = (
    changed(
        changed(
            changed(GOOD, '  organisation: "100"\n', '  organisation: "100"\n  lands: "a=x"\n'),
            "creates: crm\n",
            f"creates: crm\n{VARIANTS}",
        ),
        '    FTEL: ""\n',
        '    FTEL: ""\n    FLAND: ""\n',
    )
    + LAND
)


def organisation(link_type: LinkType) -> object:
    return link_type.erp.packet["FCreateOrgId"]


def made(**values: str) -> tuple[LinkLab, object]:
    """Return a lab with one CRM record that has crossed, and the organisation it was made in."""
    lab = LinkLab(compiled(FILE))
    lab.edit(CRM, name="Ann", land="a", **values)
    lab.read(CRM, "001")
    lab.rest()
    return lab, lab.sent[0].packet["FCreateOrgId"]


@pytest.mark.parametrize(
    ("company", "number", "land"), [("SH", "101", "y"), ("WH", "102", "x"), ("BJ", "100", "x")]
)
def test_a_record_is_made_in_the_organisation_of_its_variant(
    company: str, number: str, land: str
) -> None:
    lab, where = made(company=company)

    assert where == {"FNumber": number}
    assert lab.vendors[ERP].records["001"]["FLAND"] == land


def test_every_variant_has_a_version_of_its_own_that_commands_name() -> None:
    lab, _ = made(company="SH")
    found = compiled(FILE)
    versions = [found.version, *(each.link_type.version for each in found.variants)]

    assert len(set(versions)) == 3
    assert lab.sent[0].mapping_version == found.variants[0].link_type.version


def test_an_erp_record_without_a_counterpart_is_told_by_its_own_fields() -> None:
    found = compiled(FILE)

    assert found.variant_of(None, Seen({"FUseOrgId": "101"})) is found.variants[0]
    assert found.variant_of(Seen({"company": "BJ"}), Seen({"FUseOrgId": "101"})) is None
    assert found.variant_of(None, None) is None


def test_a_record_that_moves_to_another_organisation_is_told_once_and_its_values_follow() -> None:
    lab, _ = made(company="BJ")

    lab.edit(CRM, "001", company="SH", land="a")
    lab.rest()
    lab.edit(CRM, "001", name="Bea")
    lab.rest()

    moved = [each for each in lab.notices if each.kind is NoticeKind.REASSIGNED]
    assert [each.details for each in moved] == [{"before": "no variant", "now": "shanghai"}]
    assert lab.vendors[ERP].records["001"]["FName"] == "Bea"


def test_what_a_company_sets_holds_in_every_variant_that_does_not_set_it() -> None:
    mappings = compile_mappings(
        {"a.yaml": FILE}, {"customer": {"organisation": "900", "lands": "a=z"}}
    )
    base = mappings.types[0]

    assert organisation(base) == {"FNumber": "900"}
    assert organisation(base.variants[1].link_type) == {"FNumber": "102"}
    assert "FCreateOrgId" in base.variants[0].link_type.erp.packet


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            'organisation: "102"',
            'organisatoin: "102"',
            "there is no setting 'organisatoin'; did you mean 'organisation'?",
        ),
        ("name: wuhan", "name: shanghai", "variant shanghai is here twice"),
        ('lands: "a=y"', 'lands: "a"', "variant shanghai: 'a' is no table"),
        (
            "    crm: {field: company, is: WH}\n",
            "",
            "a variant says which records it is for: crm, erp or both",
        ),
    ],
)
def test_a_wrong_variant_is_told_with_its_place(old: str, new: str, words: str) -> None:
    found = words_of(a=changed(FILE, old, new))

    assert [each for each in found if words in each]
    assert all(each.startswith("a.yaml:") for each in found)


def test_a_variant_may_not_change_which_fields_are_read() -> None:
    text = changed(FILE, "  lands:", "  phone: FTEL\n  lands:")
    text = changed(text, "erp: FTEL}", 'erp: "${phone}"}').replace("    FTEL:", '    "${phone}":')
    text = changed(text, 'organisation: "102"', 'organisation: "102", phone: FMOBILE')

    assert any("variant wuhan changes what the ERP is asked" in each for each in words_of(a=text))
    with pytest.raises(ConfigurationError):
        compile_mappings({"a.yaml": text})


def stood(lab: LinkLab) -> tuple[Change, Change]:
    """Return two records that agree only by the tables of their own variant, as they were read."""
    lab.vendors[CRM].write({"name": "Ann", "land": "a", "company": "SH"}, at=lab.tick())
    lab.vendors[ERP].write({"FName": "Ann", "FLAND": "y"}, at=lab.tick())
    return lab.take(CRM, "001"), lab.take(ERP, "001")


def test_a_link_that_is_rebuilt_is_judged_by_its_own_variant() -> None:
    lab = LinkLab(compiled(FILE))
    crm, erp = stood(lab)
    known = Known(crm.ref, erp.ref, {crm.ref: crm, erp.ref: erp}, {})

    rebuilt = link_of(known, lab.link_type, lab.context())

    assert "land~FLAND" not in rebuilt.unsettled.fields
    assert rebuilt.home.seat.version == lab.link_type.variants[0].link_type.version


def test_records_that_are_joined_are_judged_by_their_own_variant() -> None:
    lab = LinkLab(compiled(FILE))
    crm, erp = stood(lab)
    home, far = (new_seat(each.ref, lab.link_type, lab.context()) for each in (crm, erp))

    joined = join_records(lab.link_type, (home, crm), (far, erp), lab.context(), keeps=False)

    assert joined.home.agreed["land~FLAND"] == ("a", "y")
    assert joined.home.version == lab.link_type.variants[0].link_type.version


def policy(what: str, *, gives: bool = True) -> str:
    """Return the file with what is done about a record that moves; variants give to their own."""
    text = changed(FILE, '  organisation: "100"\n', '  organisation: "100"\n  ids: "1"\n')
    text = changed(text, 'lands: "a=y"}', 'lands: "a=y", ids: "2"}')
    words = f"  on_organisation_changed: {what}\n" + ('  allocate: "${ids}"\n' if gives else "")
    return changed(text, "  number: FNumber\n", f"  number: FNumber\n{words}")


def moved(text: str) -> LinkLab:
    """Return a lab in which a linked record has moved to Shanghai."""
    lab = LinkLab(compiled(text))
    lab.edit(CRM, name="Ann", land="a", company="BJ")
    lab.read(CRM, "001")
    lab.rest()
    lab.edit(CRM, "001", company="SH")
    lab.rest()
    return lab


def gifts(lab: LinkLab) -> list[tuple[str, ...]]:
    """Return to whom each update has given the record."""
    return [each.organisations for each in lab.sent[1:] if each.organisations]


def question(lab: LinkLab) -> str:
    found = lab.seat(CRM, "001").problem
    return "" if found is None else found.id.partition(":")[2]


def answer(lab: LinkLab, winner: System) -> None:
    seat = lab.seat(CRM, "001")
    lab.say(seat, EntryKind.DECIDE, "person/ann", winner=winner, problem=question(lab))
    lab.rest()


def test_a_record_that_moves_is_given_to_the_new_organisation_and_its_link_is_kept() -> None:
    lab = moved(policy("allocate"))

    assert gifts(lab) == [("2",)]
    assert len(lab.vendors[ERP].records) == 1
    assert lab.seat(CRM, "001").problem is None
    assert [each.kind for each in lab.notices].count(NoticeKind.PROBLEM_RAISED) == 0
    lab.edit(CRM, "001", name="Bea")
    lab.rest()
    assert lab.vendors[ERP].records["001"]["FName"] == "Bea"
    assert gifts(lab) == [("2",)]


def test_a_record_that_moves_while_it_is_taken_into_a_state_is_given_away_afterwards() -> None:
    lab = StateLab(STATES, text=policy("allocate"), company="BJ")
    lab.edit(CRM, "001", company="SH")

    lab.void()
    lab.void("normal")

    assert lab.done == [(ERP, Operation.FORBID), (ERP, Operation.ENABLE)]
    assert gifts(lab) == [("2",)]


@pytest.mark.parametrize(("winner", "given"), [(CRM, [("2",)]), (ERP, [])])
def test_a_person_says_whether_a_record_that_moved_is_given_to_the_new_organisation(
    winner: System, given: list[tuple[str, ...]]
) -> None:
    lab = moved(policy("ask"))

    assert gifts(lab) == []
    assert question(lab).startswith("organisation@")
    lab.edit(CRM, "001", name="Bea")
    lab.rest()
    assert lab.vendors[ERP].records["001"]["FName"] == "Bea"  # other fields flow meanwhile
    assert question(lab)

    answer(lab, winner)

    assert lab.seat(CRM, "001").problem is None
    assert gifts(lab) == given
    assert len(lab.vendors[ERP].records) == 1


def test_a_record_that_moves_after_its_file_was_changed_is_asked_about_too() -> None:
    """Its state names the version of the old file, and that was one of no variant of the new."""
    lab = LinkLab(compiled(policy("ask")))
    lab.edit(CRM, name="Ann", land="a", company="BJ")
    lab.rest()

    lab.link_type = compiled(policy("ask") + "# changed\n")
    lab.edit(CRM, "001", company="SH")
    lab.rest()

    assert question(lab).startswith("organisation@")


def test_a_file_that_reads_more_than_before_moves_no_record() -> None:
    lab = LinkLab(compiled(GOOD))
    lab.edit(CRM, name="Ann", land="a", company="SH")
    lab.rest()

    lab.link_type = compiled(policy("ask"))
    lab.edit(CRM, "001", name="Bea")
    lab.rest()

    assert NoticeKind.REASSIGNED not in [each.kind for each in lab.notices]
    assert question(lab) == ""


def test_a_record_that_moves_back_asks_nothing_any_more() -> None:
    lab = moved(policy("ask"))

    lab.edit(CRM, "001", company="BJ")
    lab.rest()

    assert lab.seat(CRM, "001").problem is None
    assert gifts(lab) == []


def test_what_has_no_organisation_to_go_to_stays_asked_until_somebody_lets_it_stay() -> None:
    lab = moved(policy("ask", gives=False))

    answer(lab, CRM)
    assert question(lab).startswith("organisation@")
    assert "void the record in the CRM and enter it anew" in lab.notices[-1].words
    answer(lab, ERP)

    assert lab.seat(CRM, "001").problem is None
    assert len(lab.vendors[ERP].records) == 1


def test_an_answer_to_an_earlier_move_decides_nothing() -> None:
    lab = moved(policy("ask"))
    before = question(lab)
    lab.edit(CRM, "001", company="WH")
    lab.rest()

    assert question(lab) != before
    seat = lab.seat(CRM, "001")
    lab.say(seat, EntryKind.DECIDE, "person/ann", winner=CRM, problem=before)
    lab.rest()

    assert gifts(lab) == []
    assert question(lab)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (policy("allocate", gives=False), "no organisation is named to give a record to"),
        (policy("move"), "allocate"),
    ],
)
def test_a_wrong_word_for_what_a_move_does_is_told_with_its_place(text: str, words: str) -> None:
    assert any(words in each and each.startswith("a.yaml:") for each in words_of(a=text))
