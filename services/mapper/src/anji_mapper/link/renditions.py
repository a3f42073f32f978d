"""What came back after our write: renditions, and the work of other hands (``protocol.md`` 13).

A target may store what it was given in its own way. If our account wrote last, what came back is
its rendition: agreed, and never written again. If somebody else did (a person, or a workflow
under another name), it is an edit that flows to the other side. Three things bound that. The same
pair of sent and come back seen twice is a rendition whoever wrote it, so two systems that rewrite
each other's values come to rest. So is what comes back differently for the sixth time in a row:
two systems that add something to each other's values would never send the same twice. And such a
value may be nobody's wish, so it yields to an edit of the other side that was made meanwhile,
whoever owns the field.

People are told once that a side does not keep a value: when its own account rewrites it, or
another hand has done so twice in a row; and again only after one came back as it was sent.
"""

from collections.abc import Mapping

from pydantic import JsonValue

from anji_common.events.observed import Stamp
from anji_common.refs import System
from anji_common.values import frozen
from anji_mapper.link.rules import Rules
from anji_mapper.link.state import Returned, Rewrites, Seat, ValuePair
from anji_mapper.mapping.model import Pair, Row

__all__ = ["Answer", "Answers", "row_key", "suspected"]


_HABIT = 2
"""Once may be a person's edit, made just then."""


def row_key(lines: str, crm_id: str, pair: str) -> str:
    """Return under which name a line's value is remembered; a head's stands under its pair's."""
    return f"{lines}/{crm_id}/{pair}"


@frozen
class Answers:
    """Judges the values of one record that was read after our write."""

    rules: Rules
    system: System
    """Whose record."""
    stamp: Stamp | None
    """As it was read; `None` where nobody read it."""
    before: Mapping[str, Returned]
    """What that side gave back differently, and not by our account, until now."""
    rewrites: Mapping[str, Rewrites]
    """How often in a row that side gave something else back, whoever wrote it, until now."""

    def is_as_sent(self, pair: Pair, sent: ValuePair, came: Row | None) -> bool:
        """Whether a value came back as it was sent, or nobody read it: it is agreed as it is."""
        if came is None:
            return True
        if self.system is System.FXIAOKE:
            return came.get(pair.crm) == sent[0]
        return came.get(pair.erp) == sent[1]

    def of(self, key: str, pair: Pair, sent: ValuePair, came: Row | None) -> "Answer":
        """Return what is agreed about one value.

        Args:
            key: Its name in `before`.
            pair: The field.
            sent: What would be agreed if the target held just what was sent.
            came: The record's, or the line's, values as read; `None` where nobody read them.
        """
        if came is None or self.is_as_sent(pair, sent, came):
            return Answer(sent)
        wished, held = _half(sent, self.system), came.get(pair.path(self.system))
        rendition = _with_half(sent, self.system, held)
        back: Returned = (wished, held)
        times, is_told = self.rewrites.get(key, (0, False))
        times += 1
        if pair.state is not None and not self.rules.is_endless(times):
            # An operation was done; no target spells a state its own way. Somebody was there.
            return Answer(sent, None, (times, is_told))
        if not self.rules.agrees_as_sent(self.stamp):
            return Answer(rendition, None, (times, True), None if is_told else back)
        is_again = self.rules.is_rewritten_again(self.before.get(key), back)
        is_settled = is_again or self.rules.is_endless(times)
        tells = not is_told and (is_settled or times >= _HABIT)
        agreed = rendition if is_settled else sent
        return Answer(agreed, back, (times, is_told or tells), back if tells else None)


@frozen
class Answer:
    """What is agreed about one value, and what to remember of its way back."""

    agreed: ValuePair
    returned: Returned | None = None
    rewrites: Rewrites | None = None
    news: Returned | None = None
    """What people are to be told of: (what was sent, what stands there)."""


def suspected(
    rules: Rules, seat: Seat, key: str, agreed: ValuePair, now: ValuePair
) -> System | None:
    """Return the side whose value may be nobody's wish: another hand's, right after our write."""
    found = [
        system
        for system in System
        if rules.yields(
            seat.side(system).returned.get(key), (_half(agreed, system), _half(now, system))
        )
    ]
    return found[0] if len(found) == 1 else None


def _half(values: ValuePair, system: System) -> JsonValue:
    return values[0] if system is System.FXIAOKE else values[1]


def _with_half(values: ValuePair, system: System, half: JsonValue) -> ValuePair:
    return (half, values[1]) if system is System.FXIAOKE else (values[0], half)
