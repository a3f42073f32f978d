"""Builds how records are made from what a file says; what cannot be is noted in its page."""

from collections.abc import Mapping
from dataclasses import dataclass

from anji_common.interest import FieldKind
from anji_mapper.mapping.building import LinkNames
from anji_mapper.mapping.fields import Named, SideFields
from anji_mapper.mapping.findings import near
from anji_mapper.mapping.making import FileTemplate, Making, PushRule
from anji_mapper.mapping.making_forms import PushForm
from anji_mapper.mapping.reading import Page
from anji_mapper.mapping.schema import LinesForm, SideForm

__all__ = ["MakingRules"]

_OF_THE_ERP = ("on_audited", "allocate", "on_organisation_changed", "push", "attachments")


@dataclass(frozen=True, slots=True)
class MakingRules:
    """What both sides of one file say about it."""

    page: Page
    crm: SideForm
    erp: SideForm
    names: Mapping[str, LinkNames]
    crm_fields: SideFields
    lines: tuple[LinesForm, ...] = ()

    def built(self, *, is_created: bool) -> Making:
        """Return what the ERP's side says. `is_created`: whether records are made there."""
        for key in sorted(self.crm.model_fields_set.intersection(_OF_THE_ERP)):
            self.page.find(("crm", key), f"{key} is a word of the ERP's side", at_key=True)
        form = self.erp
        if not is_created:
            for key in ("allocate", "push", "attachments"):
                if getattr(form, key):
                    self._find(key, f"no record is made here: {key} never happens")
        if form.allocate and form.is_bill:
            self._find("allocate", "only base data is given to organisations, not a bill")
        files = tuple(FileTemplate(each.name, each.text) for each in form.attachments)
        for place, each in enumerate(files):
            for path in each.paths:
                self.crm_fields.add(("erp", "attachments", place), path)
        return Making(
            reopens=form.on_audited == "reopen",
            organisations=form.allocate,
            on_organisation_changed=form.on_organisation_changed,
            push=None if form.push is None else self._push(form.push),
            files=files,
        )

    def _push(self, form: PushForm) -> PushRule:
        if self.erp.marker is None:
            self._find("push", "a pushed record needs a marker: it could not be told apart")
        known = self.names.get(form.link)
        if known is None:
            words = f"there is no link type {form.link!r}{near(form.link, self.names)}"
            self.page.find(("erp", "push", "link"), words)
        crm_object = None if known is None else known.crm_object
        named = Named(FieldKind.REFERENCE, crm_object)
        self.crm_fields.add(("erp", "push", "record"), form.record, named)
        line = self._pushed_line(form, known) if form.line else None
        return PushRule(form.record, form.rule, line)

    def _pushed_line(self, form: PushForm, known: LinkNames | None) -> tuple[str, str] | None:
        if not self.lines:
            self._find("push", "line is a field of our lines, and this file has none")
            return None
        if known is not None and known.crm_lines is None:
            self.page.find(("erp", "push", "line"), f"link type {form.link!r} has no lines")
            return None
        ours = self.lines[0]
        named = Named(FieldKind.REFERENCE, None if known is None else known.crm_lines)
        self.crm_fields.add(("erp", "push", "line"), form.line, named, lines=ours.crm.path)
        return f"{ours.crm.path}~{ours.erp.path}", form.line

    def _find(self, key: str, words: str) -> None:
        self.page.find(("erp", key), words, at_key=True)
