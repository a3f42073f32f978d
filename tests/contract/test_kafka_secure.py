"""Kafka over TLS and with passwords, on a real broker: what is right works, the rest does not."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr

from anji_common.broker.kafka_broker import KafkaBroker
from anji_common.broker.kafka_settings import KafkaSettings
from anji_common.clock import SystemClock
from anji_common.errors import AnjiError, AuthenticationError, ConfigurationError
from anji_common.messages import Message
from labs.brokers import polled, records_of
from labs.copying import COPIED, GIVEN, copied
from labs.kafka_jars import JavaMissingError
from labs.kafka_secure import SecureKafka
from labs.kafka_settings import LabSettings
from labs.needs import absent

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

ONE = Message(GIVEN.name, "key", b"one")


@pytest.fixture(scope="module")
def secure(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SecureKafka]:
    kafka = SecureKafka(tmp_path_factory.mktemp("secure") / "kafka", LabSettings().cache)
    server = kafka.server()
    try:
        asyncio.run(server.start())
        yield kafka
    except JavaMissingError as error:
        absent(request.config, "kafka", f"a broker with certificates needs Java: {error}")
    finally:
        asyncio.run(server.kill())


def broker_of(settings: KafkaSettings) -> KafkaBroker:
    return KafkaBroker(settings, SystemClock(), partitions=1, topic_prefix=f"t{uuid4().hex}.")


async def refusal(settings: KafkaSettings) -> AnjiError:
    """Return what a start ends with."""
    broker = broker_of(settings)
    with pytest.raises(AnjiError) as refused:
        await broker.declare([GIVEN])
    await broker.close()
    return refused.value


@pytest.mark.parametrize("mechanism", ["TLS", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_a_task_reads_and_commits_over_an_encrypted_listener(
    secure: SecureKafka, mechanism: str
) -> None:
    settings = (
        secure.settings("TLS")
        if mechanism == "TLS"
        else secure.settings("WHO", sasl_mechanism=mechanism)
    )
    broker = broker_of(settings)
    await broker.declare([GIVEN, COPIED])
    await broker.publish([ONE])

    task = await broker.take("copiers", 0, [GIVEN.name])
    batch = await polled(task, 1)
    await task.commit(batch, copied(batch))
    await task.close()

    found = await records_of(broker, COPIED.name)
    await broker.close()
    assert [record.value for record in found] == [b"one"]


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_a_wrong_password_is_told_as_such_and_not_repeated(
    secure: SecureKafka, mechanism: str
) -> None:
    wrong = SecretStr("not-the-password")
    error = await refusal(secure.settings("WHO", sasl_mechanism=mechanism, password=wrong))
    assert isinstance(error, AuthenticationError)
    assert "not-the-password" not in str(error)


async def test_a_certificate_of_an_authority_that_is_not_ours_is_refused(
    secure: SecureKafka,
) -> None:
    error = await refusal(secure.settings("TLS", ca_file=None))
    assert isinstance(error, ConfigurationError)
    assert "ANJI_KAFKA_CA_FILE" in str(error)


async def test_a_certificate_of_another_host_is_refused(secure: SecureKafka) -> None:
    error = await refusal(secure.settings("OTHER"))
    assert isinstance(error, ConfigurationError)
    assert "certificate" in str(error)


def test_a_file_of_authorities_that_is_none_is_told(tmp_path: Path) -> None:
    file = tmp_path / "authority.pem"
    file.write_text("no certificate")
    with pytest.raises(ValueError, match=r"authority\.pem cannot be read"):
        KafkaSettings(bootstrap_servers="a:1", security_protocol="SSL", ca_file=file)
