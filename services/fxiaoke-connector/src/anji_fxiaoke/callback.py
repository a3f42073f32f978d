"""The event callback: verify, keep, answer in time.

A callback carries ids only. It is kept as a signal in ``fxiaoke.callbacks.v1`` before the CRM is
told "success", so a crash after the answer loses nothing; what cannot be kept is not answered,
and the CRM sends it again. An event that is forged, replayed or not ours is told so and dropped.
Whoever has not signed gets nothing signed that he could choose: not even his nonce goes back.

Source: docs/vendors/fxiaoke.md, section 5.1 (fields, signature, 3 seconds).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
import structlog
from aiohttp import web

from anji_common.errors import ConfigurationError, RetriableError, UndecodableError
from anji_common.events.signals import Signal, SignalKind
from anji_common.interest import Interest
from anji_common.messages import Message, headers_from
from anji_common.refs import Ref, System
from anji_common.runtime import Runtime
from anji_common.topics import CALLBACKS
from anji_fxiaoke.crypto import CallbackCipher
from anji_fxiaoke.keeping import Keeping
from anji_fxiaoke.settings import FxiaokeSettings
from anji_fxiaoke.wire import at_ms, ms_of

__all__ = ["CALLBACK_PATH", "CallbackDesk", "serve_callbacks"]

_log = structlog.get_logger("anji.fxiaoke.callback")

CALLBACK_PATH = "/fxiaoke/callback"
_MAX_BODY_BYTES = 64 * 1024
_ANSWER_SECONDS = 2.5
"""The CRM waits 3 s."""
_SIGNED = (
    "timestamp",
    "nonce",
    "messageId",
    "retryTimes",
    "enterpriseAccount",
    "encryptedContent",
)


@dataclass(frozen=True, slots=True)
class _Event:
    """What a genuine callback says."""

    object_name: str
    record_id: str
    message_id: str
    event_type: str
    at: datetime


class _RefusedCallbackError(Exception):
    """Not for us, or too old; its text goes back, encrypted."""


class _ForgedCallbackError(_RefusedCallbackError):
    """Not signed with our key."""


class CallbackDesk:
    """Takes in callbacks, without HTTP."""

    def __init__(self, settings: FxiaokeSettings, interest: Interest, runtime: Runtime) -> None:
        """Prepare.

        Raises:
            ConfigurationError: there is no key, or a wrong one.
        """
        if settings.callback_aes_key is None:
            msg = "ANJI_FXIAOKE_CALLBACK_AES_KEY is missing"
            raise ConfigurationError(msg)
        self._settings = settings
        self._cipher = CallbackCipher(settings.callback_aes_key.get_secret_value())
        self._runtime = runtime
        self._keeping = Keeping(runtime.broker.publish, runtime.clock, _ANSWER_SECONDS)
        self._heads = {each.object_name: each.object_name for each in interest.objects}
        self._lines = {
            lines.path: each.object_name for each in interest.objects for lines in each.lines
        }

    async def handle_callback(self, body: bytes) -> bytes:
        """Return the answer to one callback, which is kept by then.

        Raises:
            UndecodableError: it is no callback at all.
            RetriableError: it could not be kept in time; do not answer.
        """
        outer = _object(body)
        try:
            event = self._opened(outer)
        except _RefusedCallbackError as error:
            _log.warning("callback.refused", reason=str(error))
            is_forged = isinstance(error, _ForgedCallbackError)
            return self._answer("" if is_forged else outer.get("nonce", ""), str(error))
        message = self._signal(event)
        if message is not None:
            await self._keeping.keep(message)
        return self._answer(outer.get("nonce", ""), "success")

    def _opened(self, outer: dict[str, Any]) -> _Event:
        """Return the event, verified."""
        parts = [outer[name] for name in _SIGNED if name in outer]
        signature = outer.get("signature")
        is_flat = all(isinstance(part, str | int) for part in parts)
        if not (is_flat and isinstance(signature, str)) or not self._cipher.is_signed(
            signature, *parts
        ):
            msg = "signature error"
            raise _ForgedCallbackError(msg)
        account = self._settings.enterprise_account
        if account is not None and outer.get("enterpriseAccount") != account:
            msg = "another enterprise's event"
            raise _RefusedCallbackError(msg)
        sent_ms, now_ms = _whole(outer.get("timestamp")), ms_of(self._runtime.clock.now())
        if abs(now_ms - sent_ms) > self._settings.callback_window_seconds * 1000:
            msg = "timestamp out of range"
            raise _RefusedCallbackError(msg)
        inner = _object(self._cipher.decrypted(str(outer.get("encryptedContent", ""))))
        if inner.get("messageId") != outer.get("messageId"):
            msg = "messageId error"
            raise _RefusedCallbackError(msg)
        return _Event(
            object_name=_text(inner, "apiName"),
            record_id=_text(inner, "dataId"),
            message_id=_text(inner, "messageId"),
            event_type=_text({"eventType": "", **inner}, "eventType"),
            at=_time(_whole(inner.get("timestamp", sent_ms))),
        )

    def _signal(self, event: _Event) -> Message | None:
        """Return what to keep: which record moved, or of which object one of the lines did."""
        if event.object_name in self._heads and event.record_id:
            object_name = event.object_name
            ref = Ref(System.FXIAOKE, object_name, event.record_id)
        elif event.object_name in self._lines:
            object_name, ref = self._lines[event.object_name], None
        else:
            return None
        signal = Signal(
            system=System.FXIAOKE,
            object_name=object_name,
            kind=SignalKind.READ,
            at=event.at,
            ref=ref,
        )
        message = signal.to_message()
        told = {
            "callbackid": event.message_id,
            "callbacktype": event.event_type,
            "callbackobject": event.object_name,
        }
        return replace(
            message, topic=CALLBACKS.name, headers=(*message.headers, *headers_from(told))
        )

    def _answer(self, nonce: str | int, words: str) -> bytes:
        encrypted = self._cipher.encrypted(words.encode())
        timestamp = ms_of(self._runtime.clock.now())
        return orjson.dumps(
            {
                "signature": self._cipher.signature(timestamp, nonce, encrypted),
                "timestamp": timestamp,
                "nonce": str(nonce),
                "encryptedResult": encrypted,
            }
        )


async def serve_callbacks(
    desk: CallbackDesk,
    settings: FxiaokeSettings,
    on_listening: Callable[[str], None] | None = None,
) -> None:
    """Listen for callbacks until cancelled.

    Args:
        desk: Takes them in.
        settings: Where to listen.
        on_listening: Told the local address once callbacks are taken.
    """

    async def post(request: web.Request) -> web.Response:
        try:
            answer = await desk.handle_callback(await request.read())
        except UndecodableError as error:
            _log.warning("callback.unreadable", reason=str(error))
            return web.Response(status=400)
        except RetriableError as error:
            _log.warning("callback.not_kept", reason=str(error))
            return web.Response(status=503)
        return web.Response(body=answer, content_type="application/json")

    app = web.Application(client_max_size=_MAX_BODY_BYTES)
    app.router.add_post(CALLBACK_PATH, post)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.callback_host, settings.callback_port)
        await site.start()
        host, port = runner.addresses[0][:2]
        address = f"http://{host}:{port}{CALLBACK_PATH}"
        _log.info("callback.listening", address=address)
        if on_listening is not None:
            on_listening(address)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def _object(text: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        msg = "a callback that is no JSON"
        raise UndecodableError(msg) from error
    if not isinstance(found, dict):
        msg = "a callback that is no JSON object"
        raise UndecodableError(msg)
    return found


def _text(inner: dict[str, Any], name: str) -> str:
    found = inner.get(name)
    if not isinstance(found, str | int):
        msg = f"an event without {name}"
        raise UndecodableError(msg)
    return str(found)


def _whole(found: object) -> int:
    try:
        return int(found) if isinstance(found, str | int) else int("")
    except ValueError as error:
        msg = "an event without a time"
        raise UndecodableError(msg) from error


def _time(milliseconds: int) -> datetime:
    try:
        return at_ms(milliseconds)
    except OverflowError as error:
        msg = f"an event of a time that there is not: {milliseconds}"
        raise UndecodableError(msg) from error
