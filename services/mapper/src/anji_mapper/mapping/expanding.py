"""Builds the lenses of one field of a file, which may be several pairs.

A lens that looks at several fields of a side needs a pair for each of them: what no pair names is
no reason to compare anything when it changes.
"""

from collections.abc import Iterable

from anji_common.errors import ConfigurationError
from anji_common.interest import FieldKind
from anji_common.refs import System
from anji_mapper.mapping.asking import build_condition, condition_paths
from anji_mapper.mapping.building import BuiltLens, Known, build_lens
from anji_mapper.mapping.combining import Chosen, Computed, PartOfText
from anji_mapper.mapping.fields import Named
from anji_mapper.mapping.findings import near
from anji_mapper.mapping.lens_forms import PartsForm, WhenForm
from anji_mapper.mapping.model import Lens
from anji_mapper.mapping.schema import FieldForm, PlaceForm

__all__ = ["build_fields"]

_Built = tuple[tuple[FieldForm, BuiltLens], ...]

_PLAIN = (FieldKind.TEXT, FieldKind.CHOICE, FieldKind.NUMBER, FieldKind.EMPLOYEE)
"""Kinds whose values are any text: what a file says is compared as it stands."""


def build_fields(form: FieldForm, known: Known) -> _Built:
    """Return the pairs that a field of the file stands for, each with its lens.

    Raises:
        ConfigurationError: they cannot be built; the words say why.
    """
    lens = form.lens
    if lens.split is not None:
        return _parts(form, lens.split, System.FXIAOKE)
    if lens.concatenated is not None:
        return _parts(form, lens.concatenated, System.K3CLOUD)
    if lens.computed is not None:
        computed = Computed(lens.computed.template, _target(form))
        return _made(form, computed, computed.paths)
    if lens.when is not None:
        return _chosen(form, lens.when)
    return ((form, build_lens(form, known)),)


def _parts(form: FieldForm, parts: PartsForm, whole: System) -> _Built:
    if form.conflict == "ask":
        msg = "parts of one text have no conflicts of their own: leave out conflict: ask"
        raise ConfigurationError(msg)
    name = "erp" if whole is System.FXIAOKE else "crm"
    first: PlaceForm = getattr(form, name)
    paths = (first.path, *parts.more)
    text = Named(FieldKind.TEXT)
    joint = f"{form.crm.path}~{form.erp.path}"
    return tuple(
        (
            form.model_copy(update={name: first.model_copy(update={"path": path})}),
            BuiltLens(PartOfText(whole, parts.separator, paths, place), text, text, joint=joint),
        )
        for place, path in enumerate(paths)
    )


def _chosen(form: FieldForm, when: WhenForm) -> _Built:
    cases = tuple((build_condition(each.if_), each.value) for each in when.cases)
    paths = tuple(dict.fromkeys(path for each in when.cases for path in condition_paths(each.if_)))
    return _made(form, Chosen(cases, when.otherwise, paths, _target(form)), paths)


def _target(form: FieldForm) -> System:
    """Return the one side that a field flows to, whose values are any text."""
    if form.direction == "both":
        msg = f"{form.lens.name} cannot be read back: say direction: to_erp or to_crm"
        raise ConfigurationError(msg)
    target = form.erp if form.direction == "to_erp" else form.crm
    if target.kind is not None and target.kind not in _PLAIN:
        msg = f"{form.lens.name} makes a text, not a {target.kind}: say {', '.join(_PLAIN)}"
        raise ConfigurationError(msg)
    return System.K3CLOUD if form.direction == "to_erp" else System.FXIAOKE


def _made(form: FieldForm, lens: Lens, paths: Iterable[str]) -> _Built:
    """Return a pair for each field that a one-way lens looks at."""
    to = _target(form)
    name = "crm" if to is System.K3CLOUD else "erp"
    source: PlaceForm = getattr(form, name)
    if source.path not in paths:
        hint = near(source.path, paths)
        msg = f"{form.lens.name} does not look at {source.path}, the field that it stands at{hint}"
        raise ConfigurationError(msg)
    text, unsaid = Named(FieldKind.TEXT), Named()
    kinds = (unsaid, text) if to is System.K3CLOUD else (text, unsaid)
    return tuple(
        (
            form.model_copy(
                update={name: source if path == source.path else PlaceForm(path=path)}
            ),
            BuiltLens(lens, *kinds, to),
        )
        for path in paths
    )
