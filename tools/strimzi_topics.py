"""The topics of the shipped mappings as data for the chart, which makes KafkaTopics of them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from anji.installation import Installation
from anji_common.broker.kafka_admin import topic_options

__all__ = ["strimzi_topics"]

_HEAD = "# Made from the code by `make docs`.\ntopics:\n"


def strimzi_topics(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield path and text of the file."""
    installation = Installation.read(
        {"ANJI_MAPPINGS_DIR": str(root / "mappings"), "ANJI_HOME": str(root / "nowhere")}
    )
    entries = (_entry(topic.name, topic_options(topic)) for topic in installation.topics)
    yield root / "deploy" / "helm" / "anji" / "files" / "topics.yaml", _HEAD + "".join(entries)


def _entry(name: str, options: Mapping[str, str]) -> str:
    lines = "".join(f'      {option}: "{value}"\n' for option, value in options.items())
    return f"  - name: {name}\n    config:\n{lines}"
