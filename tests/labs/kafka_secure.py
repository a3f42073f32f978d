"""A broker that is reached by TLS and by password, with an authority of its own.

Beside the plain listener of `KafkaServer`, which only the lab's own probe uses, there is one
that encrypts, one that encrypts and asks who is there, and one whose certificate names another
host. All is made anew for each test; nothing secret is kept anywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from pydantic import SecretStr

from anji_common.broker.kafka_settings import KafkaSettings
from labs.kafka_server import KafkaServer, free_ports

__all__ = ["SecureKafka"]

_HOST = "127.0.0.1"
_PORTS = ("TLS", "WHO", "OTHER")
_USER = "anji"
_PROPERTIES = """
listeners=PLAINTEXT://{{host}}:{{port}},CONTROLLER://{{host}}:{{controller_port}},{listeners}
advertised.listeners=PLAINTEXT://{{host}}:{{port}},{listeners}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,TLS:SSL,WHO:SASL_SSL,OTHER:SSL
ssl.keystore.type=PEM
ssl.keystore.location={folder}/server.pem
listener.name.other.ssl.keystore.type=PEM
listener.name.other.ssl.keystore.location={folder}/other.pem
listener.name.who.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.who.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_{user}="{password}" ;
listener.name.who.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required ;
listener.name.who.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required ;
"""  # noqa: E501 - one setting of Kafka is one line


@dataclass
class SecureKafka:
    """A private broker with a certificate of an authority that no machine knows."""

    folder: Path
    cache: Path
    password: SecretStr = field(default_factory=lambda: SecretStr(token_hex(16)))
    ports: Mapping[str, int] = field(
        default_factory=lambda: dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))
    )

    def server(self) -> KafkaServer:
        """Return the broker, not started yet; its certificates are on the disk."""
        self.folder.mkdir(parents=True)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.authority)
        for name, host in (("server", _HOST), ("other", "elsewhere.example")):
            certificate = authority.issue_cert(host)
            chain = [pem.bytes() for pem in certificate.cert_chain_pems]
            key = _for_java(certificate.private_key_pem.bytes())
            (self.folder / f"{name}.pem").write_bytes(b"".join([key, *chain]))
        password = self.password.get_secret_value()
        listeners = ",".join(f"{name}://{_HOST}:{port}" for name, port in self.ports.items())
        return KafkaServer(
            self.folder / "broker",
            self.cache,
            more_properties=_PROPERTIES.format(
                listeners=listeners, folder=self.folder, user=_USER, password=password
            ),
            format_options=[
                option
                for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
                for option in ("--add-scram", f"{mechanism}=[name={_USER},password={password}]")
            ],
        )

    @property
    def authority(self) -> Path:
        """The authority's certificate, as `KafkaSettings.ca_file` takes it."""
        return self.folder / "authority.pem"

    def settings(self, listener: str, **changes: object) -> KafkaSettings:
        """Return what a broker is made from that uses `listener`; short of patience."""
        given: dict[str, object] = {
            "bootstrap_servers": f"{_HOST}:{self.ports[listener]}",
            "security_protocol": "SASL_SSL" if listener == "WHO" else "SSL",
            "ca_file": self.authority,
            "replication_factor": 1,
            "delivery_timeout_seconds": 5.0,
        }
        if listener == "WHO":
            given |= {"username": _USER, "password": self.password}
        return KafkaSettings.model_validate(given | changes)


def _for_java(key: bytes) -> bytes:
    """Return a private key in the one form that Java reads, PKCS #8."""
    return load_pem_private_key(key, None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
