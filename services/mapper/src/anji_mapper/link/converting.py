"""What one side should hold for what the other holds: a pair's lens, among its surroundings."""

from pydantic import JsonValue

from anji_common.errors import AwaitedError, MappingError, UndecodableError
from anji_common.refs import System
from anji_mapper.link.context import Context
from anji_mapper.mapping.model import Around, LinesPair, Pair, References, Row, Seen

__all__ = ["convert", "is_same_line", "number_of"]


def convert(
    pair: Pair, target: System, source: Seen, row: Row | None, context: Context
) -> JsonValue:
    """Return what `target` should hold for the source side's value of `pair`.

    Raises:
        AwaitedError: it refers to a record that has no counterpart yet.
        MappingError: it has no counterpart; the message names the field.
    """
    around = Around(context.references, source.head, row or {}, source.rows)
    values = source.head if row is None else row
    try:
        if target is System.FXIAOKE:
            return pair.lens.erp_to_crm(values.get(pair.erp), around)
        wished = pair.lens.crm_to_erp(values.get(pair.crm), around)
        if wished is not None and pair.refers_to_erp:
            number_of(str(wished), context.references)
    except (MappingError, UndecodableError) as error:
        msg = f"{pair.path(target.other)} → {pair.path(target)}: {error}"
        raise MappingError(msg) from error
    return wished


def number_of(erp_ref: str, references: References) -> str:
    """Return the business number by which an ERP record is referred to.

    Raises:
        AwaitedError: it is not known yet.
    """
    known = references.row(erp_ref)
    if known is None or known.business_number is None:
        token = f"ref:{erp_ref}"
        raise AwaitedError(token)
    return known.business_number


def is_same_line(
    lines: LinesPair, sides: tuple[Seen, Seen], rows: tuple[Row, Row], context: Context
) -> bool:
    """Whether nothing in two rows differs, and something is equal: what one lacks says nothing."""
    is_something_equal = False
    for pair in lines.pairs:
        crm, erp = rows[0].get(pair.crm), rows[1].get(pair.erp)
        if crm is None or erp is None:
            continue
        target = System.K3CLOUD if System.K3CLOUD in pair.flows_to else System.FXIAOKE
        source = 0 if target is System.K3CLOUD else 1
        try:
            wished = convert(pair, target, sides[source], rows[source], context)
        except (AwaitedError, MappingError):
            return False
        if wished != (erp if target is System.K3CLOUD else crm):
            return False
        is_something_equal = True
    return is_something_equal
