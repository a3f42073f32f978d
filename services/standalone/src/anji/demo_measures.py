"""What the demo measures about Anji, from the topics and metrics that anybody can read."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from anji.whole_topics import whole_topic
from anji_common.broker.port import Broker
from anji_common.events.changes import Change
from anji_common.events.crosswalk import CrosswalkRow
from anji_common.events.results import Result
from anji_common.metrics import VENDOR_CALLS
from anji_common.refs import Ref, System
from anji_common.topics import CROSSWALK, Topic, results_topic

__all__ = ["latencies", "percentile", "vendor_calls"]


async def latencies(broker: Broker, topics: Sequence[Topic]) -> list[float]:
    """Return for each write the seconds from the change that caused it to its being saved.

    The first end is the vendor's own time of the change (the ERP's has whole seconds), the other
    our clock when the vendor's answer was here. Waiting for what a record refers to counts.
    """
    changed: dict[Ref, list[datetime]] = defaultdict(list)
    for topic in topics:
        if topic.name.endswith(".changes.v1"):
            async for record in whole_topic(broker, topic.name):
                change = Change.from_record(record)
                if not change.stamp.by_anji:
                    changed[change.ref].append(change.stamp.modified_at)
    partner: dict[Ref, Ref] = {}
    async for record in whole_topic(broker, CROSSWALK.name):
        row = CrosswalkRow.from_record(record)
        if row.counterpart is not None:
            partner[row.ref] = row.counterpart
    found: list[float] = []
    for system in System:
        async for record in whole_topic(broker, results_topic(system)):
            result = Result.from_record(record)
            seconds = _seconds(result, changed, partner)
            if seconds is not None and result.outcome.holds_the_wish:
                found.append(seconds)
    return found


def _seconds(
    result: Result, changed: Mapping[Ref, list[datetime]], partner: Mapping[Ref, Ref]
) -> float | None:
    seat = result.seat
    source = seat if seat.system is not result.system else partner.get(seat)
    times = [at for at in changed.get(source, ()) if at <= result.answered_at] if source else []
    return (result.answered_at - max(times)).total_seconds() if times else None


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of all are at or below; 0 if there are none."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def vendor_calls() -> Mapping[str, int]:
    """Return how many calls this process has sent to each vendor on Anji's behalf."""
    calls: dict[str, int] = defaultdict(int)
    for family in VENDOR_CALLS.collect():
        for sample in family.samples:
            if sample.name.endswith("_total"):
                calls[sample.labels["system"]] += int(sample.value)
    return calls
