"""How to reach Kafka, and how long to wait for it."""

import ssl
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from anji_common.settings import PartSettings

__all__ = ["KafkaSettings"]


class KafkaSettings(PartSettings):
    """How to reach Kafka. Not read at all on the embedded broker."""

    model_config = SettingsConfigDict(
        env_prefix="ANJI_KAFKA_", frozen=True, extra="forbid", use_attribute_docstrings=True
    )

    bootstrap_servers: str
    """Comma-separated ``host:port``. No default: a wrong cluster is worse than none."""

    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """Anything but PLAINTEXT needs the settings that it names."""

    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    """Read with SASL only."""

    username: str | None = None
    """Read with SASL only."""

    password: SecretStr | None = None
    """Read with SASL only."""

    ca_file: Path | None = None
    """Certificates of a private authority, in PEM. `None` takes the machine's."""

    replication_factor: int = Field(default=-1, ge=-1)
    """Copies of every topic that we create; -1 takes the cluster's default.

    With 3 or more, a topic also asks that all but one of them have a record before it counts
    as written (``min.insync.replicas``); with -1 the cluster's own rule stands.
    """

    transaction_timeout_seconds: float = Field(default=60.0, gt=0, le=900)
    """After this long the cluster aborts a transaction that its owner left open.

    Readers of committed records stand still behind an open transaction, so this is the
    longest stop that a frozen mapper can cause. At most 900, the usual broker maximum.
    """

    delivery_timeout_seconds: float = Field(default=30.0, gt=0)
    """How long a publication, or the start of a client, waits for an absent cluster.

    Then it ends in an error that may be retried. Below a few seconds, a broker that is
    restarted shows as an error; above a minute, a person waits without being told.
    """

    session_timeout_seconds: float = Field(default=10.0, ge=0.5, le=300)
    """A member that is silent for so long has lost its tasks: the time of a take-over.

    The broker's ``group.min.session.timeout.ms`` (6 s unless changed) is the least it takes.
    """

    rebalance_timeout_seconds: float = Field(default=120.0, ge=1, le=900)
    """How long a rebalance waits for running work. Longer than the longest batch takes.

    A work that is not done by then is cancelled, and its task goes to another member.
    """

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.security_protocol.startswith("SASL") and not (self.username and self.password):
            msg = f"{self.security_protocol} needs username and password"
            raise ValueError(msg)
        if self.ca_file is not None:
            try:
                ssl.create_default_context(cafile=self.ca_file)
            except OSError as error:
                msg = f"{self.ca_file} cannot be read as certificates in PEM: {error}"
                raise ValueError(msg) from error
        return self
