"""What a simulation does to an installation, by name, and how often it did."""

from collections import Counter

from anji_common.refs import System

__all__ = ["ACCIDENTS", "SERVICES", "WORKERS", "Tally"]

Tally = Counter[str]
"""Name of an accident → how often it happened."""

WORKERS = ("fxiaoke-source", "fxiaoke-writer", "k3cloud-source", "k3cloud-writer", "mapper")
"""The services that share partitions, so that another process can take them over."""
SERVICES = (*WORKERS, "fxiaoke-callback")

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
    "links lost",
    "links lost with the crosswalk",
)
"""Everything that the storm can do. Over many seeds each must happen."""
