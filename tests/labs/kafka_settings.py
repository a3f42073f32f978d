"""Where the lab finds a Kafka, and where it keeps what it fetched."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["LabSettings"]

_REPOSITORY = Path(__file__).parents[2]


class LabSettings(BaseSettings):
    """Read from the environment: ``KAFKA_BOOTSTRAP`` and ``XDG_CACHE_HOME``."""

    model_config = SettingsConfigDict(frozen=True)

    kafka_bootstrap: str = ""
    """``host:port`` of a Kafka to use as it is; empty starts one of our own."""

    xdg_cache_home: Path | None = None

    @property
    def cache(self) -> Path:
        """A folder that git ignores and that outlives a test run."""
        if self.xdg_cache_home is None:
            return _REPOSITORY / ".cache" / "kafka"
        return self.xdg_cache_home / "anji" / "kafka"
