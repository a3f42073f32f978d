"""What a mapping file may say about how the ERP's records are made and changed."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from anji_mapper.mapping.lens_forms import Form

__all__ = ["FileTemplateForm", "OnAudited", "OnOrganisationChanged", "Organisations", "PushForm"]

OnAudited = Literal["refuse", "reopen"]
OnOrganisationChanged = Literal["tell", "ask", "allocate"]


def _listed(given: object) -> object:
    """Read ``101, 102``, as a setting can say it, as a list."""
    if not isinstance(given, str):
        return given
    return [each.strip() for each in given.split(",") if each.strip()]


Organisations = Annotated[
    tuple[Annotated[str, Field(pattern=r"^\d+$")], ...],
    BeforeValidator(_listed, json_schema_input_type=str | list[str | int]),
]
"""The vendor's ids of organisations, or one text with commas between them."""


class PushForm(Form):
    """A record is made from another one by the vendor's conversion."""

    link: str
    """The link type of the record that is pushed."""
    record: str
    """The CRM field that refers to it."""
    line: str = ""
    """The field of our CRM lines that refers to its lines; without it all of them are pushed."""
    rule: str = ""
    """The vendor's conversion rule; without it the default one."""


class FileTemplateForm(Form):
    """A text file that is put to a record when it is made."""

    name: str = Field(min_length=1)
    """With ``{field}`` of the CRM, as in `text`."""
    text: str = Field(min_length=1)
