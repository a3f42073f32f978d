"""What a simulation does to an installation, by name, and how often it did."""

from collections import Counter

from anji.simulation.variants import VARIANTS
from anji_common.events.notices import NoticeKind
from anji_common.refs import System

__all__ = [
    "ACCIDENTS",
    "DEEDS",
    "LINKS_LOST",
    "LINKS_LOST_WHOLLY",
    "REBUILT_AT_REST",
    "REPLAYED_AT_REST",
    "SERVICES",
    "TOLD",
    "WORKERS",
    "Tally",
    "put_in_force",
]

Tally = Counter[str]
"""Name of an accident → how often it happened."""

WORKERS = ("fxiaoke-source", "fxiaoke-writer", "k3cloud-source", "k3cloud-writer", "mapper")
"""The services that share partitions, so that another process can take them over."""
SERVICES = (*WORKERS, "fxiaoke-callback")

LINKS_LOST, LINKS_LOST_WHOLLY = "links lost", "links lost with the crosswalk"
REPLAYED_AT_REST, REBUILT_AT_REST = "replay when all is said", "rebuild when all is said"

TOLD = tuple(f"people were told: {kind}" for kind in NoticeKind)
"""What people were told, by kind of notice. Where nobody can decide a race, they are: of values
that both sides said at once (`conflict decided`), of a line that one removed while the other
edited it (`line returned`), of what differed when the links were lost (`unsettled`)."""

DEEDS = (
    "order closed in the CRM",
    "order closed in the ERP",
    "order voided in the CRM",
    "order cancelled in the ERP",
    "bill un-audited",
    "bill deleted in the ERP",
    "record voided while its partner is edited",
    "record forbidden while its partner is edited",
    "record deleted while its partner is edited",
    "record deleted in the ERP while its partner is edited",
)
"""What people do to records as a whole, in seeds that have such people. Each must happen, too."""


def put_in_force(variant: str) -> str:
    """Return under which name it is counted that a variant's mappings took the own ones' place."""
    return f"mappings in force: {variant}"


ACCIDENTS = (
    *(f"crash of {name}" for name in SERVICES),
    *(f"freeze of {name}" for name in WORKERS),
    *(f"take-over from {name}" for name in WORKERS),
    *(f"rebalance of {name}" for name in WORKERS),
    *(f"outage of {system}" for system in System),
    *(f"clock of {system} jumps" for system in System),
    "answer lost, nothing done",
    "answer lost, all done",
    "answer lost, done late",
    "answer late",
    "page of HTML for an answer",
    "bad gateway",
    "crash in a call that writes to fxiaoke",
    "crash in a call that writes to k3cloud",
    "callback lost",
    "callback twice",
    "callback late",
    "changes and results delivered again",
    "commands delivered again",
    "mappings replaced, everywhere",
    "mappings replaced, mapper first",
    *(put_in_force(name) for name in VARIANTS),
    LINKS_LOST,
    LINKS_LOST_WHOLLY,
    REPLAYED_AT_REST,
    REBUILT_AT_REST,
)
"""Everything that can be done to an installation. Over many seeds each must happen."""
