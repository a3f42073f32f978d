"""Ordeals in which nothing fails and all the same something is wrong (points g, h and i)."""

from ordeals.deletions import people_deleted, records_of_a_branch, sight_troubled
from ordeals.ordeal import Control, Ordeal, Work

__all__ = ["WRONGS"]

_PATROLS = {
    f"ANJI_{system}_{name}_SECONDS": seconds
    for system in ("FXIAOKE", "K3CLOUD")
    for name, seconds in (("PATROL", "2"), ("CONFIRM", "3"))
}

WRONGS = (
    Ordeal(
        name="sight",
        point="g",
        words="queries say yes and leave out all, the end or one; 404; a right is lost",
        accidents=(records_of_a_branch,),
        at_rest=(sight_troubled,),
        tells_deletes=True,
        settings=_PATROLS,
        long=Work(60.0, 100, 1),
        short=Work(8.0, 30, 1),
        control=Control(
            "deletes are believed, however many at once",
            ("deleted",),
            settings={
                f"ANJI_{system}_{name}": value
                for system in ("FXIAOKE", "K3CLOUD")
                for name, value in (("MOST_DELETES", "1000000"), ("MOST_DELETES_SHARE", "1"))
            },
        ),
    ),
    Ordeal(
        name="deletes",
        point="g",
        words="people delete one record on either side, then six, which a person approves",
        at_rest=(people_deleted,),
        tells_deletes=True,
        settings=_PATROLS,
        long=Work(60.0, 100),
        short=Work(4.0, 20),
        control=Control(
            "nobody patrols: no window shows what is gone",
            ("kept",),
            settings={
                "ANJI_FXIAOKE_PATROL_SECONDS": "86400",
                "ANJI_K3CLOUD_PATROL_SECONDS": "86400",
            },
        ),
    ),
)
