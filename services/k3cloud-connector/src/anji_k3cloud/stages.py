"""How far a record has come, and the next step to where it should be.

    Z draft ── A created ──Submit──> B in approval ──Audit──> C audited
    D to be audited again ──Submit──> B

Source: reference "k3cloud-webapi.md", sections 0 and 3.6.
"""

from typing import Literal

from anji_common.events.commands import Finish

__all__ = ["Step", "next_step"]

Step = Literal["Submit", "Audit"]


def next_step(status: str | None, finish: Finish) -> Step | None:
    """Return what brings a record in `status` nearer to `finish`; `None` if it is there."""
    if finish is Finish.SAVED or status == "C":
        return None
    if status != "B":
        return "Submit"
    return "Audit" if finish is Finish.AUDITED else None
