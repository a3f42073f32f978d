"""A Faust worker that copies numbers, as Faust's documentation shows it; a process of its own.

``python -m labs.faust_worker BOOTSTRAP PREFIX SESSION_SECONDS CONCURRENCY RAISING HOLDING``

It waits until the cluster has taken each copy before it goes on to the next event, so what it
loses is not lost in a buffer of its own.
"""

import sys

import faust

from labs.losses import COPIED, GROUP, SENT, Fate

__all__ = ["faust_app"]


def faust_app(
    bootstrap: str, prefix: str, session_seconds: float, concurrency: int, fate: Fate
) -> faust.App:
    """Return the application, with its agent."""
    app = faust.App(
        f"{prefix}{GROUP}",
        broker=f"kafka://{bootstrap}",
        processing_guarantee="at_least_once",
        broker_session_timeout=session_seconds,
        broker_heartbeat_interval=session_seconds / 5,
        consumer_auto_offset_reset="earliest",
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )
    sent, copied = (
        app.topic(f"{prefix}{topic.name}", key_serializer="raw", value_serializer="raw")
        for topic in (SENT, COPIED)
    )

    @app.agent(sent, concurrency=concurrency)
    async def copy(events: faust.StreamT[bytes]) -> None:
        async for value in events:
            await fate.befall(int(value))
            await (await copied.send(key=b"one", value=value))

    return app


if __name__ == "__main__":
    _bootstrap, _prefix, _session, _concurrency, *_fate = sys.argv[1:]
    _app = faust_app(_bootstrap, _prefix, float(_session), int(_concurrency), Fate.parse(*_fate))
    faust.Worker(_app, loglevel="critical", redirect_stdouts=False).execute_from_commandline()
