"""What Kafka's errors mean to us: one table, read from top to bottom.

Two of aiokafka's habits are undone here. It wraps what ended its sender in a plain
``KafkaError``, whose cause is the real one. And it calls an unknown topic retriable, while a
topic that was never declared does not appear by waiting.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka import errors

from anji_common.errors import (
    AnjiError,
    AuthenticationError,
    ConfigurationError,
    FatalError,
    FencedError,
    RejectedError,
    RetriableError,
)

__all__ = ["error_from", "translated"]

_TABLE: tuple[tuple[type[AnjiError], tuple[type[Exception], ...]], ...] = (
    (
        FencedError,
        (
            errors.ProducerFenced,
            errors.InvalidProducerEpoch,
            errors.InvalidProducerIdMapping,
            errors.InvalidTxnState,
            errors.OutOfOrderSequenceNumber,
            errors.TransactionCoordinatorFenced,
        ),
    ),
    (
        AuthenticationError,
        (
            errors.AuthenticationFailedError,
            errors.AuthenticationMethodNotSupported,
            errors.ClusterAuthorizationFailedError,
            errors.GroupAuthorizationFailedError,
            errors.SaslAuthenticationFailed,
            errors.TopicAuthorizationFailedError,
            errors.TransactionalIdAuthorizationFailed,
            errors.UnsupportedSaslMechanismError,
        ),
    ),
    (
        ConfigurationError,
        (
            errors.IncompatibleBrokerVersion,
            errors.InconsistentGroupProtocolError,
            errors.InvalidConfigurationError,
            errors.InvalidPartitionsError,
            errors.InvalidReplicationFactorError,
            errors.InvalidSessionTimeoutError,
            errors.InvalidTopicError,
            errors.InvalidTransactionTimeout,
            errors.PolicyViolationError,
            errors.UnknownTopicOrPartitionError,
            errors.UnrecognizedBrokerVersion,
            errors.UnsupportedVersionError,
        ),
    ),
    (
        RejectedError,
        (
            errors.MessageSizeTooLargeError,
            errors.RecordListTooLargeError,
            errors.RecordTooLargeError,
        ),
    ),
    (
        RetriableError,
        (
            errors.CommitFailedError,
            errors.CorruptRecordException,
            errors.KafkaConnectionError,
            errors.KafkaTimeoutError,
            errors.KafkaUnavailableError,
            errors.NoBrokersAvailable,
            errors.NodeNotReadyError,
            errors.StaleMetadata,
            ConnectionError,
            TimeoutError,
        ),
    ),
)


def error_from(error: Exception, doing: str) -> AnjiError:
    """Return our error for `error`, which came while `doing` something."""
    cause = error.__cause__
    if type(error) is errors.KafkaError and isinstance(cause, errors.KafkaError):
        error = cause
    name = type(error).__name__
    words = f"{doing}: {name}: {str(error).removeprefix(f'{name}: ')}"  # Kafka's say it too
    for ours, theirs in _TABLE:
        if isinstance(error, theirs):
            return ours(words)
    return RetriableError(words) if getattr(error, "retriable", False) else FatalError(words)


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Raise our errors for Kafka's; `doing` starts their words.

    Raises:
        AnjiError: by the table above.
    """
    try:
        yield
    except (errors.KafkaError, errors.IllegalOperation, ConnectionError, TimeoutError) as error:
        raise error_from(error, doing) from error
