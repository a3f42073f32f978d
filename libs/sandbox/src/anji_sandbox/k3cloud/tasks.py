"""Long calls: begun with `beginmethod`, asked for with QueryAsyncResult.

The call is done when it is begun; its result is told `async_seconds` later, and once asked for it
is pending, then running. Tasks live in memory, as sessions do.
Source: reference "k3cloud-webapi.md", sections 2 ("Async") and 9 ("Polling save").
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

import orjson

from anji_sandbox.k3cloud.answers import Json
from anji_sandbox.k3cloud.body import Call, lowered
from anji_sandbox.k3cloud.codes import Code, Refusal

__all__ = ["Tasks", "is_begun"]

_PENDING, _RUNNING, _COMPLETE = 0, 1, 2
_MOST_KEPT = 1000


def is_begun(call: Call, headers: Any) -> bool:  # noqa: ANN401 - a mapping of texts
    """Say whether a call asks to be begun only; the Java SDK says so in headers too."""
    given = call.fields.get("beginmethod") or headers.get("beginmethod")
    return bool(given)


@dataclass(slots=True)
class _Task:
    result: object
    begun_at: float


@dataclass(slots=True)
class Tasks:
    """The long calls of one account set."""

    _kept: dict[str, _Task] = field(default_factory=dict)
    _count: int = 0

    def begin(self, result: object, now: float) -> Json:
        """Keep a result and return what is told at once."""
        self._count += 1
        task_id = hashlib.sha256(f"task/{self._count}/{now}".encode()).hexdigest()[:32]
        self._kept[task_id] = _Task(result, now)
        while len(self._kept) > _MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        return _told(task_id, _PENDING, None)

    def ask(self, call: Call, now: float, seconds: float) -> Json:
        """Answer QueryAsyncResult.

        Raises:
            Refusal: there is no such task.
        """
        task_id = _task_id(call)
        task = self._kept.get(task_id)
        if task is None:
            raise Refusal(Code.NOT_FOUND, f"任务[“{task_id}”]不存在", None)
        if now - task.begun_at < seconds:
            return _told(task_id, _RUNNING, None)
        return _told(task_id, _COMPLETE, task.result)


def _told(task_id: str, state: int, result: object) -> Json:
    return {"Status": state, "TaskId": task_id, "Result": result}


def _task_id(call: Call) -> str:
    """Return the id from `queryInfo`, a text (Python) or the first parameter (Java)."""
    given = call.parameters[0] if call.parameters else call.fields.get("queryinfo")
    if isinstance(given, str):
        try:
            given = orjson.loads(given)
        except orjson.JSONDecodeError as exc:
            raise Refusal(Code.PARAMETER, f"queryInfo 格式错误：{exc}", None) from exc
    return str(lowered(given).get("taskid") or "") if isinstance(given, dict) else ""
