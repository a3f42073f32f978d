"""Why no broker could be reached: aiokafka logs the reason and raises none.

To a wrong password or an unknown certificate it says only that it could not bootstrap, which
is what it says of a broker that is away. One must be waited for, the other told to a person.
"""

import ssl
from collections.abc import Mapping
from typing import Any

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import KafkaConnectionError, KafkaError

from anji_common.broker.kafka_errors import error_from
from anji_common.errors import AnjiError, ConfigurationError

__all__ = ["refusal"]

_TIMEOUT_MS = 3000


async def refusal(connection: Mapping[str, Any]) -> AnjiError | None:
    """Return what each broker that answers refuses us for; `None` if one does not, or is away.

    `connection` is what aiokafka's clients are made with.
    """
    if connection["security_protocol"] == "PLAINTEXT":
        return None
    given = {name: value for name, value in connection.items() if name in _OF_A_CONNECTION}
    found: AnjiError | None = None
    for host, port, _ in collect_hosts(connection["bootstrap_servers"]):
        try:
            opened = await create_conn(host, port, request_timeout_ms=_TIMEOUT_MS, **given)
        except ssl.SSLCertVerificationError as error:
            found = ConfigurationError(
                f"Kafka at {host}:{port} shows a certificate that is not trusted"
                f" ({error.verify_message}): give its authority in ANJI_KAFKA_CA_FILE, and in"
                " ANJI_KAFKA_BOOTSTRAP_SERVERS the name that the certificate is for"
            )
        except ssl.SSLError as error:
            found = ConfigurationError(
                f"Kafka at {host}:{port} does not speak TLS as we do ({error.reason}): is"
                " ANJI_KAFKA_SECURITY_PROTOCOL the one of that port?"
            )
        except (KafkaConnectionError, OSError, TimeoutError):
            return None
        except KafkaError as error:
            found = error_from(error, f"Kafka at {host}:{port} refuses us")
        else:
            opened.close()
            return None
    return found


_OF_A_CONNECTION = frozenset(
    {
        "client_id",
        "sasl_mechanism",
        "sasl_plain_password",
        "sasl_plain_username",
        "security_protocol",
        "ssl_context",
    }
)
