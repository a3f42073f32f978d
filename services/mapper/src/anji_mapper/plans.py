"""Plans as files: what applying another mapping does to each link (form: ``docs/plans.md``).

JSON lines, by gzip where the name ends in ``.gz``: a header, a line a link, and an end that holds
the checksum of all lines before it. A file without its end, or changed since, is no plan.
"""

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Self, cast

import orjson
from pydantic import JsonValue, ValidationError

from anji_common.errors import UndecodableError
from anji_common.events.inbox import Entry, EntryKind, Sending
from anji_common.messages import Message
from anji_common.refs import Ref

__all__ = ["PlanFile", "PlanHeader", "PlanWriter", "PlannedLink"]

_FORM = 1
_QUICK = 1
"""gzip's level: a plan is as long as the links are many, and read once."""


@dataclass(frozen=True, slots=True)
class PlanHeader:
    """What holds for a whole plan."""

    plan_id: str
    made_at: datetime
    scope: str
    """Which retained changes it looked at, in words."""
    mappings: Mapping[str, str]
    """Link type → version of the mapping that was planned with."""

    def line(self) -> dict[str, Any]:
        """Return the first line."""
        return {
            "plan": _FORM,
            "id": self.plan_id,
            "made_at": self.made_at,
            "scope": self.scope,
            "mappings": dict(self.mappings),
        }

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> Self:
        """Return the header of a first line; raises UndecodableError."""
        if line.get("plan") != _FORM:
            msg = f"no plan of form {_FORM}: its first line says {str(line.get('plan'))[:20]}"
            raise UndecodableError(msg)
        return cls(
            line["id"], datetime.fromisoformat(line["made_at"]), line["scope"], line["mappings"]
        )


@dataclass(frozen=True, slots=True)
class PlannedLink:
    """What becomes of one link."""

    key: str
    link_type: str
    before: str
    """Name of the state that was planned on: the link's revision."""
    after: list[JsonValue]
    sends: tuple[Message, ...]
    """What is published with it: commands, notices, signals."""

    def line(self) -> dict[str, Any]:
        """Return its line."""
        return {
            "link": self.key,
            "type": self.link_type,
            "revision": self.before,
            "after": self.after,
            "sends": [
                {
                    "topic": each.topic,
                    "key": each.key,
                    "headers": [(name, value.decode()) for name, value in each.headers],
                    "value": (each.value or b"").decode(),
                }
                for each in self.sends
            ],
        }

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> Self:
        """Return the link of a line; raises UndecodableError."""
        try:
            sends = tuple(Sending.model_validate(each).to_message() for each in line["sends"])
            return cls(line["link"], line["type"], line["revision"], line["after"], sends)
        except (KeyError, TypeError, ValidationError) as error:
            msg = f"not a link of a plan: {error}"
            raise UndecodableError(msg) from error

    def entry(self, header: PlanHeader, place: int, now: datetime) -> Entry:
        """Return what tells the link's seat to do it.

        Args:
            header: Of its plan.
            place: The number of its line, the first link's being 1.
            now: When it is told.
        """
        return Entry(
            to=Ref.parse(self.key),
            sender=f"plan/{header.plan_id}",
            sequence=place,
            kind=EntryKind.APPLY,
            at=now,
            link_type=self.link_type,
            before=self.before,
            after=self.after,
            sends=tuple(Sending.of(each) for each in self.sends),
            mapping_version=header.mappings[self.link_type],
        )


class PlanWriter:
    """Writes one plan; nothing of it is a plan before `end`."""

    def __init__(self, file: IO[bytes], header: PlanHeader) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.links = 0
        self._write(header.line())

    @classmethod
    @contextmanager
    def open(cls, path: Path, header: PlanHeader) -> Iterator[Self]:
        """Write to `path`; the end is written when the context ends without an error."""
        with _opened(path, "wb") as file:
            writer = cls(file, header)
            yield writer
            writer.end()

    def add(self, link: PlannedLink) -> None:
        """Write one link."""
        self.links += 1
        self._write(link.line())

    def end(self) -> None:
        """Write the end."""
        self._write({"links": self.links, "sha256": self._digest.hexdigest()})

    def _write(self, line: Mapping[str, Any]) -> None:
        written = orjson.dumps(line) + b"\n"
        self._digest.update(written)
        self._file.write(written)


class PlanFile:
    """A plan that was written, whole."""

    def __init__(self, path: Path) -> None:
        """Read it once through.

        Raises:
            UndecodableError: it is no plan, was cut off, or was changed since it was written.
        """
        self._path = path
        digest, last = hashlib.sha256(), b""
        try:
            with _opened(path, "rb") as file:
                first = last = file.readline()
                for line in file:
                    digest.update(last)
                    last = line
            self.header = PlanHeader.of(orjson.loads(first))
            end = orjson.loads(last)
        except FileNotFoundError as error:
            msg = f"there is no file {path}; anji plan writes one. Nothing was sent"
            raise UndecodableError(msg) from error
        except (OSError, EOFError, ValueError, KeyError, AttributeError) as error:
            msg = f"{path} is no plan, or was cut off: {error}"
            raise UndecodableError(msg) from error
        if end.get("sha256") != digest.hexdigest():
            msg = f"{path} was cut off, or changed since it was written; plan again"
            raise UndecodableError(msg)
        self.links = int(end["links"])

    def __iter__(self) -> Iterator[tuple[int, PlannedLink]]:
        """Return each link with its place, from 1 on."""
        with _opened(self._path, "rb") as file:
            file.readline()
            for place in range(1, self.links + 1):
                yield place, PlannedLink.of(orjson.loads(file.readline()))


def _opened(path: Path, mode: str) -> IO[bytes]:
    if path.suffix == ".gz":
        return cast("IO[bytes]", gzip.open(path, mode, _QUICK))
    return cast("IO[bytes]", path.open(mode))
