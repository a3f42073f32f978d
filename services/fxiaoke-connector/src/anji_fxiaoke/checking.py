"""What can be told of a tenant before anything is synced: a line each, well or what to do.

Nothing is written. It costs three calls, and three more for each object and detail object.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import orjson

from anji_common.errors import (
    AnjiError,
    FatalError,
    RateLimitedError,
    RetriableError,
    VendorUnavailableError,
)
from anji_common.interest import FieldInterest, Interest, LinesInterest, ObjectInterest
from anji_common.transport import Call, Transport
from anji_fxiaoke.calls import USER_PATH, Purpose, Saying
from anji_fxiaoke.client import Client
from anji_fxiaoke.crypto import CallbackCipher
from anji_fxiaoke.described import ObjectDescription, ObjectName, reads_as
from anji_fxiaoke.metadata import Metadata
from anji_fxiaoke.settings import FxiaokeSettings
from anji_fxiaoke.wire import ms_of

__all__ = ["CALLBACK_PROBE", "Line", "check"]

_CHECK = Purpose("check")
CALLBACK_PROBE = "anji.check"
"""The object that a probe of the callback is about: nobody maps it, so it is answered and
dropped."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at."""

    subject: str
    is_well: bool
    words: str
    """What was seen; where it is not well, what to do."""

    is_known: bool = True
    """False: nothing is wrong that can be seen now, and something must run before it can be."""


async def check(
    client: Client,
    metadata: Metadata,
    interest: Interest,
    settings: FxiaokeSettings,
    callback: Transport | None,
) -> AsyncIterator[Line]:
    """Yield what is found, in the order of looking; ends early where nothing more can be told.

    Args:
        client: Calls as the integration account.
        metadata: Over the same account.
        interest: What the mappings read.
        settings: As they are.
        callback: Leads to the host that the vendor posts to; `None` where none is known.
    """
    async for line in _who(client, settings):
        yield line
        if not line.is_well:
            return
    try:
        names = {found.object_name: found for found in await metadata.objects()}
    except AnjiError as error:
        yield _bad("calls", _advice(error))
        return
    yield _well("calls", f"the tenant has {len(names)} objects")
    for each in interest.objects:
        parts: list[ObjectInterest | LinesInterest] = [each, *each.lines]
        for part in parts:
            async for line in _object(client, metadata, names, part):
                yield line
    yield await _callback(settings, client, callback)


async def _who(client: Client, settings: FxiaokeSettings) -> AsyncIterator[Line]:
    try:
        user = await client.caller.acting_user()
    except AnjiError as error:
        yield _bad("credentials", _advice(error))
        return
    yield _well("credentials", f"a token of the style {settings.auth_style}")
    saying = Saying(USER_PATH, "", None, _CHECK, switches={"openUserId": user})
    try:
        found = await client.caller.say(saying)
    except AnjiError as error:
        yield _bad("acting employee", _advice(error))
        return
    name = found.body.get("name") or user
    yield _well("acting employee", f"{name}: it must belong to Anji alone")


async def _object(
    client: Client,
    metadata: Metadata,
    names: dict[str, ObjectName],
    part: ObjectInterest | LinesInterest,
) -> AsyncIterator[Line]:
    name = _name(part)
    if name not in names:
        yield _bad(
            name, "the tenant has no such object: switch its feature on, or the mapping off"
        )
        return
    if not names[name].is_active:
        yield _bad(name, "the object is not active: switch it on in the CRM")
        return
    try:
        described = await metadata.describe(name)
        rows = await client.query(name, (), ("_id",), _CHECK, limit=1)
    except AnjiError as error:
        yield _bad(name, _advice(error))
        return
    for words in _mistakes(part, described):
        yield _bad(name, words)
    if rows.records:
        yield _well(name, f"{described.label}: records can be seen")
    else:
        words = "no record is visible: there is none, or the acting employee may not see them"
        yield _well(name, f"{described.label}: {words}")


def _mistakes(part: ObjectInterest | LinesInterest, described: ObjectDescription) -> Iterator[str]:
    """Yield what the mapping says of an object and the tenant does not."""
    for field in _named(part):
        found = described.fields.get(field.path)
        if found is None or not found.is_active:
            yield f"{field.path}: the tenant has no such field: make it, or mend the mapping"
        elif not reads_as(found, field.kind):
            yield f"{field.path} is a {found.type}, and the mapping reads it as {field.kind}"
    marker = part.marker_field if isinstance(part, ObjectInterest) else None
    found = described.fields.get(marker) if marker else None
    if found is not None and not found.is_unique:
        yield f"{marker} is not unique: set it so in the CRM, then it refuses doubles by itself"


def _named(part: ObjectInterest | LinesInterest) -> Sequence[FieldInterest]:
    own = (FieldInterest(part.number_field),) if isinstance(part, ObjectInterest) else ()
    return (*own, *part.fields)


def _name(part: ObjectInterest | LinesInterest) -> str:
    return part.object_name if isinstance(part, ObjectInterest) else part.path


async def _callback(settings: FxiaokeSettings, client: Client, callback: Transport | None) -> Line:
    if settings.callback_aes_key is None:
        words = "no ANJI_FXIAOKE_CALLBACK_AES_KEY: changes are found by polling alone"
        return _well("callback", words)
    if callback is None or settings.callback_url is None:
        words = "set ANJI_FXIAOKE_CALLBACK_URL to the address that the CRM posts to"
        return _bad("callback", words)
    cipher = CallbackCipher(settings.callback_aes_key.get_secret_value())
    body = _probe(cipher, settings.enterprise_account or "", ms_of(client.now()))
    headers = {"content-type": "application/json"}
    try:
        path = urlsplit(settings.callback_url).path.lstrip("/")
        answer = await callback.send(Call(path, body, headers, timeout_seconds=3.0))
        reply = cipher.decrypted(orjson.loads(answer.body)["encryptedResult"])
    except VendorUnavailableError:
        url = settings.callback_url
        words = f"nothing listens at {url} yet: start fxiaoke-callback (anji up), then check again"
        return Line("callback", is_well=True, words=words, is_known=False)
    except (AnjiError, orjson.JSONDecodeError, KeyError, TypeError) as error:
        words = f"no answer of Anji's within 3 s ({error}): is fxiaoke-callback running there?"
        return _bad("callback", words)
    if reply != b"success":
        return _bad("callback", f"it was refused: {reply.decode(errors='replace')}")
    return _well("callback", "an event was taken and answered")


def _probe(cipher: CallbackCipher, account: str, now_ms: int) -> bytes:
    """Return an event as the vendor sends it. Source: docs/vendors/fxiaoke.md, section 5.1."""
    plain = {"eventType": "update", "apiName": CALLBACK_PROBE, "dataId": "", "messageId": "check"}
    encrypted = cipher.encrypted(orjson.dumps({**plain, "timestamp": now_ms}))
    signed = (now_ms, "check", "check", account, encrypted)
    names = ("timestamp", "nonce", "messageId", "enterpriseAccount", "encryptedContent")
    envelope = dict(zip(names, signed, strict=True))
    return orjson.dumps({**envelope, "signature": cipher.signature(*signed)})


def _advice(error: AnjiError) -> str:
    match error:
        case RateLimitedError():
            return f"{error}: buy calls, or wait until they come back"
        case RetriableError():
            return f"{error}: is the address right, and may this machine reach it?"
        case FatalError():
            return f"{error}: mend the app's credentials or rights in the CRM's console"
        case _:
            return f"{error}: give the acting employee the right to see it"


def _well(subject: str, words: str) -> Line:
    return Line(subject, True, words)  # noqa: FBT003 - the field's own name says it


def _bad(subject: str, words: str) -> Line:
    return Line(subject, False, words)  # noqa: FBT003 - the field's own name says it
