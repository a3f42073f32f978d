"""A link type with lines, for the bench: orders, whose lines name products."""

from collections.abc import Iterable

from anji_common.interest import FieldInterest, LinesInterest, ObjectInterest
from anji_common.refs import System
from anji_mapper.mapping.lenses import Same, ValueMap
from anji_mapper.mapping.model import LinesPair, LinkType, MessageTemplate, Pair, Side
from anji_mapper.mapping.referring import Reference
from anji_mapper.mapping.removals import RowPolicy
from labs.link_lab import CRM, ERP

__all__ = ["BILL", "ENTRY", "LINES", "NAME", "ORDER", "make_order_type"]

ORDER, BILL = "SalesOrderObj", "SAL_SaleOrder"
LINES, ENTRY = "SalesOrderProductObj", "FSaleOrderEntry"
NAME = f"{LINES}~{ENTRY}"

_BOTH = frozenset((CRM, ERP))
_HEAD = (
    Pair("name~FBillNo", "name", "FBillNo", Same(), CRM, frozenset((ERP,)), only_on_create=True),
    Pair("remark~FNote", "remark", "FNote", Same(), CRM, _BOTH),
    Pair("kind~FKind", "kind", "FKind", ValueMap({"a": "1", "b": "2"}), CRM, _BOTH),
    Pair(
        "account~FCustId", "account", "FCustId", Reference(), CRM, _BOTH, refers_to_erp=True
    ),
)  # fmt: skip
_ROW = (
    Pair("qty~FQty", "qty", "FQty", Same(), CRM, _BOTH),
    Pair("price~FPrice", "price", "FPrice", Same(), ERP, _BOTH),
    Pair(
        "product~FMaterialId",
        "product",
        "FMaterialId",
        Reference(),
        CRM,
        _BOTH,
        refers_to_erp=True,
    ),
    Pair("unit~FUnit", "unit", "FUnit", ValueMap({"box": "Box"}), CRM, _BOTH),
    Pair("sum~FAmount", "sum", "FAmount", Same(), ERP, frozenset((CRM,))),
)  # fmt: skip


def make_order_type(  # noqa: PLR0913 - what tests want to differ
    *,
    creates: Iterable[System] = (CRM,),
    markers: Iterable[System] = (CRM, ERP),
    lines_flow: Iterable[System] = (CRM, ERP),
    matches_names: bool = False,
    messages: tuple[MessageTemplate, ...] = (),
    on_removed: RowPolicy = RowPolicy.KEEP,
) -> LinkType:
    """Return the type. `markers`: on which sides a line keeps the other side's id."""
    lines = LinesPair(
        name=NAME,
        crm=LINES,
        crm_id="_id",
        erp=ENTRY,
        erp_id="FEntryID",
        pairs=tuple(_flowing(pair, frozenset(lines_flow)) for pair in _ROW),
        erp_marker="F_LINE" if ERP in markers else None,
        crm_marker="line__c" if CRM in markers else None,
        on_removed=dict.fromkeys(System, on_removed),
    )
    return LinkType(
        name="order",
        version="v1",
        crm=_side(CRM, lines, matches_names=matches_names),
        erp=_side(ERP, lines, matches_names=matches_names),
        creates=frozenset(creates),
        pairs=_HEAD,
        lines=(lines,),
        messages=messages,
    )


def _flowing(pair: Pair, to: frozenset[System]) -> Pair:
    return Pair(
        pair.name,
        pair.crm,
        pair.erp,
        pair.lens,
        pair.owner,
        pair.flows_to & to,
        refers_to_erp=pair.refers_to_erp,
    )


def _side(system: System, lines: LinesPair, *, matches_names: bool) -> Side:
    marker = "anji_ref__c" if system is CRM else "F_ANJI_REF"
    row_marker = lines.marker(system)
    row_paths = [pair.path(system) for pair in lines.pairs] + ([row_marker] if row_marker else [])
    number = "name" if system is CRM else "FBillNo"
    return Side(
        ObjectInterest(
            object_name=ORDER if system is CRM else BILL,
            id_field="_id" if system is CRM else "FID",
            number_field=number,
            fields=tuple(FieldInterest(pair.path(system)) for pair in _HEAD),
            lines=(
                LinesInterest(
                    lines.path(system),
                    lines.id_field(system),
                    tuple(FieldInterest(path) for path in row_paths),
                ),
            ),
            marker_field=marker,
        ),
        natural_keys=((number,),) if matches_names else (),
        own_number=None if system is CRM or matches_names else "FBillNo",
    )
