"""Faults on demand: what a network and a vendor do to a call, as data.

A rule names the calls it is for and what happens to them, the next `calls` of them or a `share`.
The first rule that applies to a call decides. Chance comes from a seed, so a run can be repeated.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Literal

import orjson

from anji_sandbox.core import Answer, OwnFaultsCore, Request, StoredCore
from anji_sandbox.derived import chance
from anji_sandbox.leaving_out import LEAVING_OUT, left_out
from anji_sandbox.store import Store

__all__ = ["Fault", "Faults", "FaultyCore", "Kind", "SparedCore"]

Kind = Literal[
    "drop_before", "drop_after", "commit_late", "delay", "html", "bad_gateway", "code",
    "not_found", "empty", "cut", "shifted",
    "lock", "waf", "response_error", "session_lost", "zipped",
]  # fmt: skip
_GENERAL = (
    "drop_before", "drop_after", "commit_late", "delay", "html", "bad_gateway", "code",
    "not_found", *LEAVING_OUT,
)  # fmt: skip
_HTML = (("Content-Type", "text/html; charset=utf-8"),)
_PAGES = {
    "html": (200, "Web page"),
    "bad_gateway": (502, "502 Bad Gateway"),
    "not_found": (404, "404 Not Found"),
}
"""Status and title of a page that comes in place of an answer."""
_PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One rule."""

    kind: Kind
    """`drop_before`: no answer, nothing done. `drop_after`: done, no answer. `commit_late`: no
    answer, done only after `delay_seconds`. `delay`: done, answered so late. `html`: nothing done,
    a page with status 200. `bad_gateway`: nothing done, 502. `not_found`: nothing done, 404.
    `code`: nothing done, the vendor's own refusal with `code` and `words`. `empty`, `cut`,
    `shifted`: done, and rows are missing in the answer (`leaving_out`). The others are the ERP's
    own: `lock`, `waf`, `response_error`: nothing done, so answered. `session_lost`: the caller's
    session ends first. `zipped`: done, answered as base64 of gzip."""
    endpoint: str = "*"
    """A pattern of the path, such as ``*/data/create`` or ``*.Save.common.kdsvc``."""
    contains: str = ""
    """Text that the body must contain, such as the name of an object."""
    calls: int | None = 1
    """How many calls it hits before it is spent; `None` for no end."""
    share: float = 1.0
    """Which share of the calls it hits."""
    delay_seconds: float = 0.0
    code: int = 0
    words: str = ""
    """In place of the vendor's, or of "fault on demand" where it has none."""

    def fits(self, request: Request) -> bool:
        """Say whether the rule is for this call."""
        is_spent = self.calls is not None and self.calls <= 0
        return (
            not is_spent
            and _is_of(self.endpoint, request.path)
            and (not self.contains or self.contains.encode() in request.body)
        )


@lru_cache(maxsize=1024)  # the same few paths again and again, each against every rule
def _is_of(endpoint: str, path: str) -> bool:
    return fnmatchcase(path, endpoint)


class Faults:
    """The rules in force, in order."""

    def __init__(self, *rules: Fault, seed: str = "faults") -> None:
        self._rules = list(rules)
        self._seed = seed
        self._asked = 0
        self.hits_by_kind: Counter[Kind] = Counter()
        """How many calls were hit, by what happened to them."""

    @property
    def hits(self) -> int:
        """Return how many calls were hit."""
        return self.hits_by_kind.total()

    def add(self, *rules: Fault) -> None:
        """Add rules behind those in force."""
        self._rules.extend(rules)

    def clear(self) -> None:
        """Drop every rule."""
        self._rules.clear()

    def rules(self) -> tuple[Fault, ...]:
        """Return the rules in force; `calls` tells what is left of each."""
        return tuple(self._rules)

    def take(self, request: Request) -> Fault | None:
        """Return the rule that hits this call, if one does, and count it."""
        for place, rule in enumerate(self._rules):
            if not rule.fits(request):
                continue
            self._asked += 1
            if rule.share < 1 and chance(self._seed, self._asked) >= rule.share:
                continue
            self.hits_by_kind[rule.kind] += 1
            if rule.calls is not None:
                self._rules[place] = replace(rule, calls=rule.calls - 1)
            self._rules = [each for each in self._rules if each.calls != 0]
            return rule
        return None

    def to_json(self) -> dict[str, Any]:
        """Return the rules, how often they hit, and how often each kind of them did."""
        return {
            "rules": [asdict(rule) for rule in self._rules],
            "hits": self.hits,
            "hits_by_kind": dict(self.hits_by_kind),
        }

    def add_json(self, given: Any, own: Sequence[str] = ()) -> None:  # noqa: ANN401 - JSON
        """Add one rule or a list of rules from JSON; `own` are kinds beside the general ones.

        Raises:
            ValueError: a rule has an unknown kind or key.
        """
        kinds = (*_GENERAL, *own)
        rules = given if isinstance(given, list) else [given]
        names = {each.name for each in fields(Fault)}
        for rule in rules:
            if not isinstance(rule, dict) or not set(rule) <= names:
                msg = f"a rule is a map with some of: {', '.join(sorted(names))}"
                raise ValueError(msg)
            if rule.get("kind") not in kinds:
                msg = f"kind is one of: {', '.join(kinds)}"
                raise ValueError(msg)
        self.add(*(Fault(**rule) for rule in rules))


class FaultyCore:
    """A core behind a bad network."""

    def __init__(self, core: StoredCore, faults: Faults) -> None:
        self.core = core
        self.faults = faults
        self._late: list[tuple[float, Request]] = []

    @property
    def name(self) -> str:
        """Return which vendor it is."""
        return self.core.name

    @property
    def store(self) -> Store:
        """Return the vendor's memory."""
        return self.core.store

    def handle(self, request: Request, now: float) -> Answer:
        """Answer one request, or let it suffer what a rule says."""
        self.settle(now)
        fault = self.faults.take(request)
        if fault is None:
            return self.core.handle(request, now)
        if fault.kind in ("drop_after", "delay"):
            answer = self.core.handle(request, now)
            return replace(
                answer,
                delay_seconds=answer.delay_seconds + fault.delay_seconds,
                dropped=answer.dropped or fault.kind == "drop_after",
            )
        if fault.kind in LEAVING_OUT:
            answer = self.core.handle(request, now)
            return replace(answer, body=left_out(answer.body, fault.kind))
        if fault.kind == "commit_late":
            self._late.append((now + fault.delay_seconds, request))
        return self._undone(fault, request, now)

    def fault_kinds(self) -> tuple[str, ...]:
        """Return the kinds of faults that only this vendor has."""
        return self.core.fault_kinds if isinstance(self.core, OwnFaultsCore) else ()

    def settle(self, now: float) -> None:
        """Do what calls with `commit_late` left to be done by now."""
        if not self._late:
            return
        due = sorted((each for each in self._late if each[0] <= now), key=lambda each: each[0])
        self._late = [each for each in self._late if each[0] > now]
        for moment, request in due:
            self.core.handle(request, moment)

    def next_late_at(self) -> float | None:
        """Return when `settle` has something to do next, or `None`."""
        return min((moment for moment, _ in self._late), default=None)

    def _undone(self, fault: Fault, request: Request, now: float) -> Answer:
        """Return the answer to a call that the vendor never saw, or not yet."""
        match fault.kind:
            case "html" | "bad_gateway" | "not_found" as kind:
                status, title = _PAGES[kind]
                return Answer(status, _HTML, _PAGE.format(title).encode())
            case "drop_before":
                return Answer(0, (), b"", dropped=True, delay_seconds=fault.delay_seconds)
            case "commit_late":
                return Answer(0, (), b"", dropped=True)
            case _ if isinstance(self.core, OwnFaultsCore):
                return self.core.suffer(request, fault.kind, fault.code, fault.words, now)
            case "code":
                return _refusal(fault.code, fault.words or "fault on demand")
            case _:
                msg = f"{self.name} has no fault of the kind {fault.kind}"
                raise ValueError(msg)


class SparedCore:
    """A faulty core for callers whom no rule hits.

    What was to be done late is done before their calls, in its time, so that nobody sees the
    vendor's time go back.
    """

    def __init__(self, faulty: FaultyCore) -> None:
        self._faulty = faulty

    @property
    def name(self) -> str:
        """Return which vendor it is."""
        return self._faulty.name

    def handle(self, request: Request, now: float) -> Answer:
        """Answer one request."""
        self._faulty.settle(now)
        return self._faulty.core.handle(request, now)


def _refusal(code: int, words: str) -> Answer:
    """Return a refusal in the CRM's envelope, with HTTP 200."""
    envelope = {
        "errorCode": code,
        "errorMessage": words,
        "errorDescription": words,
        "traceId": "E-O.null.-1000-fault",
    }
    json = (("Content-Type", "application/json; charset=utf-8"),)
    return Answer(200, json, orjson.dumps(envelope))
