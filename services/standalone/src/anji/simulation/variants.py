"""Other mappings than the company's own: what an operator may put in their place for a while."""

from collections.abc import Mapping
from functools import cache

from anji_mapper.mapping.compile import Settings, compile_mappings
from anji_mapper.mapping.entry_points import installed_conversions
from anji_mapper.mapping.folder import find_folder, read_folder
from anji_mapper.mapping.model import Mappings

__all__ = ["COMPANY", "FILTERED", "PLANNED", "REMAPPED", "VARIANTS", "company"]

COMPANY: Settings = {
    "sales_order": {
        "on_audited": "reopen",
        "closes": "yes",
        "closed_back": "yes",
        "status_back": "yes",
    }
}
"""What the simulated company says of the shipped mappings: an audited order may be changed, people
close orders in the CRM, and see there how the ERP's stand."""
_TELLS = {"sync_status": "sync_status__c", "sync_message": "sync_message__c"}
_ADDRESS = "  - {crm: address, erp: FADDRESS, personal: true}\n"
_TEL = "  - {crm: tel, erp: FTEL, personal: true}\n"
_OWNED_TEL = "  - {crm: tel, erp: FTEL, owner: erp, personal: true}\n"

_LIFE = "{not: {field: life_status, in: [ineffective, under_review, invalid]}}"
_FILTER = f"  filter: {_LIFE}\n"
_NARROWER = f"  filter: {{all: [{_LIFE}, {{not: {{field: remark, empty: true}}}}]}}\n"
_AUDITED, _OTHERWISE = "审核中: B, 已审核: C", "审核中: B, 审核完: C"

FILTERED = "only customers with a remark are taken"
REMAPPED = "audited orders have another word"
VARIANTS = (
    "links tell how they stand",
    "no customer's address",
    "the ERP owns telephones",
    FILTERED,
    REMAPPED,
)
"""A field more of two objects, a field less, another rule for a field, a filter, a value map."""
PLANNED = (FILTERED, REMAPPED)
"""After these an operator plans and applies the company's own mappings (docs/plans.md): no field
is read otherwise than before, so no record tells its link that it may be made, or says otherwise.
"""


@cache
def company() -> tuple[Mappings, Mapping[str, Mappings]]:
    """Return the company's own mappings, and the variants by name."""
    texts = read_folder(find_folder())
    tells = {name: {**COMPANY.get(name, {}), **_TELLS} for name in ("customer", "product")}
    made = (
        _compiled(texts, {**COMPANY, **tells}),
        _compiled(_without(texts, "customer", _ADDRESS, ""), COMPANY),
        _compiled(_without(texts, "customer", _TEL, _OWNED_TEL), COMPANY),
        _compiled(_without(texts, "customer", _FILTER, _NARROWER), COMPANY),
        _compiled(_without(texts, "sales_order", _AUDITED, _OTHERWISE), COMPANY),
    )
    return _compiled(texts, COMPANY), dict(zip(VARIANTS, made, strict=True))


def _compiled(texts: Mapping[str, str], settings: Settings) -> Mappings:
    return compile_mappings(texts, settings, installed_conversions())


def _without(texts: Mapping[str, str], link: str, words: str, other: str) -> dict[str, str]:
    """Return the mappings with other words in one of them."""
    (name,) = (each for each in texts if each.endswith(f"/{link}.yaml"))
    if words not in texts[name]:
        msg = f"{name} does not say {words.strip()}"
        raise AssertionError(msg)
    return {**texts, name: texts[name].replace(words, other)}
