"""The ordeals, one for each sort of trouble: what is broken, how, and what guards against it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ordeals.accidents import (
    erp_sessions_ended,
    garbage_published,
    groups_reset,
    kafka_frozen,
    kafka_killed,
    kill,
    kill_in_a_write,
    rolled,
    sight_lost,
    thawed_zombie,
    took_over,
    tore_the_log,
    vendor_killed,
    vendor_silent,
    went_back_to_a_copy,
    writer_replaced,
)
from ordeals.in_a_write import (
    disk_filled_in_a_write,
    erp_silent_in_a_write,
    kafka_frozen_in_a_write,
    kafka_killed_in_a_write,
    kafka_stopped_in_a_write,
    kafka_without_room_in_a_write,
    tore_the_log_in_a_write,
    zombie_in_a_write,
)
from ordeals.limits import save_answered_502
from ordeals.ordeal import WRITTEN_AGAIN, Control, Ordeal, Work
from ordeals.passwords import password_changed, password_changed_and_forgotten
from ordeals.rewriting import people_were_told
from ordeals.strains import GIVES_UP, STRAINS
from ordeals.wrongs import WRONGS

__all__ = ["ORDEALS"]

_SAVE = "*Save.common.kdsvc"
_CREATE = "*/data/create"
_UPDATE = "*/data/update"
_ON = {"calls": None}
_NO_LOOK = "creates are sent without a look-up and without a note of the attempt"
_BLIND = Control(_NO_LOOK, ("doubled", "lost"), without=("look-up", "attempts", "marker"))
_IMPATIENT = replace(
    _BLIND,
    words=f"{_NO_LOOK}, a commit waits for Kafka for 2 s only",
    settings={"ANJI_KAFKA_TRANSACTION_TIMEOUT_SECONDS": "2"},
)


def _surely(rules: Sequence[Mapping[str, object]]) -> list[Mapping[str, object]]:
    """Put before rules that strike by chance each of them for one call for sure."""
    return [*({**rule, "share": 1.0, "calls": 1} for rule in rules), *rules]


def _lost(endpoint: str, share: float) -> list[dict[str, object]]:
    """Answers lost before the vendor did as told, after it, and done late; so often each."""
    common: dict[str, object] = {"endpoint": endpoint, "share": share, **_ON}
    return [
        {"kind": "drop_before", **common},
        {"kind": "drop_after", **common},
        {"kind": "commit_late", "delay_seconds": 4.0, **common},
    ]


ORDEALS = {
    each.name: each
    for each in (
        Ordeal(
            name="answers",
            point="a",
            words="answers of writes lost before the commit, after it, and committed 4 s late",
            rules={
                # The first customers for sure: they have no number of their own to guard them.
                "k3cloud": [
                    {
                        "kind": "commit_late",
                        "endpoint": _SAVE,
                        "contains": "BD_Customer",
                        "calls": 3,
                        "delay_seconds": 4.0,
                    },
                    *_surely(_lost(_SAVE, 0.1)),
                ],
                "fxiaoke": [*_lost(_CREATE, 0.1), *_surely(_lost(_UPDATE, 0.05))],
            },
            settings={"ANJI_K3CLOUD_BATCH_RECORDS": "5"},
            long=Work(
                600.0,
                10_200,
                orders=0.99,
                rules={
                    "k3cloud": _lost(_SAVE, 0.02),
                    "fxiaoke": [*_lost(_CREATE, 0.02), *_lost(_UPDATE, 0.02)],
                },
            ),
            control=Control(
                "a doubt whose effect is not seen yet is written again at once",
                ("doubled",),
                without=("quarantine",),
            ),
        ),
        Ordeal(
            name="killed",
            point="b",
            words="kill -9 at any moment, and while the ERP works on a save",
            accidents=(kill_in_a_write, kill, kill, kill, kill),
            long=Work(900.0, 900, 100),
            control=_BLIND,
        ),
        Ordeal(
            name="zombies",
            point="b",
            words="SIGSTOP for longer than the session, take-over by a second process, thaw",
            forms=("services",),
            accidents=(zombie_in_a_write, thawed_zombie),
            long=Work(120.0, 300, 6),
            short=Work(20.0, 40, 1),
            control=_BLIND,
        ),
        Ordeal(
            name="replicas",
            point="b",
            words="a second replica joins, the first ends in order and comes back",
            forms=("services",),
            accidents=(took_over,),
            long=Work(120.0, 300, 6),
            short=Work(15.0, 40, 1),
            control=Control(
                "each replica of the ERP's writer takes all commands, in a group of its own",
                ("doubled", "lost"),
                without=("one owner",),
                accidents=(writer_replaced,),
            ),
        ),
        Ordeal(
            name="rolling",
            point="b",
            words="each process in turn ended in order and started again, under load",
            accidents=(rolled,),
            long=Work(120.0, 600, 4),
            short=Work(15.0, 60, 1),
        ),
        Ordeal(
            name="kafka",
            point="c",
            words="Kafka killed and started again",
            forms=("services",),
            accidents=(kafka_killed_in_a_write, kafka_killed),
            long=Work(120.0, 300, 4),
            short=Work(15.0, 40, 1),
            control=_IMPATIENT,
        ),
        Ordeal(
            name="kafka-silent",
            point="c",
            words="Kafka not to be reached for a minute",
            forms=("services",),
            accidents=(kafka_frozen_in_a_write, kafka_frozen),
            long=Work(150.0, 300, 2),
            short=Work(60.0, 40, 1),
            control=_IMPATIENT,
        ),
        Ordeal(
            name="kafka-stopped",
            point="c",
            words="Kafka ended in order, away for up to 12 s, and started again",
            forms=("services",),
            accidents=(kafka_stopped_in_a_write,),
            long=Work(120.0, 300, 4),
            short=Work(15.0, 40, 1),
            control=_IMPATIENT,
        ),
        Ordeal(
            name="kafka-full",
            point="c",
            words="no room for Kafka's files: it ends, and is started where there is room",
            forms=("services",),
            accidents=(kafka_without_room_in_a_write,),
            long=Work(120.0, 300, 4),
            short=Work(15.0, 40, 1),
            control=_IMPATIENT,
        ),
        Ordeal(
            name="torn-log",
            point="c",
            words="anji up killed, and the tail of the broker's write-ahead log cut at any byte",
            forms=("up",),
            accidents=(tore_the_log_in_a_write, tore_the_log),
            long=Work(90.0, 300, 15),
            control=_BLIND,
        ),
        Ordeal(
            name="old-copy",
            point="c",
            words="anji up killed, and started from a copy of its files that is seconds old",
            forms=("up",),
            accidents=(went_back_to_a_copy,),
            forgets=True,
            # What it read before it forgot tells nothing of what stands in the CRM now.
            settings={"ANJI_WRITER_KNOWN_SECONDS": "0"},
            long=Work(120.0, 300, 8),
            short=Work(14.0, 40, 1),
            control=_BLIND,
        ),
        Ordeal(
            name="disk-full",
            point="c",
            words="no room on the disk of anji up, for seconds",
            forms=("up",),
            accidents=(disk_filled_in_a_write,),
            disk_megabytes=32,
            long=Work(90.0, 300, 8),
            short=Work(12.0, 40, 2),
            control=_BLIND,
        ),
        Ordeal(
            name="sessions",
            point="d",
            words="ERP sessions ended in mid-batch, HTML pages, 502, unhandled errors, rate limit",
            rules={
                "k3cloud": _surely(
                    [
                        {"kind": kind, "share": share, **_ON}
                        for kind, share in (
                            ("session_lost", 0.05),
                            ("html", 0.03),
                            ("bad_gateway", 0.03),
                            ("response_error", 0.02),
                            ("zipped", 0.05),
                        )
                    ]
                ),
                "fxiaoke": _surely(
                    [
                        {"kind": "html", "share": 0.05, **_ON},
                        {"kind": "bad_gateway", "share": 0.05, **_ON},
                        {"kind": "code", "code": 30004, "share": 0.1, **_ON},
                    ]
                ),
            },
            accidents=(save_answered_502, erp_sessions_ended),
            control=GIVES_UP,
        ),
        Ordeal(
            name="password",
            point="d",
            words="the ERP's password is changed, and only later in Anji's settings",
            accidents=(password_changed,),
            settings={"ANJI_K3CLOUD_AUTH": "password"},
            long=Work(60.0, 300, 3),
            short=Work(8.0, 40, 1),
            control=Control(
                "each restart tries the old password again, until the user is locked",
                ("lost", "differing"),
                accidents=(password_changed_and_forgotten,),
            ),
        ),
        Ordeal(
            name="outages",
            point="d",
            words="a vendor's server dies, or takes no call for a while, also from a save on",
            accidents=(erp_silent_in_a_write, vendor_killed, vendor_silent),
            long=Work(120.0, 400, 9),
            short=Work(10.0, 40, 3),
            control=GIVES_UP,
        ),
        Ordeal(
            name="callbacks",
            point="e",
            words="callbacks missing, twice, 5 s late and out of order",
            switches={
                "fxiaoke": {
                    "callback_lost_share": 0.3,
                    "callback_doubled_share": 0.3,
                    "callback_late_share": 0.3,
                }
            },
            counts={
                "fxiaoke": {
                    "callback lost": "callback lost",
                    "callback doubled": "callback sent twice",
                    "callback late": "callback late",
                }
            },
            control=Control(
                "nobody polls: what no callback told is never read",
                ("lost", "overwritten", "differing"),
                settings={
                    "ANJI_FXIAOKE_POLL_SECONDS": "3000",
                    "ANJI_FXIAOKE_MOST_POLL_SECONDS": "3000",
                },
            ),
        ),
        Ordeal(
            name="poison",
            point="f",
            words="one customer in three is refused for ever; undecodable records in topics",
            switches={"k3cloud": {"longest_texts": {"BD_Customer.FName": 30}}},
            accidents=(garbage_published,),
            poison=3,
            control=Control(
                "what nobody can read is no dead letter: whoever reads it fails",
                ("lost",),
                without=("dead letters",),
            ),
        ),
        Ordeal(
            name="hidden",
            point="g",
            words="queries succeed and leave out what others own, while deletes are looked for",
            accidents=(sight_lost,),
            settings={"ANJI_FXIAOKE_PATROL_SECONDS": "2"},
            long=Work(60.0, 100, 1),
            short=Work(20.0, 40, 1),
            control=Control(
                "deletes are believed, however many at once",
                ("deleted", "overwritten", "differing", "lost"),
                settings={
                    "ANJI_FXIAOKE_MOST_DELETES": "1000000",
                    "ANJI_FXIAOKE_MOST_DELETES_SHARE": "1",
                },
            ),
        ),
        Ordeal(
            name="replayed",
            point="j",
            words="all groups of mapper, writers and sources put back to offset 0",
            accidents=(groups_reset,),
            finale=groups_reset,
            long=Work(60.0, 300, 2),
            short=Work(8.0, 40, 1),
            control=Control(
                "every change is taken in, however old", (WRITTEN_AGAIN,), without=("stale",)
            ),
        ),
        Ordeal(
            name="rewritten",
            point="h",
            words="the ERP cuts blanks, a CRM workflow edits each record after it was written",
            switches={
                "fxiaoke": {"workflow_changes": {"AccountObj": {"fax": "0571"}}},
            },
            counts={"fxiaoke": {"workflow change": "record changed by a workflow"}},
            settings={"ANJI_FXIAOKE_TRIGGERS_WORKFLOW": "true"},
            tail="  ",
            at_rest=(people_were_told,),
            control=Control(
                "what came back of a write is an edit, however it was written",
                ("overwritten",),
                without=("rendition",),
            ),
        ),
        Ordeal(
            name="both-sides",
            point="i",
            words="customers edited on both sides at the same moment, answers late",
            rules={
                "k3cloud": [{"kind": "delay", "delay_seconds": 2.0, "share": 0.2, **_ON}],
                "fxiaoke": [{"kind": "delay", "delay_seconds": 2.0, "share": 0.2, **_ON}],
            },
            control=Control(
                "changes are merged while a command is in flight",
                ("lost", "overwritten", "differing"),
                without=("hold",),
            ),
        ),
        Ordeal(
            name="torn-documents",
            point="k",
            words="lines show in the CRM's index 2 s after their head",
            switches={
                "fxiaoke": {"query_lag_by_object": {"SalesOrderProductObj": 2.0}},
            },
            counts={"fxiaoke": {"SalesOrderProductObj create": "line shown later than its head"}},
            settings={"ANJI_FXIAOKE_LINES_LAG_SECONDS": "2.5"},
            control=Control(
                "a document is published as soon as its head shows",
                ("differing", "lost"),
                settings={"ANJI_FXIAOKE_LINES_LAG_SECONDS": "0"},
            ),
        ),
        *STRAINS,
        *WRONGS,
    )
}
"""By name."""
