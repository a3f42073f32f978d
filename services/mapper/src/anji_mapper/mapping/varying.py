"""Variants: one file, compiled once more for each of them, with its settings over the others.

A variant is all that the file says with other values in it: another organisation in the packet,
another table of operators, another default. It names the same fields, so that a connector reads
one thing and a link is the same link whichever variant its records belong to.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

from anji_mapper.mapping.asking import build_condition
from anji_mapper.mapping.building import Known
from anji_mapper.mapping.findings import near
from anji_mapper.mapping.forming import form_of
from anji_mapper.mapping.lens_forms import ConditionForm
from anji_mapper.mapping.link_type import build_link_type
from anji_mapper.mapping.model import Condition, LinkType, Variant
from anji_mapper.mapping.reading import Page, read_page
from anji_mapper.mapping.schema import FileForm, VariantForm

__all__ = ["with_variants"]


def with_variants(page: Page, form: FileForm, text: str, known: Known) -> LinkType:
    """Return the link type of a file; it may only be used if the page has no findings."""
    base = build_link_type(page, form, known, _version(text, page.settings))
    variants = []
    for place, variant in enumerate(form.variants):
        if variant.name in {each.name for each in form.variants[:place]}:
            page.find(("variants", place, "name"), f"variant {variant.name} is here twice")
        if not _sets_what_is_there(page, place, variant):
            continue
        found = _compiled(page, text, variant, known)
        if found is None:
            continue
        if what := _differs(base, found):
            words = f"variant {variant.name} changes {what}: settings of a variant change values"
            page.find(("variants", place, "settings"), words)
        conditions = _condition(variant.crm), _condition(variant.erp)
        variants.append(Variant(variant.name, found, *conditions))
    _check_gifts(page, [base, *(each.link_type for each in variants)], is_bill=form.erp.is_bill)
    return replace(base, variants=tuple(variants))


def _check_gifts(page: Page, found: list[LinkType], *, is_bill: bool) -> None:
    """Note if records that move are to be given to organisations, and none is named anywhere."""
    making = [each.erp.making for each in found]
    wished = any(each.on_organisation_changed == "allocate" for each in making)
    if wished and not any(each.organisations for each in making):
        bill, base = "a bill stays in its own: say tell or ask", "say allocate, in a variant"
        words = f"no organisation is named to give a record to; {bill if is_bill else base}"
        page.find(("erp", "on_organisation_changed"), words, at_key=True)


def _sets_what_is_there(page: Page, place: int, variant: VariantForm) -> bool:
    wrong = sorted(set(variant.settings) - set(page.settings))
    for name in wrong:
        words = f"there is no setting {name!r}{near(name, page.settings)}"
        page.find(("variants", place, "settings", name), words, at_key=True)
    return not wrong


def _compiled(page: Page, text: str, variant: VariantForm, known: Known) -> LinkType | None:
    """Return what the file is with the variant's settings; its findings go to the page."""
    own = read_page(page.file, text, {**page.settings, **variant.settings})
    form = form_of(own)
    found = None
    if form is not None:
        found = build_link_type(own, form, known, _version(text, own.settings))
    told = set(page.findings)
    for each in own.findings:
        if each not in told:
            page.findings.append(replace(each, words=f"variant {variant.name}: {each.words}"))
    return found


def _differs(base: LinkType, variant: LinkType) -> str:
    """Return what of a link's shape a variant changes; nothing, if it may be used."""
    for what, ours, theirs in (
        ("what the CRM is asked", base.crm.interest, variant.crm.interest),
        ("what the ERP is asked", base.erp.interest, variant.erp.interest),
        ("which side creates", base.creates, variant.creates),
        ("which fields are paired", _shape(base), _shape(variant)),
    ):
        if ours != theirs:
            return what
    return ""


def _shape(found: LinkType) -> list[tuple[str, str]]:
    lines = [(each.name, pair.name) for each in found.lines for pair in each.pairs]
    return [("", pair.name) for pair in found.pairs] + lines


def _condition(form: ConditionForm | None) -> Condition | None:
    return None if form is None else build_condition(form)


def _version(text: str, settings: Mapping[str, str]) -> str:
    content = json.dumps([text, dict(sorted(settings.items()))], ensure_ascii=False)
    return sha256(content.encode()).hexdigest()[:16]
