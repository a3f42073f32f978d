"""The event callback: which writes are told, when they are sent, when they are sent again.

The core only makes bodies; the HTTP skin posts them, or a simulation delivers them itself. An
event that was not answered well within 3 s is sent again after a while, a few times; events are
kept in the store until then, so a restart loses none. Source: reference section 5.1.
"""

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

import orjson

from anji_sandbox.derived import chance, secret
from anji_sandbox.fxiaoke.cipher import decrypt, encrypt, signature
from anji_sandbox.fxiaoke.company import Company
from anji_sandbox.fxiaoke.records import Batch, Written
from anji_sandbox.store import Record, Store
from anji_sandbox.switches import FxiaokeSwitches

__all__ = ["ANSWER_SECONDS", "Callbacks"]

ANSWER_SECONDS = 3.0
"""What is not answered by then has failed."""
_EVENTS = "#events"
_SETTINGS = "#settings"
_OK_STATUS = 200


class Callbacks:
    """The queue of events of one tenant."""

    def __init__(self, store: Store, company: Company, switches: FxiaokeSwitches) -> None:
        self._store = store
        self._company = company
        self._switches = switches
        self._queue = [(float(event["due_at"]), event["id"]) for event in store.all(_EVENTS)]
        heapify(self._queue)
        self._sent: dict[str, float] = {}

    @property
    def url(self) -> str | None:
        """Return where events are sent; without it none are kept."""
        settings = self._store.get(_SETTINGS, "callback") or {}
        url: str | None = settings.get("url")
        return url

    @url.setter
    def url(self, url: str | None) -> None:
        if url != self.url:
            self._store.put(_SETTINGS, "callback", {"url": url})

    def add(self, batch: Batch) -> None:
        """Queue an event for each record that a call wrote, as far as the tenant tells them."""
        if self.url is None:
            return
        is_own = batch.open_user_id == self._company.employees[0].open_user_id
        if is_own and not self._switches.callback_own_writes:
            self._store.habits["own write without a callback"] += 1
            return
        for written in batch.written:
            if self._is_told(written):
                self._add(batch, written)

    def due(self, now: float, most: int = 100) -> list[tuple[str, bytes]]:
        """Return ids and bodies of the events to send now; each until it is answered or late."""
        for event_id in [each for each, until in self._sent.items() if until <= now]:
            self.answered(event_id, now, is_accepted=False)
        found: list[tuple[str, bytes]] = []
        while self.url and self._queue and self._queue[0][0] <= now and len(found) < most:
            _, event_id = heappop(self._queue)
            event = self._store.get(_EVENTS, event_id)
            if event is not None:
                self._sent[event_id] = now + ANSWER_SECONDS
                found.append((event_id, self._body(event, now)))
        return found

    def answered(self, event_id: str, now: float, *, is_accepted: bool) -> None:
        """Forget an accepted event; let one that failed wait for its next try, if it has one."""
        if self._sent.pop(event_id, None) is None:
            return
        event = self._store.get(_EVENTS, event_id)
        if event is None:
            return
        if is_accepted or event["tries"] >= self._switches.callback_retries:
            self._store.delete(_EVENTS, event_id)
            return
        due_at = now + self._switches.callback_retry_seconds
        self._store.put(
            _EVENTS, event_id, {**event, "tries": event["tries"] + 1, "due_at": due_at}
        )
        heappush(self._queue, (due_at, event_id))

    def next_at(self) -> float | None:
        """Return when there is something to do next, or `None`."""
        if self.url is None:
            return None
        moments: Iterable[float] = [*self._sent.values(), *(at for at, _ in self._queue[:1])]
        return min(moments, default=None)

    def accepts(self, status: int, body: bytes) -> bool:
        """Say whether an answer to an event is the encrypted "success"."""
        key = self._company.callback_aes_key
        try:
            answer = orjson.loads(body)
            plain = decrypt(answer["encryptedResult"], key)
        except (ValueError, TypeError, KeyError):
            return False
        # One known receiver answers the result alone, without a signature.
        signed = answer.get("signature")
        parts = (answer.get("timestamp"), answer.get("nonce"), answer["encryptedResult"], key)
        is_signed = signed is None or signed == signature(*parts)
        return status == _OK_STATUS and plain == b"success" and is_signed

    def _is_told(self, written: Written) -> bool:
        told = self._switches.callback_objects
        if told is not None and written.spec.name not in told:
            return False
        if written.action == "delete" and not self._switches.callback_on_delete:
            return False
        return not written.spec.head_field or self._switches.callback_lines

    def _add(self, batch: Batch, written: Written) -> None:
        switches = self._switches
        number = self._store.next_number("event")
        if self._happens("lost", number, switches.callback_lost_share):
            return
        due_at = batch.now
        if self._happens("late", number, switches.callback_late_share):
            due_at += switches.callback_late_seconds
        plain = {
            "tenantId": self._company.tenant_id,
            "eventType": switches.event_types.get(written.action, "update"),
            "apiName": written.spec.name,
            "dataId": written.record_id,
            "timestamp": batch.time_ms,
            "messageId": secret(self._company.seed, "message", number)[:32],
        }
        copies = 1 + self._happens("doubled", number, switches.callback_doubled_share)
        for copy in range(copies):
            event_id = f"{number:012}.{copy}"
            event = {"id": event_id, "plain": plain, "due_at": due_at, "tries": 0}
            self._store.put(_EVENTS, event_id, event)
            heappush(self._queue, (due_at, event_id))

    def _happens(self, what: str, number: int, share: float) -> bool:
        happens = share > 0 and chance(self._company.seed, what, number) < share
        if happens:
            self._store.calls[f"callback {what}"] += 1
        return happens

    def _body(self, event: Record, now: float) -> bytes:
        company = self._company
        key = company.callback_aes_key
        tries = event["tries"]
        sent_at_ms = int(now * 1000)
        nonce = secret(company.seed, "nonce", event["id"], tries)[:8]
        message_id = event["plain"]["messageId"]
        encrypted = encrypt(orjson.dumps(event["plain"]), key)
        account = company.enterprise_account
        retry = [tries] if tries else []
        body = {
            "signature": signature(sent_at_ms, nonce, message_id, *retry, account, encrypted, key),
            "timestamp": sent_at_ms,
            "nonce": nonce,
            "messageId": message_id,
            "enterpriseAccount": account,
            "encryptedContent": encrypted,
        }
        if tries:
            body["retryTimes"] = tries
        return orjson.dumps(body)
