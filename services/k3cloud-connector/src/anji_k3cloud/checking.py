"""What can be told of an account set before anything is synced: a line each, well or what to do.

Nothing is written. It costs one login and a few reads of each form.

Source: reference "k3cloud-webapi.md", sections 1.4, 2.2, 4 and 6.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from anji_common.errors import AnjiError, AuthenticationError, FatalError, RefusedError
from anji_common.interest import Interest, ObjectInterest
from anji_k3cloud.described import FormInfo, Suspect, suspects
from anji_k3cloud.service import Connection
from anji_k3cloud.settings import K3CloudSettings
from anji_k3cloud.site import Site

__all__ = ["Line", "check"]

_ORGANISATIONS = "ORG_Organizations"
_MOST_ORGANISATIONS = 2000
_CLOCK_SECONDS = 60.0
"""A clock that is wrong by more is worth a word. A gateway refused 13 minutes."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at."""

    subject: str
    is_well: bool
    words: str
    """What was seen; where it is not well, what to do."""


async def check(erp: Connection, interest: Interest) -> AsyncIterator[Line]:
    """Yield what is found, in the order of looking; ends early where nothing more can be told."""
    try:
        site = await erp.sessions.log_in()
    except AuthenticationError as error:
        yield _bad("login", str(error))
        return
    except AnjiError as error:
        words = f"{error}: is ANJI_K3CLOUD_URL right, and may this machine reach it?"
        yield _bad("login", words)
        return
    for line in _of_site(site, erp.settings):
        yield line
    yield await _user(erp)
    yield _clock(erp.sessions.server_ahead_seconds())
    try:
        yield await _organisations(erp)
    except FatalError as error:
        yield _bad("WebAPI", str(error))
        return
    for each in interest.objects:
        async for line in _form(erp, each):
            yield line


def _of_site(site: Site, settings: K3CloudSettings) -> Iterator[Line]:
    where = f"{site.company}, {site.data_center}, as {site.user or settings.username}"
    yield _well("login", where)
    yield _well("server version", site.version or "not told")
    if site.warning:
        yield _bad("licence", f"the login came with a warning: {site.warning}")
    else:
        yield _well("licence", "no warning")
    told, ours = site.utc_offset_hours, settings.utc_offset_hours
    if told is not None and told != ours:
        words = f"the site's is {told:+g}; set ANJI_K3CLOUD_UTC_OFFSET_HOURS (it is {ours:+g})"
        yield _bad("time zone", words)
    else:
        yield _well("time zone", f"UTC{ours:+g}")


async def _user(erp: Connection) -> Line:
    user_id = await erp.sessions.user_id()
    if user_id is None:
        words = "its id is not known: set ANJI_K3CLOUD_USER_ID, or our edits look like anybody's"
        return _bad("integration user", words)
    return _well("integration user", f"id {user_id}: it must belong to Anji alone")


def _clock(ahead_seconds: float) -> Line:
    if abs(ahead_seconds) <= _CLOCK_SECONDS:
        return _well("clock", "the server's and ours agree")
    words = f"the server's is {ahead_seconds:+.0f} s from ours: set one of them right"
    return _bad("clock", words)


async def _organisations(erp: Connection) -> Line:
    try:
        rows = await erp.client.query(
            _ORGANISATIONS,
            ["FNumber", "FName"],
            condition="",
            order="FNumber ASC",
            limit=_MOST_ORGANISATIONS,
        )
    except FatalError:
        raise
    except AnjiError as error:
        return _bad("organisations", f"{error}: let the user see {_ORGANISATIONS}")
    found = {str(number).strip(): str(name).strip() for number, name in rows}
    wanted = erp.settings.org_number
    if wanted != "0" and wanted not in found:
        words = f"there is no {wanted} (ANJI_K3CLOUD_ORG_NUMBER); there are {', '.join(found)}"
        return _bad("organisations", words)
    return _well("organisations", ", ".join(f"{number} {name}" for number, name in found.items()))


async def _form(erp: Connection, interest: ObjectInterest) -> AsyncIterator[Line]:
    name = interest.object_name
    info: FormInfo | None = None
    try:
        info = await erp.metadata.describe(name)
    except FatalError as error:
        yield _bad(name, str(error))
        return
    except AnjiError as error:
        yield _well(name, f"the site does not describe it ({error}): names are taken as typed")
    for suspect in _respelt(interest, info):
        yield suspect
    try:
        known = await erp.metadata.known(interest)
        await erp.client.query(name, [interest.id_field], condition="", order="", limit=1)
    except RefusedError as error:
        yield _bad(name, f"{error}: mend the mapping, or let the user see it")
        return
    except AnjiError as error:
        yield _bad(name, str(error))
        return
    for each in erp.metadata.mistyped(interest, info) if info is not None else ():
        words = f"{each.path} is mapped as {each.mapped}, and is {each.told} there"
        yield _bad(name, f"{words}: give it that kind, or mend ANJI_K3CLOUD_FIELD_TYPES")
    for path in known.unread:
        nearest = "" if info is None else info.nearest(path.rpartition(".")[2])
        advice = f"is it {nearest}? " if nearest else ""
        yield _bad(name, f"{path}: no such field; {advice}make it, or mend the mapping")
    count = len(interest.fields) + sum(len(lines.fields) for lines in interest.lines)
    if not known.unread:
        yield _well(name, f"{info.name if info else ''} all {count} fields are there".strip())


def _respelt(interest: ObjectInterest, info: FormInfo | None) -> Iterator[Line]:
    """Yield names whose case is not the site's; they work, and are better mended."""
    if info is None:
        return
    lacking = {suspect.path for suspect in suspects(interest, info)}
    for path, key in _named(interest):
        spelled = info.spelled_query(key)
        if path not in lacking and spelled != key:
            yield _well(interest.object_name, f"{path} is spelled {spelled} there")


def _named(interest: ObjectInterest) -> Iterator[tuple[str, str]]:
    nothing = FormInfo(interest.object_name, "", ())
    found: tuple[Suspect, ...] = suspects(interest, nothing)
    yield from ((each.path, each.key) for each in found)


def _well(subject: str, words: str) -> Line:
    return Line(subject, True, words)  # noqa: FBT003 - the field's own name says it


def _bad(subject: str, words: str) -> Line:
    return Line(subject, False, words)  # noqa: FBT003 - the field's own name says it
