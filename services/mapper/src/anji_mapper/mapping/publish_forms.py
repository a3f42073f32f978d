"""What a file of an object that is only published may say."""

from typing import Annotated

from pydantic import Field

from anji_common.interest import FieldKind
from anji_mapper.mapping.lens_forms import Form, spelled_out
from anji_mapper.mapping.schema import Side

__all__ = ["PublishForm", "PublishedField", "PublishedFieldForm", "PublishedLinesForm"]


class PublishedFieldForm(Form):
    """A field whose values are published."""

    path: str
    """Empty leaves it out: a setting can say so."""
    kind: FieldKind | None = None
    """What its values are; text by default."""
    refers_to: str | None = None
    """The object that it refers to: it is published as a ref."""


PublishedField = Annotated[PublishedFieldForm, spelled_out("path", PublishedFieldForm)]


class PublishedLinesForm(Form):
    """Lines that are published with their head."""

    path: str = Field(min_length=1)
    id: str = Field(min_length=1)
    head: str | None = None
    """CRM: the field of the detail object that names its head record."""
    fields: tuple[PublishedField, ...] = Field(min_length=1)


class PublishForm(Form):
    """An object whose changes are published for others, and linked with nothing."""

    publish: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    used: bool = True
    settings: dict[str, str] = Field(default_factory=dict)
    system: Side
    object: str = Field(min_length=1)
    id: str = Field(min_length=1)
    number: str = Field(min_length=1)
    is_bill: bool = False
    fields: tuple[PublishedField, ...] = Field(min_length=1)
    lines: tuple[PublishedLinesForm, ...] = ()
