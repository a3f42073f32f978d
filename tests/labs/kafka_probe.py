"""Asks a broker whether it is ready, in three requests of Kafka's own protocol.

Ready means that a transactional producer could start: the node is in its own metadata, and
the coordinator of transactions has loaded its topic. An open port says much less.
"""

import asyncio
import struct

from anji_common.clock import SystemClock

__all__ = ["NotReadyError", "until_ready"]

_PROBE = b"\x00\x0bready-probe"
_METADATA, _FIND_COORDINATOR, _INIT_PRODUCER_ID = 3, 10, 22
_PAUSE_SECONDS = 0.03


class NotReadyError(Exception):
    """The broker did not become ready in time."""


async def until_ready(host: str, port: int, *, within_seconds: float = 60.0) -> None:
    """Wait until transactions work.

    Raises:
        NotReadyError: they did not in time.
    """
    clock = SystemClock()
    try:
        async with asyncio.timeout(within_seconds):
            while not await _is_ready(host, port):
                await clock.sleep(_PAUSE_SECONDS)
    except TimeoutError as error:
        msg = f"Kafka at {host}:{port} was not ready within {within_seconds:g} s"
        raise NotReadyError(msg) from error


async def _is_ready(host: str, port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    try:
        nodes = await _ask(reader, writer, _METADATA, 1, struct.pack(">i", 0))
        if struct.unpack(">i", nodes[:4])[0] < 1:
            return False
        found = await _ask(reader, writer, _FIND_COORDINATOR, 1, _PROBE + b"\x01")
        if struct.unpack(">h", found[4:6])[0] != 0:
            return False
        made = await _ask(reader, writer, _INIT_PRODUCER_ID, 0, _PROBE + struct.pack(">i", 60_000))
        return bool(struct.unpack(">h", made[4:6])[0] == 0)
    except (OSError, EOFError, struct.error):
        return False
    finally:
        writer.close()


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: int, version: int, body: bytes
) -> bytes:
    request = struct.pack(">hhi", key, version, 7) + b"\x00\x03lab" + body
    writer.write(struct.pack(">i", len(request)) + request)
    await writer.drain()
    (length,) = struct.unpack(">i", await reader.readexactly(4))
    return (await reader.readexactly(length))[4:]
