"""The objects of the sandbox CRM and their fields, as data.

Only fields that the reference shows; a real tenant has more, and describe is its authority.
Source: reference sections 3.3 (system fields) and 4 (preset objects). The custom fields are those
of the customer packet; any other key that ends in ``__c`` is taken as it comes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["COMPANIONS", "OBJECTS", "SYSTEM_FIELDS", "FieldSpec", "ObjectSpec", "object_spec"]

COMPANIONS = ("__r", "__l", "__o", "__v", "__p", "__e", "__relation_ids")
"""Endings of what goes along with a field; only ``__o``, the text of "other", is written."""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field: its type decides its form on the wire."""

    name: str
    type: str
    is_required: bool = False
    target: str = ""
    """The object that a reference points to."""
    defined_by: str = "package"


@dataclass(frozen=True, slots=True)
class ObjectSpec:
    """One object of the CRM."""

    name: str
    label: str
    fields: Mapping[str, FieldSpec]
    auto_name: str = ""
    """Records without a name get this and a number."""
    head_field: str = ""
    """Of a detail object: the field that holds its head's id."""
    head: str = field(default="")

    @property
    def is_custom(self) -> bool:
        """Say whether the object is the tenant's own."""
        return self.name.endswith("__c")

    def field(self, name: str) -> FieldSpec | None:
        """Return a declared field, own or system, or `None`."""
        return self.fields.get(name) or SYSTEM_FIELDS.get(name)


def _fields(text: str, defined_by: str) -> dict[str, FieldSpec]:
    """Read ``name:type``, ``!`` for required, ``>Object`` for the target of a reference."""
    fields = {}
    for word in text.split():
        name, _, rest = word.partition(":")
        rest, _, target = rest.partition(">")
        kind = "custom" if name.endswith("__c") else defined_by
        fields[name] = FieldSpec(name, rest.rstrip("!"), rest.endswith("!"), target, kind)
    return fields


def object_spec(name: str, label: str, fields: str, *, auto_name: str = "") -> ObjectSpec:
    """Return an object from a line of fields such as ``name:text! order_id:master_detail>X``."""
    read = _fields(fields, "package")
    heads = [spec for spec in read.values() if spec.type == "master_detail"]
    head_field, head = (heads[0].name, heads[0].target) if heads else ("", "")
    return ObjectSpec(name, label, read, auto_name, head_field, head)


SYSTEM_FIELDS: Mapping[str, FieldSpec] = _fields(
    """
    _id:text name:text owner:employee owner_department:text data_own_department:department
    data_own_organization:department created_by:employee create_time:date_time
    last_modified_by:employee last_modified_time:date_time life_status:select_one
    life_status_before_invalid:select_one lock_status:select_one lock_rule:lock_rule
    lock_user:employee record_type:record_type relevant_team:embedded_object_list tenant_id:text
    is_deleted:true_or_false version:text package:text object_describe_api_name:text
    object_describe_id:text order_by:number extend_obj_data_id:text out_owner:employee
    out_tenant_id:text out_resources:text partner_id:object_reference mc_currency:select_one
    mc_exchange_rate:number mc_exchange_rate_version:text mc_functional_currency:select_one
    """,
    "system",
)

_ACCOUNT = """
    name:text! account_no:text account_type:select_one account_level:select_one
    account_source:select_one account_status:select_one deal_status:select_one
    industry_level1:select_one industry_level2:select_one tel:phone_number email:email fax:text
    url:url address:text area_location:group location:location country:country province:province
    city:city district:district remark:long_text high_seas_id:text high_seas_name:text
    last_deal_closed_time:date_time last_deal_closed_amount:currency last_followed_time:date_time
    completion_rate:percentile back_reason:select_one recycled_reason:long_text
    remaining_time:text transfer_count:number total_refund_amount:currency
    is_remind_recycling:true_or_false filling_checker_id:employee pin_yin:text
    parent_account_id:object_reference>AccountObj
    field_fnfcA__c:text field_n5V1I__c:text field_IdOci__c:text field_zW12m__c:text
    field_G45nC__c:text
"""
_PRODUCT = """
    name:text! product_code:text product_spec:text barcode:text category:select_one price:currency
    unit:select_one picture_path:image off_shelves_time:date_time remark:long_text
"""
_ORDER = """
    name:text account_id:object_reference!>AccountObj order_time:date_time order_amount:currency
    product_amount:currency discount:percentile order_status:select_one invoice_status:select_one
    logistics_status:select_one ship_to_id:object_reference>ContactObj ship_to_add:text
    ship_to_tel:phone_number ship_to_fax:text delivery_date:date_time receivable_amount:currency
    payment_amount:currency invoice_amount:currency no_invoice_amount:currency
    plan_payment_amount:currency refund_amount:currency returned_goods_amount:currency
    opportunity_id:object_reference new_opportunity_id:object_reference
    quote_id:object_reference price_book_id:object_reference receipt_type:select_one
    commision_info:text remark:long_text is_user_define_work_flow:true_or_false
"""
_ORDER_LINE = """
    name:text order_id:master_detail!>SalesOrderObj product_id:object_reference>ProductObj
    product_price:currency discount:percentile sales_price:currency quantity:number
    subtotal:currency order_product_amount:currency unit:select_one
    price_book_product_id:object_reference remark:long_text
"""
_DELIVERY = """
    name:text sales_order_id:object_reference>SalesOrderObj account_id:object_reference>AccountObj
    delivery_date:date_time delivery_warehouse_id:object_reference ship_to_add:text
    consignee_phone_number:phone_number total_delivery_money:currency remark:long_text
"""
_DELIVERY_LINE = """
    name:text delivery_note_id:master_detail!>DeliveryNoteObj
    sales_order_id:object_reference>SalesOrderObj
    sales_order_product_id:object_reference>SalesOrderProductObj
    product_id:object_reference>ProductObj delivery_num:number delivery_money:currency
    sales_price:currency unit:select_one delivery_warehouse_id:object_reference remark:long_text
"""
_PERSONNEL = """
    name:text! full_name:text user_id:text employee_number:text phone:phone_number
    main_department:department position:text status:select_one
"""

OBJECTS: Mapping[str, ObjectSpec] = {
    spec.name: spec
    for spec in (
        object_spec("AccountObj", "客户", _ACCOUNT),
        object_spec("ProductObj", "产品", _PRODUCT),
        object_spec("SalesOrderObj", "销售订单", _ORDER, auto_name="SO"),
        object_spec("SalesOrderProductObj", "订单产品", _ORDER_LINE, auto_name="SOP"),
        object_spec("DeliveryNoteObj", "发货单", _DELIVERY, auto_name="DN"),
        object_spec("DeliveryNoteProductObj", "发货单产品", _DELIVERY_LINE, auto_name="DNP"),
        object_spec("PersonnelObj", "人员", _PERSONNEL),
    )
}
