"""A vendor of sand as a process of its own: started, killed, told what to do wrong.

Each runs ``anji sandbox`` with a data folder, of which one system is used. Its admin port answers
the vendor's own paths as well and is spared of faults: there the scripted people work.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from anji.sandboxes import free_port
from anji_common.clock import SystemClock
from anji_common.errors import InDoubtError, RetriableError
from anji_common.http_transport import HttpTransport
from anji_common.transport import Answer, Call
from labs.installation import until
from labs.processes import AnjiProcess

__all__ = ["VENDORS", "Vendor"]

Name = Literal["fxiaoke", "k3cloud"]
VENDORS: tuple[Name, ...] = ("fxiaoke", "k3cloud")

_CLOCK = SystemClock()
_JSON = {"Content-Type": "application/json"}
_PLENTY = {"calls_per_window": 10**6, "daily_calls": 10**9, "tokens_per_minute": 10**6}


@dataclass
class Vendor:
    """One of the two systems."""

    name: Name
    folder: Path
    callback_port: int
    seed: str
    """Of its company, and of the chance in its faults."""
    port: int = field(default_factory=free_port)
    switches: Mapping[str, object] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict)
    """What its credentials file says."""
    _process: AnjiProcess | None = None
    _admin: HttpTransport | None = None
    _hands: HttpTransport | None = None
    nobody_inside: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by each call of a person, and while the vendor is dead: people wait meanwhile."""
    _before: Counter[str] = field(default_factory=Counter)
    """Writes of its earlier lives."""

    @property
    def data(self) -> Path:
        """Where its file stands."""
        return self.folder / f"{self.name}.db"

    async def send(self, call: Call) -> Answer:
        """Carry a call of a person, as the port `Transport`; no fault hits it."""
        async with self.nobody_inside:
            assert self._hands is not None
            return await self._hands.send(call)

    async def start(self) -> None:
        """Start it, or start it again with the data that it had."""
        file = self.folder / "credentials.json"
        self.folder.mkdir(exist_ok=True)
        file.unlink(missing_ok=True)
        words = (
            "sandbox",
            f"--{self.name}-port",
            str(self.port),
            "--data",
            str(self.folder),
            "--seed",
            self.seed,
        )
        log = self.folder / "sandbox.log"
        self._process = AnjiProcess({}, log, (*words, "--credentials-file", str(file)))
        self._process.start()
        await until(file.exists, f"the sandbox of {self.name} answers")
        self.known = json.loads(file.read_text())[self.name]
        await self.close()
        self._admin = HttpTransport(self.known["admin_url"], system="admin", clock=_CLOCK)
        base = f"{self.known['admin_url']}{'/k3cloud/' if self.name == 'k3cloud' else ''}"
        self._hands = HttpTransport(base, system="people", clock=_CLOCK)
        if self.name == "fxiaoke":
            await self.tell("_limits", _PLENTY)
            url = f"http://127.0.0.1:{self.callback_port}/fxiaoke/callback"
            await self.tell("_callback", {"url": url})
        await self.tell("_switches", self.switches)

    async def kill(self) -> None:
        """End it as a power cut would; what it had answered stands in its file."""
        assert self._process is not None
        self._before = Counter(await self.writes())
        self._process.kill()

    async def end(self) -> None:
        """End it for good."""
        await self.close()
        if self._process is not None:
            self._process.discard()

    async def tell(self, path: str, body: object, method: str = "POST") -> Any:  # noqa: ANN401 - JSON
        """Make an admin call."""
        assert self._admin is not None
        call = Call(path, json.dumps(body).encode(), _JSON, writes=method == "POST", method=method)
        answer = await self._admin.send(call)
        assert answer.status == 200, (path, answer.body)
        return json.loads(answer.body)

    async def suffer(self, rules: Sequence[Mapping[str, object]]) -> None:
        """Add rules of what goes wrong with calls."""
        await self.tell("_faults", list(rules))

    async def recover(self) -> None:
        """Drop all rules."""
        await self.tell("_faults", None, "DELETE")

    async def hits(self) -> int:
        """Return how many calls were hit by rules in this life."""
        return int((await self.tell("_faults", None, "GET"))["hits"])

    async def hits_by_kind(self) -> Mapping[str, int]:
        """Return how many calls were hit in this life, by what happened to them."""
        found: dict[str, int] = (await self.tell("_faults", None, "GET"))["hits_by_kind"]
        return found

    async def writes(self) -> Mapping[str, int]:
        """Return what was written, by whomever, in all its lives: ``{"AccountObj create": 3}``."""
        try:
            told = await self.tell("_log", None, "GET")
        except (RetriableError, InDoubtError):  # it is dead just now
            return self._before
        return self._before + Counter(told["writes"])

    async def close(self) -> None:
        """Close the ways to it."""
        for door in (self._admin, self._hands):
            if door is not None:
                await door.close()
        self._admin = self._hands = None
