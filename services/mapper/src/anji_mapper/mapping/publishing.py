"""Objects that are only published: their changes are events for others, and nothing is linked."""

from anji_common.interest import FieldKind, ObjectInterest
from anji_common.refs import System
from anji_mapper.mapping.fields import Named, SideFields
from anji_mapper.mapping.model import Published
from anji_mapper.mapping.publish_forms import PublishedField, PublishForm
from anji_mapper.mapping.reading import Loc, Page
from anji_mapper.mapping.schema import LinesSideForm, SideForm

__all__ = ["build_published"]

_SYSTEMS = {"crm": System.FXIAOKE, "erp": System.K3CLOUD}


def build_published(page: Page, form: PublishForm) -> Published:
    """Return what is read of the object; what does not fit together is noted in the page."""
    system = _SYSTEMS[form.system]
    side = SideForm(object=form.object, id=form.id, number=form.number, is_bill=form.is_bill)
    lines = {
        each.path: LinesSideForm(path=each.path, id=each.id, head=each.head) for each in form.lines
    }
    fields = SideFields(page, system, side, lines)
    fields.add(("number",), form.number)
    _add(fields, ("fields",), form.fields, None)
    for place, each in enumerate(form.lines):
        if (each.head is None) is (system is System.FXIAOKE):
            page.find(("lines", place), "the CRM's lines have a head, and the ERP's have none")
        _add(fields, ("lines", place, "fields"), each.fields, each.path)
    interest: ObjectInterest = fields.interest()
    return Published(form.publish, system, interest)


def _add(
    fields: SideFields, loc: Loc, forms: tuple[PublishedField, ...], lines: str | None
) -> None:
    for place, each in enumerate(forms):
        if not each.path:
            continue  # a setting leaves it out
        kind = each.kind or (FieldKind.REFERENCE if each.refers_to else FieldKind.TEXT)
        fields.add((*loc, place), each.path, Named(kind, each.refers_to), lines=lines)
