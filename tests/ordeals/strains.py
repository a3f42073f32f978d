"""Ordeals in which a vendor takes no calls, or not all that there are (points d and f)."""

from ordeals.backlogs import OUTAGES, OUTAGES_IN_BULK, rates_compared
from ordeals.limits import blocked_by_a_firewall, quota_gone, stormed
from ordeals.ordeal import Control, Ordeal, Work

__all__ = ["GIVES_UP", "STRAINS"]

GIVES_UP = Control(
    "a call that is put off or lost once is given up, until a person says otherwise",
    ("lost", "differing"),
    settings={"ANJI_WRITER_MAX_BUSY": "1", "ANJI_WRITER_MAX_TRIES": "1"},
)

_LIMIT = {"ANJI_FXIAOKE_CALLS_PER_WINDOW": "100"}

STRAINS = (
    Ordeal(
        name="quota",
        point="d",
        words="the day's calls of the CRM are used up until midnight (30002); clocks are injected",
        accidents=(quota_gone,),
        midnight_seconds=60.0,
        settings={"ANJI_FXIAOKE_CALLBACK_WINDOW_SECONDS": "1000000"},
        long=Work(60.0, 300, 1),
        short=Work(8.0, 40, 1),
    ),
    Ordeal(
        name="storms",
        point="d",
        words="both systems say for seconds that they are called too often (30004, MsgCode 14)",
        accidents=(stormed,),
        settings={"ANJI_FXIAOKE_WINDOW_SECONDS": "5"},
        long=Work(120.0, 300, 6),
        short=Work(8.0, 40, 1),
        control=Control(
            "a call that the vendor has no room for counts like a record's lock, and is given up",
            ("lost", "differing"),
            without=("patience",),
            settings={"ANJI_WRITER_MAX_BUSY": "1"},
        ),
    ),
    Ordeal(
        name="firewall",
        point="d",
        words="a firewall blocks saves; an operator tries them again",
        accidents=(blocked_by_a_firewall,),
        long=Work(60.0, 300, 6),
        short=Work(8.0, 40, 1),
    ),
    Ordeal(
        name="backlog",
        point="d",
        words="either system gone while customers are made, each with a number for the CRM",
        forms=("up",),
        accidents=OUTAGES,
        settings=_LIMIT,
        long=Work(300.0, 20, 2, is_measured=True),
        short=Work(8.0, 20, 2),
    ),
    Ordeal(
        name="bulk-backlog",
        point="d",
        words="either system gone while products are made, with nothing to write back",
        forms=("up",),
        accidents=OUTAGES_IN_BULK,
        settings=_LIMIT,
        long=Work(300.0, 20, 2, is_measured=True),
        short=Work(8.0, 20, 2),
    ),
    Ordeal(
        name="poison-rate",
        point="f",
        words="of a backlog one in ten is refused for ever, and one in ten cannot be read",
        forms=("up",),
        switches={"k3cloud": {"longest_texts": {"BD_Customer.FName": 30}}},
        accidents=(rates_compared,),
        long=Work(125.0, 20, 1, is_measured=True),
        short=Work(2.0, 20, 1),
    ),
)
