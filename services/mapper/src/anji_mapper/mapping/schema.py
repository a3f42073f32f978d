"""What a mapping file may say: closed forms, so that a typing error is an error.

Short forms are spelled out before checking: ``erp: FName`` is ``erp: {path: FName}``,
``lens: date`` is ``lens: {date: {}}``. `docs/mappings.md` shows each feature with an example.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from anji_common.events.commands import Finish
from anji_common.interest import FieldKind

__all__ = [
    "BooleanForm",
    "CaseForm",
    "ComputedForm",
    "ConditionForm",
    "ConstantForm",
    "DayForm",
    "FieldForm",
    "FileForm",
    "Lens",
    "LensForm",
    "LineOfForm",
    "LinesForm",
    "LinesSideForm",
    "MessageForm",
    "NaturalKey",
    "NothingForm",
    "PartsForm",
    "Place",
    "PlaceForm",
    "ReferenceForm",
    "ScaledForm",
    "SharedForm",
    "Side",
    "SideForm",
    "TextForm",
    "ValueMapForm",
    "WhenForm",
]


class _Form(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, coerce_numbers_to_str=True
    )


def _spelled_out(key: str, form: type[_Form]) -> BeforeValidator:
    """Read a bare text ``x`` as ``{key: x}``."""
    return BeforeValidator(
        lambda given: {key: given} if isinstance(given, str) else given,
        json_schema_input_type=str | form,
    )


def _listed(given: object) -> object:
    return [given] if isinstance(given, str) else given


NaturalKey = Annotated[
    tuple[str, ...],
    BeforeValidator(
        _listed, json_schema_input_type=str | Annotated[list[str], Field(min_length=1)]
    ),
]
"""One field, or several that count together."""


class NothingForm(_Form):
    """No more to say."""


class ValueMapForm(_Form):
    """Options that are spelled differently."""

    values: dict[str, str] = Field(min_length=1)
    """CRM value: ERP value."""
    crm_default: str | None = None
    """For ERP values that `values` does not name; without it they are refused."""
    erp_default: str | None = None
    """For CRM values that `values` does not name; without it they are refused."""


class BooleanForm(_Form):
    """True or false in the CRM, one of two texts in the ERP."""

    when_true: str
    when_false: str


class ScaledForm(_Form):
    """A quantity, perhaps in another unit, and how fine each side can hold it."""

    factor: str = "1"
    """An ERP value is this many times the CRM's."""
    crm_step: str
    erp_step: str


class DayForm(_Form):
    """A time in the CRM, its day in the ERP."""

    offset_hours: int = Field(default=8, ge=-12, le=14)


class TextForm(_Form):
    """Text without outer blanks, cut where a side can hold no more."""

    limit: int | None = Field(default=None, gt=0)


class ReferenceForm(_Form):
    """A record of another link type."""

    link: str


class LineOfForm(_Form):
    """A line of a record of another link type."""

    link: str
    number: str
    """ERP path of the number of the record that the line belongs to."""
    crm_record: str | None = None
    """CRM path of that record, for a pair that flows to the ERP too."""


class SharedForm(_Form):
    """What the CRM record that an ERP number names shares."""

    link: str
    value: str


class ConstantForm(_Form):
    """Whatever the one side says, the other shows this."""

    value: str


class PartsForm(_Form):
    """One text of the one side, several fields of the other; the field itself is the first."""

    separator: str = Field(min_length=1)
    more: tuple[str, ...] = Field(min_length=1)
    """Paths of the other parts, in the order of the text; the last one takes the rest."""


class ComputedForm(_Form):
    """A text made of fields of the other side."""

    template: str
    """With ``{path}`` of fields of the same head, or of the same line."""


class ConditionForm(_Form):
    """A question about one record: one of all, any, not; or a field and one of is, in, empty."""

    all: tuple["ConditionForm", ...] | None = None
    any: tuple["ConditionForm", ...] | None = None
    not_: "ConditionForm | None" = Field(default=None, alias="not")
    field: str | None = None
    is_: str | None = Field(default=None, alias="is")
    in_: tuple[str, ...] | None = Field(default=None, alias="in")
    empty: bool | None = None

    @model_validator(mode="after")
    def _one_question(self) -> "ConditionForm":
        tests = [self.is_, self.in_, self.empty]
        joins = [self.all, self.any, self.not_]
        asked = sum(each is not None for each in tests)
        joined = sum(each is not None for each in joins)
        if (self.field is not None and (asked, joined) != (1, 0)) or (
            self.field is None and (asked, joined) != (0, 1)
        ):
            msg = "a condition is one of all, any, not; or a field with one of is, in, empty"
            raise ValueError(msg)
        return self


class CaseForm(_Form):
    """A value, and when it is said."""

    if_: ConditionForm = Field(alias="if")
    """Asked about the same head, or the same line, of the other side."""
    value: str


class WhenForm(_Form):
    """The value of the first case whose condition holds."""

    cases: tuple[CaseForm, ...] = Field(min_length=1)
    otherwise: str | None = None
    """Where none holds; without it the field is emptied then."""


class LensForm(_Form):
    """The conversion of one pair; exactly one of these."""

    same: NothingForm | None = None
    choice: NothingForm | None = None
    flag: NothingForm | None = None
    decimal: NothingForm | None = None
    date: NothingForm | None = None
    time: NothingForm | None = None
    number: NothingForm | None = None
    """Text in the CRM, base data by its number in the ERP."""
    value_map: ValueMapForm | None = None
    boolean: BooleanForm | None = None
    scaled: ScaledForm | None = None
    day: DayForm | None = None
    text: TextForm | None = None
    reference: Annotated[ReferenceForm, _spelled_out("link", ReferenceForm)] | None = None
    reference_by_number: Annotated[ReferenceForm, _spelled_out("link", ReferenceForm)] | None = (
        None
    )
    line_of: LineOfForm | None = None
    shared: SharedForm | None = None
    split: PartsForm | None = None
    """One text of the CRM, several fields of the ERP."""
    concatenated: PartsForm | None = None
    """Several fields of the CRM, one text of the ERP."""
    computed: Annotated[ComputedForm, _spelled_out("template", ComputedForm)] | None = None
    when: WhenForm | None = None
    constant: Annotated[ConstantForm, _spelled_out("value", ConstantForm)] | None = None

    @model_validator(mode="after")
    def _one_lens(self) -> "LensForm":
        if len(self.model_fields_set) != 1:
            names = ", ".join(sorted(self.model_fields_set)) or "none"
            msg = f"a field has one lens, here are: {names}"
            raise ValueError(msg)
        return self

    @property
    def name(self) -> str:
        """Return which lens it is."""
        return next(iter(self.model_fields_set))


Lens = Annotated[
    LensForm,
    BeforeValidator(
        lambda given: {given: {}} if isinstance(given, str) else given,
        json_schema_input_type=LensForm
        | Literal["same", "choice", "flag", "decimal", "date", "time", "number", "day", "text"],
    ),
]
"""A lens that needs no more words may be said by its name."""


class PlaceForm(_Form):
    """A field of one side."""

    path: str = Field(min_length=1)
    kind: FieldKind | None = None
    """What its values are, where the lens does not say it right."""


Place = Annotated[PlaceForm, _spelled_out("path", PlaceForm)]
Side = Literal["crm", "erp"]


class FieldForm(_Form):
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


class SideForm(_Form):
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
    natural_keys: tuple[NaturalKey, ...] = ()
    """Fields (or lists of fields) that tell records apart: looked up before a create."""
    own_number: str | None = None
    """The number field, where the number is ours to choose and the vendor keeps it unique."""
    finish: Finish = Finish.SAVED
    """ERP: how far a record is taken once it is saved."""
    shares: dict[str, str] = Field(default_factory=dict)
    """Name: field that other link types may ask this side for."""
    filter: ConditionForm | None = None
    """Which new records of this side take part."""
    kinds: dict[str, FieldKind] = Field(default_factory=dict)
    """Of fields that are named here but are in no pair."""
    packet: dict[str, JsonValue] = Field(default_factory=dict)
    """Everything that a create sends, with defaults; lines as a list of one template row."""


class LinesSideForm(_Form):
    """The lines of one side."""

    path: str = Field(min_length=1)
    """The detail object or the entry."""
    id: str = Field(min_length=1)
    head: str | None = None
    """CRM: the field of the detail object that names its head record."""
    marker: str | None = None
    """The custom field that keeps the other side's line id in lines that we made."""


class LinesForm(_Form):
    """Lines of the CRM and the entry rows that mean the same."""

    crm: LinesSideForm
    erp: LinesSideForm
    fields: tuple[FieldForm, ...] = Field(min_length=1)


class MessageForm(_Form):
    """A message to CRM employees once a link's target record is made."""

    to: str
    """The CRM field that holds the employee."""
    text: str
    """With ``{field}`` of the CRM and ``{erp.field}`` of the ERP."""


class FileForm(_Form):
    """One link type."""

    link: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    settings: dict[str, str] = Field(default_factory=dict)
    """Name: default of what differs between companies; used as ``${name}``."""
    creates: Literal["crm", "erp", "both"]
    """Whose new records begin a link."""
    crm: SideForm
    erp: SideForm
    fields: tuple[FieldForm, ...] = Field(min_length=1)
    lines: tuple[LinesForm, ...] = ()
    messages: tuple[MessageForm, ...] = ()
