"""The server's times: local, without zone, and in filters of whole seconds.

Source: reference "k3cloud-webapi.md", sections 3.5 and 3.6.
"""

from datetime import UTC, datetime, timedelta, timezone, tzinfo

from anji_common.errors import UndecodableError

__all__ = ["local_literal", "local_time", "local_zone", "time_of", "whole_second_after"]

_NO_DATES = ("0001-01-01", "1900-01-01")
"""What an empty date looks like, besides null."""
_DAY_CHARACTERS = 10


def local_zone(utc_offset_hours: float) -> tzinfo:
    """Return the server's zone."""
    return timezone(timedelta(hours=utc_offset_hours))


def time_of(raw: object, zone: tzinfo) -> datetime | None:
    """Return the instant that the server writes, in UTC; `None` for its blanks.

    Raises:
        UndecodableError: it is no time.
    """
    text = "" if raw is None else str(raw).strip()
    if not text or text[:_DAY_CHARACTERS] in _NO_DATES:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"not a time of the ERP, with its {len(text)} characters"
        raise UndecodableError(msg) from error
    return (at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(UTC)


def local_literal(at: datetime, zone: tzinfo) -> str:
    """Return an instant as a filter's literal, without quotes; a fraction of a second is cut."""
    return at.astimezone(zone).replace(tzinfo=None).isoformat(" ", "seconds")


def whole_second_after(at: datetime) -> datetime:
    """Return `at`, or the next whole second if it has a fraction."""
    return at.replace(microsecond=0) + timedelta(seconds=1) if at.microsecond else at


def local_time(text: str, zone: tzinfo) -> str:
    """Return an RFC 3339 time as the server takes it, with at most milliseconds.

    Raises:
        ValueError: it is no time.
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is not None:
        at = at.astimezone(zone).replace(tzinfo=None)
    whole = at.isoformat(timespec="milliseconds")
    return whole.rstrip("0").rstrip(".") if "." in whole else whole
