"""What a topic carries: `Message` is what one publishes, `Record` what one reads."""

from collections.abc import Mapping, Sequence

from anji_common.errors import UndecodableError
from anji_common.values import frozen

__all__ = ["Headers", "Message", "Record", "headers_from"]

Headers = tuple[tuple[str, bytes], ...]
"""In Kafka's form: ordered, names may repeat, values are bytes."""


@frozen
class Message:
    """A record to be published. Its partition follows from its key, by murmur2."""

    topic: str
    """Declared name, without the installation's prefix."""
    key: str
    value: bytes | None
    """`None` is a tombstone."""
    headers: Headers = ()


@frozen
class Record:
    """A published record, as read. Nothing in it is validated: anybody may have written it."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    """Kafka's record timestamp, Unix milliseconds."""
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

    @property
    def text_key(self) -> str:
        """The key as text.

        Raises:
            UndecodableError: there is no key, or it is not UTF-8.
        """
        if self.key is None:
            msg = f"{self.place} has no key"
            raise UndecodableError(msg)
        try:
            return self.key.decode()
        except UnicodeDecodeError as error:
            msg = f"{self.place} has a key that is not UTF-8"
            raise UndecodableError(msg) from error

    @property
    def place(self) -> str:
        """Where it stands, for people: ``topic[3]@42``."""
        return f"{self.topic}[{self.partition}]@{self.offset}"

    def header(self, name: str) -> str | None:
        """Return the last header of that name as text, or `None`.

        Raises:
            UndecodableError: it is not UTF-8.
        """
        return self.texts((name,))[0]

    def texts(self, names: Sequence[str]) -> list[str | None]:
        """Return `header` of each of `names`; raises as that does."""
        last = dict(self.headers)
        return [self._text(name, last[name]) if name in last else None for name in names]

    def _text(self, name: str, value: bytes) -> str:
        try:
            return value.decode()
        except (UnicodeDecodeError, AttributeError) as error:
            msg = f"{self.place}: header {name} is not UTF-8"
            raise UndecodableError(msg) from error


def headers_from(pairs: Mapping[str, str | None]) -> Headers:
    """Return `pairs` as headers; a `None` is left out."""
    return tuple([(name, value.encode()) for name, value in pairs.items() if value is not None])
