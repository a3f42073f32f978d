"""Answers commands as writers and sources would: the result, then the change that shows it.

Pure bookkeeping without a vendor: what is measured is the mapper, and what it is told must fit
what it asked.
"""

from dataclasses import dataclass, field
from random import Random

from pydantic import JsonValue

from anji_common.events.changes import Change, revision_of
from anji_common.events.commands import Action, Command
from anji_common.events.observed import Observed, Stamp
from anji_common.events.results import Outcome, Result
from anji_common.interest import LinesInterest, ObjectInterest
from anji_common.refs import Ref, System
from anji_mapper.mapping.model import Mappings
from bench.company import Company, Doc, unmapped

__all__ = ["Vendors"]


@dataclass
class Vendors:
    """Both systems. The CRM's records are the company's own."""

    mappings: Mappings
    company: Company
    erp: dict[Ref, Doc] = field(default_factory=dict)
    chance: Random = field(default_factory=lambda: Random("erp"))
    entries: int = 100_000

    def answer(self, command: Command) -> tuple[Result, Change]:
        """Carry a command out."""
        if command.action is Action.CREATE:
            ref, lines = self._create(command)
        else:
            ref, lines = self._update(command)
        stamp = Stamp(
            modified_at=self.company.ticks.next(),
            status="C" if ref.system is System.K3CLOUD else None,
            modified_by="anji",
            by_anji=True,
        )
        data = self._records(ref.system)[ref]
        is_read_back = command.action is Action.CREATE or ref.system is System.K3CLOUD
        result = Result(
            seat=command.seat,
            number=command.number,
            system=command.system,
            outcome=Outcome.CREATED if command.action is Action.CREATE else Outcome.UPDATED,
            answered_at=stamp.modified_at,
            ref=ref,
            business_number=str(data[self._interest(ref).number_field]),
            observed=Observed(ref=ref, stamp=stamp, data=data) if is_read_back else None,
            lines=lines,
            calls=1,
        )
        revision = revision_of(stamp.modified_at, 0)
        return result, Change(ref=ref, revision=revision, stamp=stamp, data=data)

    def refs(self, object_name: str) -> list[Ref]:
        """Return the ERP's records of one form."""
        return [ref for ref in self.erp if ref.object_name == object_name]

    def edited(self, ref: Ref, n: int) -> Change:
        """Edit a customer's address by hand, in the ERP."""
        self.erp[ref]["FADDRESS"] = f"解放路 {n} 号"
        at = self.company.ticks.next()
        stamp = Stamp(modified_at=at, status="C", modified_by="100", by_anji=False)
        return Change(ref=ref, revision=revision_of(at, 0), stamp=stamp, data=self.erp[ref])

    def _create(self, command: Command) -> tuple[Ref, dict[str, dict[str, str]]]:
        ref = Ref(command.system, command.object_name, f"{100_000 + len(self.erp)}")
        interest = self._interest(ref)
        doc: Doc = {interest.id_field: ref.record_id, **unmapped(self.chance)}
        doc |= {each.path: None for each in interest.fields}
        doc |= command.values
        doc[interest.number_field] = doc[interest.number_field] or f"N{ref.record_id}"
        for lines in interest.lines:
            doc[lines.path] = []
        self._records(ref.system)[ref] = doc
        return ref, self._put_rows(doc, interest, command)

    def _update(self, command: Command) -> tuple[Ref, dict[str, dict[str, str]]]:
        ref = command.target or command.seat
        doc = self._records(ref.system)[ref]
        doc |= command.values
        return ref, self._put_rows(doc, self._interest(ref), command)

    def _put_rows(
        self, doc: Doc, interest: ObjectInterest, command: Command
    ) -> dict[str, dict[str, str]]:
        """Write the lines; return the ids of those that are new."""
        new: dict[str, dict[str, str]] = {}
        for lines in interest.lines:
            rows = doc[lines.path]
            assert isinstance(rows, list)
            known = {str(row[lines.id_field]): row for row in rows if isinstance(row, dict)}
            for wish in command.rows.get(lines.path, ()):
                if wish.target_id is not None:
                    known[wish.target_id].update(wish.values)
                    continue
                row = self._new_row(lines, wish.values)
                rows.append(row)
                new.setdefault(lines.path, {})[wish.source_id] = str(row[lines.id_field])
        return new

    def _new_row(self, lines: LinesInterest, values: dict[str, JsonValue]) -> Doc:
        self.entries += 1
        blank: Doc = {each.path: None for each in lines.fields}
        return {lines.id_field: str(self.entries), **blank, **values}

    def _records(self, system: System) -> dict[Ref, Doc]:
        return self.company.records if system is System.FXIAOKE else self.erp

    def _interest(self, ref: Ref) -> ObjectInterest:
        return self.mappings.interest(ref.system).of(ref.object_name)
