"""What can be set about writing."""

from pydantic import AliasChoices, Field
from pydantic_settings import SettingsConfigDict

from anji_common.settings import PartSettings

__all__ = ["WriterSettings"]


class WriterSettings(PartSettings):
    """How a writer works; the times are those of ``protocol.md`` 12."""

    model_config = SettingsConfigDict(
        env_prefix="ANJI_WRITER_",
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        populate_by_name=True,
    )

    writes: bool = Field(default=True, validation_alias=AliasChoices("ANJI_WRITES", "writes"))
    """`off` is the shadow mode: commands are logged, nothing is written or moved past."""

    max_batch_commands: int = Field(default=50, ge=1, le=500)
    """Commands of one partition that are looked up, attempted and written together (the ERP's:
    ``ANJI_K3CLOUD_BATCH_RECORDS``).

    Where a vendor takes one record a call, keep it so small that the last call leaves within
    half of `pause_seconds`.
    """

    age_seconds: float = Field(default=2.0, gt=0)
    """A: an attempt that is older than this when it is to leave is looked up and noted again.

    It must be longer than a transaction of the broker usually takes.
    """

    pause_seconds: float = Field(default=60.0, gt=0)
    """P: the longest pause (a frozen process, a slow connect) between that check and the send."""

    processing_seconds: float = Field(default=150.0, gt=0)
    """V: the longest time after which a vendor still carries out a call that it was sent.

    Add the lag of the vendor's query index, if it has one. Too short can double a record.
    """

    max_tries: int = Field(default=4, ge=1)
    """Attempts of one command whose answers were lost, and that had no effect, before a person has
    to decide."""

    max_busy: int = Field(default=8, ge=1)
    """How often the vendor may put one command off before it is rejected in the vendor's words."""

    busy_seconds: float = Field(default=2.0, gt=0)
    """How long a command that was put off waits first; doubled each time, up to a minute.

    Kingdee's lock conflicts are gone after about 8 s (reference "k3cloud-webapi.md", 6).
    """

    known_seconds: float = Field(default=30.0, ge=0)
    """Where reads are paid: an update is compared before it is written if the source has not read
    the whole object within this time. Younger knowledge is relied on: an edit that nobody has read
    yet may be written over. 0 compares always."""

    decided_seconds: float = Field(default=10.0, ge=0)
    """Where reads are paid: an update that was decided longer ago than this is compared
    as well. What was read meanwhile is known to its link, and not to the command. One that
    leaves at once needs no read; many that wait are read a hundred a call."""

    most_parked: int = Field(default=1000, ge=1)
    """Commands of one partition and lane that are in doubt or put off: with so many in hand it
    takes no new ones of that lane, which are as safe in their topic."""

    idle_seconds: float = Field(default=5.0, gt=0)
    """The longest wait for a command before timers are looked at again."""

    @property
    def most_pause_seconds(self) -> float:
        """How long a target itself may wait before its last call leaves: half of P.

        The other half is for a machine that stands still meanwhile.
        """
        return self.pause_seconds / 2

    @property
    def quarantine_seconds(self) -> float:
        """Q = A + P + V: after this long an attempt can no longer take effect."""
        return self.age_seconds + self.pause_seconds + self.processing_seconds
