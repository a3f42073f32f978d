"""What came back of a command, line by line, and what is remembered of values that were changed.

The lines of a command are paired with the target's rows first (`lines.paired_as_sent`); then each
value is agreed as its answer tells (`renditions.Answers`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from anji_common.refs import System
from anji_mapper.link.lines import join, paired_as_sent, source_of, told_of_their_own
from anji_mapper.link.renditions import Answer, Answers, row_key
from anji_mapper.link.rules import Rows
from anji_mapper.link.state import LineState, Returned, Rewrites, RowAgreement, ValuePair
from anji_mapper.mapping.model import LinesPair, Pair, Row

__all__ = ["AnsweredRows", "Memory"]


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of values that a side gives back differently; filled."""

    returned: dict[str, Returned]
    rewrites: dict[str, Rewrites]
    news: dict[str, Returned] = field(default_factory=dict)
    """(sent, what stands there) of those that people are to be told of."""

    def agreed(
        self, answers: Answers, key: str, pair: Pair, sent: ValuePair, came: Row | None
    ) -> ValuePair:
        """Return what is agreed about one value (see `Answers.of`), and take in its answer."""
        if answers.is_as_sent(pair, sent, came):  # nearly always
            self.returned.pop(key, None)
            self.rewrites.pop(key, None)
            return sent
        answer = answers.of(key, pair, sent, came)
        self.take(key, answer)
        return answer.agreed

    def take(self, key: str, answer: Answer) -> None:
        """Take in what is agreed about one value."""
        for memory, value in ((self.returned, answer.returned), (self.rewrites, answer.rewrites)):
            _remember(memory, key, value)
        if answer.news is not None:
            self.news[key] = answer.news


def _remember(memory: dict[str, Any], key: str, value: object) -> None:
    if value is None:
        memory.pop(key, None)
    else:
        memory[key] = value


@dataclass(frozen=True, slots=True)
class AnsweredRows:
    """What a command said about the lines of one kind, and how they came back."""

    lines: LinesPair
    answers: Answers
    sent: Sequence[RowAgreement]
    told: Mapping[str, str]
    came: Rows
    memory: Memory

    def over(self, known: Mapping[str, LineState]) -> dict[str, LineState]:
        """Return `known` with what is agreed now."""
        states = dict(known)
        system = self.answers.system
        to_erp = system is System.K3CLOUD
        ids = {
            crm if to_erp else state.erp_id: state.erp_id if to_erp else crm
            for crm, state in known.items()
        }
        told = told_of_their_own(self.lines, system, self.told, ids, self.came)
        pairs = paired_as_sent(self.lines, system, self.sent, ids | told, self.came)
        names = {pair.name: pair for pair in self.lines.pairs}
        for row in self.sent:
            source = source_of(row, system)
            target = pairs.get(source)
            if target is None:
                continue
            crm, erp = (source, target) if to_erp else (target, source)
            join(states, crm, erp)
            agreed = self._agreed(row, crm, names, self.came.get(target))
            states[crm] = LineState(erp, {**states[crm].agreed, **agreed})
        return states

    def _agreed(
        self, row: RowAgreement, crm: str, names: Mapping[str, Pair], came: Row | None
    ) -> dict[str, ValuePair]:
        agreed: dict[str, ValuePair] = {}
        for name, sent in row.pairs.items():
            pair = names.get(name)
            if pair is None:
                continue
            key = row_key(self.lines.name, crm, name)
            agreed[name] = self.memory.agreed(self.answers, key, pair, sent, came)
        return agreed
