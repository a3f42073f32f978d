"""What a link tells the CRM's record of itself: its status, and why it does not move.

Each is a pair like others, whose ERP half is no field of the ERP but what the link says. So it is
agreed, compared and written like every value: once, and only when it says something else.
"""

from dataclasses import dataclass

from anji_common.interest import FieldKind
from anji_common.refs import System
from anji_mapper.mapping.fields import Named, SideFields
from anji_mapper.mapping.lenses import Same
from anji_mapper.mapping.model import Pair, Telling
from anji_mapper.mapping.reading import Page
from anji_mapper.mapping.schema import FileForm, PlaceForm

__all__ = ["build_telling"]


def build_telling(page: Page, form: FileForm, fields: SideFields) -> Telling | None:
    """Return what the file wants told; the CRM's fields for it are added to `fields`."""
    said = form.write_back
    if said is None or (said.status is None and said.message is None):
        return None
    if said.synced == said.problem:
        page.find(("write_back", "problem"), "both statuses are spelled alike")
    telling = _Building(page, form, fields)
    return Telling(
        status=telling.pair("status", said.status),
        message=telling.pair("message", said.message),
        synced=said.synced,
        problem=said.problem,
        limit=said.limit,
    )


@dataclass(frozen=True, slots=True)
class _Building:
    page: Page
    form: FileForm
    fields: SideFields

    def pair(self, what: str, place: PlaceForm | None) -> Pair | None:
        """Return the pair of what the link says and a field of the CRM."""
        if place is None:
            return None
        loc = ("write_back", what)
        if any(each.crm.path == place.path for each in self.form.fields if each.used):
            self.page.find(loc, f"{place.path} is mapped already: the link needs its own field")
        self.fields.add(loc, place.path, Named(place.kind or FieldKind.TEXT))
        path = f"link:{what}"
        return Pair(
            name=f"{place.path}~{path}",
            crm=place.path,
            erp=path,
            lens=Same(),
            owner=System.K3CLOUD,
            flows_to=frozenset({System.FXIAOKE}),
        )
