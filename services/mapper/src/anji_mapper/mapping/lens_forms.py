"""What a mapping file may say about the conversion of one pair.

Bare names stand for lenses that need no more words: ``lens: date`` is ``lens: {date: {}}``.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

__all__ = [
    "BooleanForm",
    "CaseForm",
    "ComputedForm",
    "ConditionForm",
    "ConstantForm",
    "DayForm",
    "EmployeeForm",
    "Form",
    "Lens",
    "LensForm",
    "LineOfForm",
    "NothingForm",
    "OwnForm",
    "PartsForm",
    "ReferenceForm",
    "RegionForm",
    "RegionRowForm",
    "ScaledForm",
    "SharedForm",
    "Table",
    "TextForm",
    "ValueMapForm",
    "WhenForm",
    "spelled_out",
]


class Form(BaseModel):
    """A closed form: an unknown key is an error, and a number may stand for its text."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, coerce_numbers_to_str=True
    )


def spelled_out(key: str, form: type[Form]) -> BeforeValidator:
    """Return what reads a bare text ``x`` as ``{key: x}``."""
    return BeforeValidator(
        lambda given: {key: given} if isinstance(given, str) else given,
        json_schema_input_type=str | form,
    )


class NothingForm(Form):
    """No more to say."""


def _table(given: object) -> object:
    """Read ``a=x, b=y``, as a setting can say it, as ``{a: x, b: y}``."""
    if not isinstance(given, str):
        return given
    rows = [row.partition("=") for row in given.split(",") if row.strip()]
    table = {crm.strip(): erp.strip() for crm, _, erp in rows}
    if not all(table) or not all(table.values()) or len(table) != len(rows):
        msg = f"{given!r} is no table: write CRM value=ERP value, CRM value=ERP value"
        raise ValueError(msg)
    return table


Table = Annotated[
    dict[str, str],
    Field(min_length=1),
    BeforeValidator(_table, json_schema_input_type=str | dict[str, str]),
]
"""CRM value: ERP value; or the same as one text, ``a=x, b=y``, which a setting can hold."""


class ValueMapForm(Form):
    """Options that are spelled differently."""

    values: Table
    """CRM value: ERP value."""
    crm_default: str | None = None
    """For ERP values that `values` does not name; without it they are refused."""
    erp_default: str | None = None
    """For CRM values that `values` does not name; without it they are refused."""


class EmployeeForm(Form):
    """An employee of the CRM, an operator of the ERP: by a table, or by a link type."""

    values: Table | None = None
    """CRM employee id: ERP number."""
    link: str | None = None
    """A link type of employees, whose `number` is on both sides what a field holds."""
    crm_default: str | None = None
    """With `values`: for ERP numbers that they do not name; without it they are refused."""
    erp_default: str | None = None
    """With `values`: for employees that they do not name; without it they are refused."""

    @model_validator(mode="after")
    def _one_way_to_know(self) -> "EmployeeForm":
        has_default = self.crm_default is not None or self.erp_default is not None
        if (self.values is None) == (self.link is None) or (self.link and has_default):
            msg = "an employee is known by values, with defaults perhaps, or by a link"
            raise ValueError(msg)
        return self


class RegionRowForm(Form):
    """One region."""

    value: str
    """Of the CRM's option."""
    label: str | None = None
    """What people read, where the CRM's records may hold that."""
    number: str
    """Of the ERP's auxiliary data."""


class RegionForm(Form):
    """A country, province, city or district, on both sides from a list."""

    rows: tuple[RegionRowForm, ...] = Field(min_length=1)


class BooleanForm(Form):
    """True or false in the CRM, one of two texts in the ERP."""

    when_true: str
    when_false: str


class ScaledForm(Form):
    """A quantity, perhaps in another unit, and how fine each side can hold it."""

    factor: str = "1"
    """An ERP value is this many times the CRM's."""
    crm_step: str
    erp_step: str


class DayForm(Form):
    """A time in the CRM, its day in the ERP."""

    offset_hours: int = Field(default=8, ge=-12, le=14)


class TextForm(Form):
    """Text without outer blanks, cut where a side can hold no more."""

    limit: int | None = Field(default=None, gt=0)


class ReferenceForm(Form):
    """A record of another link type."""

    link: str


class LineOfForm(Form):
    """A line of a record of another link type."""

    link: str
    number: str
    """ERP path of the number of the record that the line belongs to."""
    crm_record: str | None = None
    """CRM path of that record, for a pair that flows to the ERP too."""


class SharedForm(Form):
    """What the CRM record that an ERP number names shares."""

    link: str
    value: str


class ConstantForm(Form):
    """Whatever the one side says, the other shows this."""

    value: str


class PartsForm(Form):
    """One text of the one side, several fields of the other; the field itself is the first."""

    separator: str = Field(min_length=1)
    more: tuple[str, ...] = Field(min_length=1)
    """Paths of the other parts, in the order of the text; the last one takes the rest."""


class ComputedForm(Form):
    """A text made of fields of the other side."""

    template: str
    """With ``{path}`` of fields of the same head, or of the same line."""


class OwnForm(Form):
    """A conversion of the company's own: an entry point of the group ``anji.lenses``."""

    function: str = Field(min_length=1)
    """The name of the entry point."""
    examples: dict[str, str] = Field(min_length=1)
    """CRM value: ERP value; tried, there and back, whenever the file is read."""
    options: dict[str, str] = Field(default_factory=dict)
    """What the entry point is called with, by name."""


class ConditionForm(Form):
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


class CaseForm(Form):
    """A value, and when it is said."""

    if_: ConditionForm = Field(alias="if")
    """Asked about the same head, or the same line, of the other side."""
    value: str


class WhenForm(Form):
    """The value of the first case whose condition holds."""

    cases: tuple[CaseForm, ...] = Field(min_length=1)
    otherwise: str | None = None
    """Where none holds; without it the field is emptied then."""


class LensForm(Form):
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
    employee: Annotated[EmployeeForm, spelled_out("link", EmployeeForm)] | None = None
    region: RegionForm | None = None
    boolean: BooleanForm | None = None
    scaled: ScaledForm | None = None
    day: DayForm | None = None
    text: TextForm | None = None
    reference: Annotated[ReferenceForm, spelled_out("link", ReferenceForm)] | None = None
    reference_by_number: Annotated[ReferenceForm, spelled_out("link", ReferenceForm)] | None = None
    line_of: LineOfForm | None = None
    shared: SharedForm | None = None
    split: PartsForm | None = None
    """One text of the CRM, several fields of the ERP."""
    concatenated: PartsForm | None = None
    """Several fields of the CRM, one text of the ERP."""
    computed: Annotated[ComputedForm, spelled_out("template", ComputedForm)] | None = None
    when: WhenForm | None = None
    own: OwnForm | None = None
    constant: Annotated[ConstantForm, spelled_out("value", ConstantForm)] | None = None

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
