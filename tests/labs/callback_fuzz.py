"""Callbacks that nobody sent so: a seeded mutator, without and with the key, and what may come.

Strangers know a genuine event and not the key: they change its bytes and its fields, move text
between the fields that are signed together, nest, stretch and repeat. A key holder signs whatever
he likes: so what lies behind the signature is reached as well.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import orjson

from anji_fxiaoke.crypto import CallbackCipher

__all__ = ["Fuzzed", "Mutator"]

_SIGNED = (
    "timestamp",
    "nonce",
    "messageId",
    "retryTimes",
    "enterpriseAccount",
    "encryptedContent",
)
_DEPTH = 1010
_Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """One input."""

    body: bytes
    is_signed: bool
    """By somebody who knows the key."""


class Mutator:
    """Makes inputs out of one genuine event."""

    def __init__(self, genuine: bytes, key_text: str, seed: int) -> None:
        self._genuine = genuine
        self._cipher = CallbackCipher(key_text)
        self._chance = Random(seed)
        self._strange: tuple[Callable[[], bytes], ...] = (
            self._noise,
            self._bent,
            self._cut,
            self._retyped,
            self._retyped,
            self._shifted,
            self._shifted,
            self._nested,
            self._doubled_key,
            self._other_cipher_text,
        )

    def next(self) -> Fuzzed:
        """Return one more."""
        if self._chance.random() < 0.25:
            return Fuzzed(self._signed_by_us(), is_signed=True)
        return Fuzzed(self._chance.choice(self._strange)(), is_signed=False)

    def _event(self) -> _Event:
        found: _Event = orjson.loads(self._genuine)
        return found

    def _noise(self) -> bytes:
        return self._chance.randbytes(self._chance.randrange(300))

    def _bent(self) -> bytes:
        body = bytearray(self._genuine)
        for _ in range(self._chance.randint(1, 8)):
            body[self._chance.randrange(len(body))] = self._chance.randrange(256)
        return bytes(body)

    def _cut(self) -> bytes:
        start, end = sorted(self._chance.choices(range(len(self._genuine) + 1), k=2))
        return self._genuine[:start] + self._genuine[end:]

    def _retyped(self) -> bytes:
        event = self._event()
        for name in self._chance.sample(["signature", *_SIGNED], self._chance.randint(1, 3)):
            event[name] = self._wild()
        return orjson.dumps(event)

    def _shifted(self) -> bytes:
        """Move text between two neighbours: what is signed stays the same text."""
        event = self._event()
        parts = [name for name in _SIGNED if name in event]
        place = self._chance.randrange(len(parts) - 1)
        both = f"{event[parts[place]]}{event[parts[place + 1]]}"
        at = self._chance.randrange(len(both) + 1)
        event[parts[place]], event[parts[place + 1]] = both[:at], both[at:]
        if self._chance.random() < 0.3:  # and leave out the one that is empty, or not
            del event[parts[self._chance.randrange(len(parts))]]
        return orjson.dumps(event)

    def _nested(self) -> bytes:
        name = self._chance.choice(["signature", *_SIGNED])
        opened, closed = self._chance.choice([(b"[", b"]"), (b'{"a":', b"}")])
        depth = self._chance.choice([3, 200, _DEPTH])
        deep = opened * depth + b"1" + closed * depth
        body = orjson.dumps({**self._event(), name: "#"})
        return body.replace(b'"#"', deep)

    def _doubled_key(self) -> bytes:
        name = self._chance.choice(_SIGNED)
        more = orjson.dumps({name: self._wild()})
        return self._genuine[:-1] + b"," + more[1:]

    def _other_cipher_text(self) -> bytes:
        event = self._event()
        text = str(event["encryptedContent"])
        block = 64  # 48 bytes: whole blocks, and whole base64
        pieces = [text[at : at + block] for at in range(0, len(text), block)]
        self._chance.shuffle(pieces)
        event["encryptedContent"] = "".join(pieces[: self._chance.randint(1, len(pieces))])
        return orjson.dumps(event)

    def _signed_by_us(self) -> bytes:
        """Sign an event of the right form, or of none."""
        event = self._event()
        for name in self._chance.sample(_SIGNED[1:5], self._chance.randint(0, 2)):
            event[name] = self._chance.choice(["", "x", 0, 10**30, "\u0000", "甲" * 50])
        right = self._cipher.encrypted(self._plain(event))
        event["encryptedContent"] = self._chance.choice(
            [right, right, right, right, self._noise().hex(), "====", "A" * 24]
        )
        if self._chance.random() < 0.2:
            del event[self._chance.choice([name for name in _SIGNED if name in event])]
        parts = [event[name] for name in _SIGNED if name in event]
        event["signature"] = self._cipher.signature(*parts)
        return orjson.dumps({k: v for k, v in event.items() if _fits(v)})

    def _plain(self, event: _Event) -> bytes:
        """Return what is encrypted: an event, often with something wild in it, or noise."""
        if self._chance.random() < 0.1:
            return self._noise()
        inner: _Event = {
            "tenantId": 1,
            "eventType": "update",
            "apiName": "AccountObj",
            "dataId": f"{self._chance.getrandbits(96):024x}",
            "timestamp": event["timestamp"],
            "messageId": event.get("messageId"),
        }
        for name in self._chance.sample(sorted(inner), self._chance.randint(0, 2)):
            inner[name] = self._wild()
        text = orjson.dumps({k: v for k, v in inner.items() if _fits(v)})
        return text if self._chance.random() < 0.9 else text[: self._chance.randrange(len(text))]

    def _wild(self) -> Any:  # noqa: ANN401 - any JSON
        return self._chance.choice(
            [
                None,
                True,
                "",
                " ",
                "0",
                "-1",
                "\uff11\uff17",
                "1e9",
                "9" * 400,
                "x" * 5000,
                "\u0000\n../..",
                "甲乙/丙",
                0,
                -1,
                2**63,
                -(2**62),
                1.5,
                1e300,
                [],
                [[1]],
                {},
                {"a": {"b": []}},
                self._chance.getrandbits(60),
                self._chance.randbytes(8).hex(),
            ]
        )


def _fits(value: object) -> bool:
    """Whether orjson writes it."""
    return not isinstance(value, int) or -(2**63) <= value < 2**64
