"""What is known of the CRM's objects, as data: paths, system fields, sums.

Source: docs/vendors/fxiaoke.md, sections 2.1 (paths), 3.3 (system fields), 4 (objects).
"""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["DEFAULT_RECORD_TYPE", "SUMS", "VOIDED", "Sum", "data_path", "is_custom"]

VOIDED = "invalid"
"""`life_status` of a voided (作废) record."""

DEFAULT_RECORD_TYPE = "default__c"
"""`record_type` of a record of an object that has only one."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A head's amount and the lines' amounts that add up to it, where nothing is discounted."""

    amount: str
    lines: str
    line_amount: str


SUMS: Mapping[str, tuple[Sum, ...]] = {
    "SalesOrderObj": (
        Sum("product_amount", "SalesOrderProductObj", "subtotal"),
        Sum("order_amount", "SalesOrderProductObj", "subtotal"),
    ),
    "DeliveryNoteObj": (Sum("total_delivery_money", "DeliveryNoteProductObj", "delivery_money"),),
}


def is_custom(object_name: str) -> bool:
    """Return whether the object is the tenant's own; it is served on other paths."""
    return object_name.endswith("__c")


def data_path(object_name: str, verb: str) -> str:
    """Return the path of ``create``, ``get``, ``query``, ``update``, ``changeOwner``."""
    kind = "custom/" if is_custom(object_name) else ""
    return f"cgi/crm/{kind}v2/data/{verb}"
