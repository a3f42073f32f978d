"""What a simulation does to an installation, by name, and how often it did."""

from collections import Counter

from anji_common.refs import System

__all__ = ["ACCIDENTS", "REBUILT_AT_REST", "REPLAYED_AT_REST", "SERVICES", "WORKERS", "Tally"]

Tally = Counter[str]
"""Name of an accident → how often it happened."""

WORKERS = ("fxiaoke-source", "fxiaoke-writer", "k3cloud-source", "k3cloud-writer", "mapper")
"""The services that share partitions, so that another process can take them over."""
SERVICES = (*WORKERS, "fxiaoke-callback")

REPLAYED_AT_REST, REBUILT_AT_REST = "replay when all is said", "rebuild when all is said"

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
    "links lost",
    "links lost with the crosswalk",
    REPLAYED_AT_REST,
    REBUILT_AT_REST,
)
"""Everything that can be done to an installation. Over many seeds each must happen."""
