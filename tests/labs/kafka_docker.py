"""A Kafka in a container, where there is a Docker to run it."""

import asyncio
import shutil
import subprocess
from typing import Any

__all__ = ["KafkaContainerServer", "has_docker"]

_IMAGE = "confluentinc/cp-kafka:8.1.0"
_ENVIRONMENT = {
    # Without these a transaction waits for replicas that a single node never has.
    "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS": "1",
    "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "500",
    "KAFKA_LOG_CLEANER_BACKOFF_MS": "200",
}


def has_docker() -> bool:
    """Return whether a Docker daemon answers."""
    docker = shutil.which("docker")
    if docker is None:
        return False
    done = subprocess.run([docker, "info"], capture_output=True, check=False)  # noqa: S603 - the machine's own Docker
    return done.returncode == 0


class KafkaContainerServer:
    """A broker in a container: for sharing only, it is never killed or restarted."""

    def __init__(self) -> None:
        self._container: Any = None

    @property
    def bootstrap(self) -> str:
        """What a client is given."""
        return str(self._container.get_bootstrap_server())

    async def start(self) -> None:
        """Pull the image if need be, and start."""
        # Imported here: it asks for Docker's settings when it is loaded.
        from testcontainers.community.kafka import KafkaContainer  # noqa: PLC0415 - see above

        container = KafkaContainer(_IMAGE).with_kraft()
        for name, value in _ENVIRONMENT.items():
            container.with_env(name, value)
        await asyncio.to_thread(container.start, 120)
        self._container = container

    async def stop(self) -> None:
        """Remove the container."""
        await asyncio.to_thread(self._container.stop)
