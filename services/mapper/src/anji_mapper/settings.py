"""What can be set about the mapper."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from anji_common.settings import PartSettings

__all__ = ["MapperSettings"]


class MapperSettings(PartSettings):
    """How the mapper works; no setting changes what it decides."""

    model_config = SettingsConfigDict(
        env_prefix="ANJI_MAPPER_", frozen=True, extra="forbid", use_attribute_docstrings=True
    )

    max_batch_records: int = Field(default=200, ge=1, le=2000)
    """Inputs per transaction and task. More is faster in bulk, and slower to show the first."""

    settle_after_seconds: float = Field(default=30.0, gt=0)
    """How long an answered CRM update waits for the source's own read before one is asked for.

    Each read asked for is a paid call; too short a time pays twice for most updates.
    """

    settle_hidden_seconds: float = Field(default=2.0, gt=0)
    """The same where a person has changed the record since: their change hides our own, and only
    the read asked for settles. A callback that is merely late costs a call here."""

    patience_seconds: float = Field(default=3600.0, gt=0)
    """How long a link may wait for a record that it refers to before people are told."""

    burst_changes: int = Field(default=50, ge=1)
    """Changes of one object by one person within `burst_seconds`, in one process, that are still
    live work. What exceeds them is a mass change: its commands go by the bulk lane, as do those of
    more links than this that one record releases at once."""

    burst_seconds: float = Field(default=10.0, gt=0)
    """See `burst_changes`."""
