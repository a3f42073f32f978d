"""What one side should hold for what the other holds: a pair's lens, among its surroundings."""

from pydantic import JsonValue

from anji_common.errors import AwaitedError, MappingError, UndecodableError
from anji_common.refs import System
from anji_mapper.link.context import Context
from anji_mapper.mapping.model import Around, Pair, References, Row, Seen

__all__ = ["convert", "number_of"]


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
