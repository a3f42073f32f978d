"""What a mapping file may say: closed forms, so that a typing error is an error.

Short forms are spelled out before checking: ``erp: FName`` is ``erp: {path: FName}``. What a
lens may be is in `lens_forms`; `docs/mappings.md` shows each feature with an example.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, JsonValue, model_validator

from anji_common.events.commands import Finish, Operation
from anji_common.interest import FieldKind
from anji_mapper.mapping.lens_forms import (
    ConditionForm,
    Form,
    Lens,
    LensForm,
    NothingForm,
    spelled_out,
)
from anji_mapper.mapping.making_forms import (
    FileTemplateForm,
    OnAudited,
    OnOrganisationChanged,
    Organisations,
    PushForm,
)
from anji_mapper.mapping.removals import RowPolicy

__all__ = [
    "Delete",
    "DeleteForm",
    "DeleteSideForm",
    "FieldForm",
    "FileForm",
    "LinesForm",
    "LinesSideForm",
    "MaybePlace",
    "MessageForm",
    "NaturalKey",
    "NaturalKeys",
    "Operations",
    "Place",
    "PlaceForm",
    "Reads",
    "ReadsForm",
    "RowRemoved",
    "RowRemovedForm",
    "Side",
    "SideForm",
    "StateForm",
    "StateSideForm",
    "VariantForm",
    "WriteBackForm",
]


def _listed(given: object) -> object:
    return [given] if isinstance(given, str) else given


NaturalKey = Annotated[
    tuple[str, ...],
    BeforeValidator(
        _listed, json_schema_input_type=str | Annotated[list[str], Field(min_length=1)]
    ),
]
"""One field, or several that count together."""


def _keys(given: object) -> object:
    if not isinstance(given, str):
        return given
    return [key.strip() for key in given.split(",") if key.strip()]


NaturalKeys = Annotated[
    tuple[NaturalKey, ...],
    BeforeValidator(_keys, json_schema_input_type=str | list[NaturalKey]),
]
"""A list, or one text ``FNumber, FMobile`` as a setting can say it."""


class PlaceForm(Form):
    """A field of one side."""

    path: str = Field(min_length=1)
    kind: FieldKind | None = None
    """What its values are, where the lens does not say it right."""


Place = Annotated[PlaceForm, spelled_out("path", PlaceForm)]
Side = Literal["crm", "erp"]


class FieldForm(Form):
    """A field of the CRM and the ERP field that means the same."""

    crm: Place
    erp: Place
    lens: Lens = LensForm(same=NothingForm())
    direction: Literal["both", "to_erp", "to_crm"] = "both"
    owner: Side | None = None
    """Who wins when both sides changed; by default the side that creates, else the CRM."""
    conflict: Literal["owner", "ask"] = "owner"
    """When both sides changed: its owner wins, or people are asked while other fields flow."""
    only_on_create: bool = False
    """Written when the record is made, and let be afterwards."""
    personal: bool = False
    """Names, numbers and addresses of people: values that are to stand in no notice."""
    used: bool = True
    """A field that is not used is checked, and left out: a setting can turn it on."""


class ReadsForm(Form):
    """Lines of which only the first row is read."""

    id: str = Field(min_length=1)
    head: str | None = None
    """CRM: the field of the detail object that names its head record."""


Reads = Annotated[ReadsForm, spelled_out("id", ReadsForm)]


class SideForm(Form):
    """One object of the CRM or one form of the ERP."""

    object: str = Field(min_length=1)
    id: str = Field(min_length=1)
    """The field of the vendor's internal id."""
    number: str = Field(min_length=1)
    """The field of the number that people know the record by."""
    is_bill: bool = False
    """ERP: with entries and an audit, not base data."""
    marker: str | None = None
    """The custom field that keeps our ref in records that we made."""
    natural_keys: NaturalKeys = ()
    """Fields (or lists of fields) that tell records apart: looked up before a create."""
    own_number: str | None = None
    """The number field, where the number is ours to choose and the vendor keeps it unique."""
    finish: Finish = Finish.SAVED
    """ERP: how far a record is taken once it is saved."""
    on_audited: OnAudited = "refuse"
    """ERP: what a change of an audited or submitted record does."""
    allocate: Organisations = ()
    """ERP, base data: organisations that get a new record once it is finished."""
    on_organisation_changed: OnOrganisationChanged = "tell"
    """ERP: what is done when a linked record moves to another variant: people are told; a person
    is asked; or the record (base data) is given to the organisations that `allocate` names."""
    push: PushForm | None = None
    """ERP: new records are made from another one by the vendor's conversion."""
    attachments: tuple[FileTemplateForm, ...] = ()
    """ERP: text files put to a new record."""
    reads: dict[str, Reads] = Field(default_factory=dict)
    """Lines of which only the first row is read: the field of their id, and the CRM's head."""
    shares: dict[str, str] = Field(default_factory=dict)
    """Name: field that other link types may ask this side for."""
    filter: ConditionForm | None = None
    """Which new records of this side take part."""
    kinds: dict[str, FieldKind] = Field(default_factory=dict)
    """Of fields that are named here but are in no pair."""
    packet: dict[str, JsonValue] = Field(default_factory=dict)
    """Everything that a create sends, with defaults; lines as a list of one template row."""


class LinesSideForm(Form):
    """The lines of one side."""

    path: str = Field(min_length=1)
    """The detail object or the entry."""
    id: str = Field(min_length=1)
    head: str | None = None
    """CRM: the field of the detail object that names its head record."""
    marker: str | None = None
    """The custom field that keeps the other side's line id in lines that we made."""


class RowRemovedForm(Form):
    """What is done to a line whose partner people removed, unless it was changed meanwhile."""

    crm: RowPolicy = RowPolicy.KEEP
    """The CRM's line was removed: what becomes of the ERP's."""
    erp: RowPolicy = RowPolicy.KEEP
    """The ERP's row was removed: what becomes of the CRM's."""


RowRemoved = Annotated[
    RowRemovedForm,
    BeforeValidator(
        lambda given: {"crm": given, "erp": given} if isinstance(given, str) else given,
        json_schema_input_type=RowPolicy | RowRemovedForm,
    ),
]


class LinesForm(Form):
    """Lines of the CRM and the entry rows that mean the same."""

    crm: LinesSideForm
    erp: LinesSideForm
    used: bool = True
    """Lines that are not used are left out: a setting can turn them on."""
    on_row_removed: RowRemoved = RowRemovedForm()
    """What a removed line does to the other side's: one word for both sides, or one for each."""
    fields: tuple[FieldForm, ...] = Field(min_length=1)


class MessageForm(Form):
    """A message to CRM employees once a link's target record is made."""

    to: str
    """The CRM field that holds the employee."""
    text: str
    """With ``{field}`` of the CRM and ``{erp.field}`` of the ERP."""


def _operations(given: object) -> object:
    if given == "ignore":
        return ()
    return (given,) if isinstance(given, str) else given


Operations = Annotated[
    tuple[Operation, ...],
    BeforeValidator(
        _operations, json_schema_input_type=Operation | Literal["ignore"] | list[Operation]
    ),
]
"""One operation, several of which the record's status says the next, or ``ignore``."""


class StateSideForm(Form):
    """How a state is seen on one side, and what is done there."""

    when: ConditionForm
    """A record is in the state."""
    enter: Operations = ()
    """Done here when the other side's record came into it."""
    leave: Operations = ()
    """Done here when the other side's record came out of it."""
    rests: bool = True
    """No values are written to a record in the state; `false` for one that only shows it."""
    approve: bool = False
    """Only after a person has approved."""


class StateForm(Form):
    """A state of whole records, such as void."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    crm: StateSideForm
    erp: StateSideForm
    owner: Side | None = None
    """Who wins when both changed; by default the home's side."""
    conflict: Literal["owner", "ask"] = "owner"
    used: bool = True
    """A state that is not used is checked, and left out: a setting can turn it on."""


class DeleteSideForm(Form):
    """What is done to the other side's record when one side's was deleted."""

    do: Operations
    """To the record that is still there; ``ignore``: nothing, and nobody is told."""
    approve: bool = False
    """Only after a person has approved."""


Delete = Annotated[
    DeleteSideForm,
    BeforeValidator(
        lambda given: {"do": given} if isinstance(given, str | list) else given,
        json_schema_input_type=str | list[str] | DeleteSideForm,
    ),
]


class DeleteForm(Form):
    """What a delete does to the other side; where nothing is said, people are told."""

    crm: Delete | None = None
    """The CRM's record was deleted."""
    erp: Delete | None = None
    """The ERP's record was deleted."""


class VariantForm(Form):
    """Records of one organisation, or of another kind, that settings of their own hold for."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    crm: ConditionForm | None = None
    """Which records of the CRM."""
    erp: ConditionForm | None = None
    """Which records of the ERP, where the CRM's is not there yet."""
    settings: dict[str, str] = Field(min_length=1)
    """Name: value, over the file's and the company's."""

    @model_validator(mode="after")
    def _asks_something(self) -> "VariantForm":
        if self.crm is None and self.erp is None:
            msg = "a variant says which records it is for: crm, erp or both"
            raise ValueError(msg)
        return self


def _maybe_place(given: object) -> object:
    if given == "":
        return None
    return {"path": given} if isinstance(given, str) else given


MaybePlace = Annotated[
    PlaceForm | None, BeforeValidator(_maybe_place, json_schema_input_type=str | PlaceForm)
]
"""A field, or an empty text for none: a setting can leave it out."""


class WriteBackForm(Form):
    """Fields of the CRM in which a link says how it stands; written only when that changes."""

    status: MaybePlace = None
    """In step, or not."""
    message: MaybePlace = None
    """Why not, in the words of the link's problem."""
    synced: str = Field(default="已同步", min_length=1)
    """What the status says of a link that is in step."""
    problem: str = Field(default="异常", min_length=1)
    """What it says of one that has a problem."""
    limit: int = Field(default=200, ge=20)
    """Longer messages are cut."""


class FileForm(Form):
    """One link type."""

    link: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    used: bool = True
    """A link type that is not used is checked, and left out: a setting can turn it on."""
    settings: dict[str, str] = Field(default_factory=dict)
    """Name: default of what differs between companies; used as ``${name}``."""
    variants: tuple[VariantForm, ...] = ()
    """The first whose condition a record meets gives its settings to it."""
    creates: Literal["crm", "erp", "both", "neither"]
    """Whose new records begin a link; ``neither``: records are matched, never made or written."""
    crm: SideForm
    erp: SideForm
    fields: tuple[FieldForm, ...] = Field(min_length=1)
    lines: tuple[LinesForm, ...] = ()
    states: tuple[StateForm, ...] = ()
    on_delete: DeleteForm = DeleteForm()
    write_back: WriteBackForm | None = None
    messages: tuple[MessageForm, ...] = ()
