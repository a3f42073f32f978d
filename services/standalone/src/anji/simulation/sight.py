"""What people wait a while to see in the ERP before they do something there."""

from anji.people import Json, SandboxRefusedError
from anji.simulation.world import World
from anji_common.refs import System

__all__ = ["FORMS", "ORDER", "is_audited", "partner", "sure_partner"]

ORDER = "SalesOrderObj"
FORMS = {
    "AccountObj": ("BD_Customer", "FCUSTID", "FNumber"),
    "ProductObj": ("BD_MATERIAL", "FMATERIALID", "FNumber"),
    ORDER: ("SAL_SaleOrder", "FID", "FBillNo"),
}
"""Object of the CRM → form, id and number of its partners."""
_MARKER = "F_ANJI_MARKER"
_MOST_LOOKS, _LOOK_SECONDS = 6, 5.0


async def is_audited(world: World, number: str) -> bool:
    """Wait a while until an order's bill has crossed and is audited; return whether it is."""
    form, id_field, number_field = FORMS[ORDER]
    for _ in range(_MOST_LOOKS):
        rows = await world.erp_user.every(
            form, [id_field, "FDocumentStatus"], f"{number_field}='{number}'"
        )
        if rows and rows[0]["FDocumentStatus"] == "C":
            return True
        await world.clock.sleep(_LOOK_SECONDS)
    return False


async def partner(
    world: World, name: str, record_id: str, looks: int = _MOST_LOOKS
) -> Json | None:
    """Return id and number that a record of the CRM has in the ERP, once it has crossed."""
    form, id_field, number_field = FORMS[name]
    where = f"{_MARKER}='{System.FXIAOKE}/{name}/{record_id}'"
    while True:
        rows = await world.erp_user.every(form, [id_field, number_field], where)
        looks -= 1
        if rows or looks < 1:
            return rows[0] if rows else None
        await world.clock.sleep(_LOOK_SECONDS)


async def sure_partner(world: World, name: str, record_id: str) -> Json:
    """Return the same; one that does not cross in time is refused.

    Raises:
        SandboxRefusedError: it does not.
    """
    row = await partner(world, name, record_id)
    if row is None:
        msg = f"{record_id} has no partner yet"
        raise SandboxRefusedError(msg)
    return row
