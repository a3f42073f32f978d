"""The ERP's password is changed while everything runs, and only later in Anji's settings."""

from collections.abc import Sequence
from random import Random

from labs.installation import until
from labs.processes import AnjiProcess
from ordeals.stage import Stage

__all__ = ["password_changed", "password_changed_and_forgotten"]

_CODE = 78
"""A setting is wrong: a person has to act."""
_ADVICE = b"set ANJI_K3CLOUD_USERNAME and ANJI_K3CLOUD_PASSWORD and start again"
_RESTARTS = 6
"""One more than the wrong passwords that lock a user."""
_MEMORY = "views/k3cloud-refused-login.json"


async def password_changed(stage: Stage, chance: Random) -> None:
    """Processes that log in end and say what to do; a cluster starts them again and again.

    Then a person sets the new password, and starts them: they must be let in.
    """
    await _changed(stage, chance, forgets=False)


async def password_changed_and_forgotten(stage: Stage, chance: Random) -> None:
    """The same, and each restart tries the old password once more."""
    await _changed(stage, chance, forgets=True)


async def _changed(stage: Stage, chance: Random, *, forgets: bool) -> None:
    erp, password = stage.vendors["k3cloud"], f"new-{chance.getrandbits(64):x}"
    names = ["anji"] if "anji" in stage.anji else ["k3cloud-source", "k3cloud-writer"]
    await erp.tell("_password", {"username": erp.known["username"], "password": password})
    await erp.tell("_sessions", None, "DELETE")
    stage.broken["ERP password changed"] += 1
    await stage.provoke()
    processes = [stage.anji[name] for name in names]
    await until(lambda: all(each.has_ended for each in processes), "those who log in end")
    assert await _codes(processes) == {_CODE}
    assert all(_ADVICE in stage.log(name).read_bytes() for name in names)
    for _ in range(_RESTARTS):
        for name, process in zip(names, processes, strict=True):
            if forgets:
                (stage.folder / name / _MEMORY).unlink(missing_ok=True)
            process.start()
        assert await _codes(processes) == {_CODE}
        stage.broken["started with the old password"] += len(processes)
    for process in processes:
        process.settings = {**process.settings, "ANJI_K3CLOUD_PASSWORD": password}
        process.start()


async def _codes(processes: Sequence[AnjiProcess]) -> set[int]:
    return {await process.wait() for process in processes}
