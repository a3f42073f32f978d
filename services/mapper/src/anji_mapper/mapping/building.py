"""Builds the lens of one pair from what its file says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from anji_common.errors import ConfigurationError
from anji_common.interest import FieldKind
from anji_common.refs import System
from anji_mapper.mapping import lenses, referring
from anji_mapper.mapping.fields import Named
from anji_mapper.mapping.findings import near
from anji_mapper.mapping.lens_forms import EmployeeForm, LensForm
from anji_mapper.mapping.model import Lens
from anji_mapper.mapping.own import Factories, build_own
from anji_mapper.mapping.schema import FieldForm

__all__ = ["BuiltLens", "Known", "LinkNames", "build_lens"]


@dataclass(frozen=True, slots=True)
class LinkNames:
    """What other files may ask of a link type."""

    crm_object: str = ""
    erp_object: str = ""
    crm_lines: str | None = None
    """The detail object of its first lines."""
    shares: tuple[str, ...] = ()
    """Names that its CRM side shares."""


@dataclass(frozen=True, slots=True)
class Known:
    """What stands around a file: the other files, and what is installed."""

    links: Mapping[str, LinkNames]
    factories: Factories = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BuiltLens:
    """A lens, and what it says about the fields around it."""

    lens: Lens
    crm: Named
    erp: Named
    only_to: System | None = None
    """The one way that it runs, or `None` for both."""
    crm_inputs: tuple[str, ...] = ()
    """Paths that it looks at beside the value, in the same line or head."""
    erp_inputs: tuple[str, ...] = ()
    joint: str = ""
    """See `Pair.joint`."""


_ALIKE: Mapping[str, tuple[FieldKind, FieldKind]] = {
    "same": (FieldKind.TEXT, FieldKind.TEXT),
    "choice": (FieldKind.CHOICE, FieldKind.CHOICE),
    "flag": (FieldKind.BOOLEAN, FieldKind.BOOLEAN),
    "decimal": (FieldKind.DECIMAL, FieldKind.DECIMAL),
    "date": (FieldKind.DATE, FieldKind.DATE),
    "time": (FieldKind.TIME, FieldKind.TIME),
    "number": (FieldKind.TEXT, FieldKind.NUMBER),
}
"""Lenses that change nothing: the kinds of the two sides say how values are read and spelled."""


def build_lens(form: FieldForm, known: Known) -> BuiltLens:
    """Return the lens that the file declares.

    Raises:
        ConfigurationError: it cannot be built; the words say why.
    """
    lens = form.lens
    if lens.name in _ALIKE:
        crm, erp = _ALIKE[lens.name]
        return BuiltLens(lenses.Same(), Named(crm), Named(erp))
    if lens.own is not None:
        text = Named(FieldKind.TEXT)
        return BuiltLens(build_own(lens.own, known.factories), text, text)
    return _choosing(lens) or _converting(lens) or _referring(lens, form, known.links)


def _choosing(form: LensForm) -> BuiltLens | None:
    if (values := form.value_map) is not None:
        mapped = lenses.ValueMap(dict(values.values), values.crm_default, values.erp_default)
        return BuiltLens(mapped, Named(FieldKind.CHOICE), Named(FieldKind.CHOICE))
    if (region := form.region) is not None:
        rows = tuple((each.value, each.label, each.number) for each in region.rows)
        return BuiltLens(lenses.Region(rows), Named(FieldKind.CHOICE), Named(FieldKind.NUMBER))
    if (flag := form.boolean) is not None:
        lens: Lens = lenses.Boolean(flag.when_true, flag.when_false)
        return BuiltLens(lens, Named(FieldKind.BOOLEAN), Named(FieldKind.TEXT))
    return None


def _converting(form: LensForm) -> BuiltLens | None:
    if (scaled := form.scaled) is not None:
        numbers = (_decimal(each) for each in (scaled.factor, scaled.crm_step, scaled.erp_step))
        return BuiltLens(
            lenses.Scaled(*numbers), Named(FieldKind.DECIMAL), Named(FieldKind.DECIMAL)
        )
    if (day := form.day) is not None:
        return BuiltLens(
            lenses.Day(day.offset_hours), Named(FieldKind.TIME), Named(FieldKind.DATE)
        )
    if (text := form.text) is not None:
        return BuiltLens(lenses.Text(text.limit), Named(FieldKind.TEXT), Named(FieldKind.TEXT))
    return None


def _referring(form: LensForm, about: FieldForm, names: Mapping[str, LinkNames]) -> BuiltLens:
    if form.employee is not None:
        return _employee(form.employee, names)
    text = Named(FieldKind.TEXT)
    if (reference := form.reference) is not None:
        link = _named(reference.link, names)
        crm = Named(FieldKind.REFERENCE, link.crm_object)
        return BuiltLens(referring.Reference(), crm, Named(FieldKind.REFERENCE, link.erp_object))
    if (by_number := form.reference_by_number) is not None:
        link = _named(by_number.link, names)
        crm = Named(FieldKind.REFERENCE, link.crm_object)
        return BuiltLens(referring.ReferenceByNumber(link.erp_object), crm, text)
    if (line := form.line_of) is not None:
        link = _named(line.link, names)
        if link.crm_lines is None:
            msg = f"link type {line.link!r} has no lines"
            raise ConfigurationError(msg)
        lens = referring.LineReference(
            link.erp_object, line.number, link.crm_lines, line.crm_record
        )
        return BuiltLens(
            lens,
            Named(FieldKind.REFERENCE, link.crm_lines),
            text,
            None if line.crm_record else System.FXIAOKE,
            (line.crm_record,) if line.crm_record else (),
            (line.number,),
        )
    if (shared := form.shared) is not None:
        link = _named(shared.link, names)
        if shared.value not in link.shares:
            hint = near(shared.value, link.shares)
            msg = f"the CRM side of {shared.link!r} does not share {shared.value!r}{hint}"
            raise ConfigurationError(msg)
        one_way = referring.Shared(link.erp_object, shared.value)
        return BuiltLens(one_way, text, text, System.FXIAOKE)
    return _constant(form, about)


def _employee(form: EmployeeForm, names: Mapping[str, LinkNames]) -> BuiltLens:
    kinds = Named(FieldKind.EMPLOYEE), Named(FieldKind.NUMBER)
    if form.link is not None:
        link = _named(form.link, names)
        return BuiltLens(referring.Employee(link.crm_object, link.erp_object), *kinds)
    table = lenses.ValueMap(dict(form.values or {}), form.crm_default, form.erp_default)
    return BuiltLens(table, *kinds)


def _constant(form: LensForm, about: FieldForm) -> BuiltLens:
    to = System.K3CLOUD if about.direction == "to_erp" else System.FXIAOKE
    if form.constant is None or about.direction == "both":
        msg = "a constant flows one way: say direction: to_erp or to_crm"
        raise ConfigurationError(msg)
    text = Named(FieldKind.TEXT)
    return BuiltLens(lenses.Constant(form.constant.value, to), text, text, to)


def _named(link: str, names: Mapping[str, LinkNames]) -> LinkNames:
    if link not in names:
        msg = f"there is no link type {link!r}{near(link, names)}"
        raise ConfigurationError(msg)
    return names[link]


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        msg = f"{text!r} is no number"
        raise ConfigurationError(msg) from error
    if not number.is_finite():
        msg = f"{text!r} is no number"
        raise ConfigurationError(msg)
    return number
