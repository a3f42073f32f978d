"""Forms that Anji has been tried with, as data. Any other works by its mapping alone.

Source: reference "k3cloud-webapi.md", section 4; keys that it does not show are not confirmed.
"""

from dataclasses import dataclass

__all__ = ["KNOWN_FORMS", "KnownForm"]


@dataclass(frozen=True, slots=True)
class KnownForm:
    """A form that Anji has been tried with; any other works by its mapping alone."""

    form_id: str
    title: str
    id_field: str
    number_field: str
    entries: tuple[str, ...] = ()
    """Entities with rows that a mapping is likely to name."""
    is_confirmed: bool = True
    """Whether a source shows the key field; where not, the mapping must be checked."""


KNOWN_FORMS = (
    KnownForm(
        "BD_Customer",
        "客户",
        "FCUSTID",
        "FNumber",
        ("FT_BD_CUSTLOCATION", "FT_BD_CUSTBANK", "FT_BD_CUSTCONTACT", "FT_BD_CUSTORDERORG"),
    ),
    KnownForm("BD_CommonContact", "联系人", "FCONTACTID", "FNumber"),
    KnownForm("BD_MATERIAL", "物料", "FMATERIALID", "FNumber"),
    KnownForm(
        "SAL_SaleOrder", "销售订单", "FID", "FBillNo", ("FSaleOrderEntry", "FSaleOrderPlan")
    ),
    KnownForm(
        "SAL_DELIVERYNOTICE", "发货通知单", "FID", "FBillNo", ("FEntity", "FDeliNoticeTrace")
    ),
    KnownForm("SAL_OUTSTOCK", "销售出库单", "FID", "FBillNo", ("FEntity", "FOutStockTrace")),
    KnownForm("SAL_RETURNSTOCK", "销售退货单", "FID", "FBillNo", ("FEntity",)),
    KnownForm("AR_RECEIVEBILL", "收款单", "FID", "FBillNo", ("FRECEIVEBILLENTRY",)),
    KnownForm("AR_receivable", "应收单", "FID", "FBillNo", ("FEntityDetail",)),
    KnownForm("STK_Inventory", "即时库存", "FID", "FID", is_confirmed=False),
    KnownForm("BD_Empinfo", "员工", "FID", "FStaffNumber", is_confirmed=False),
    KnownForm("BD_OPERATOR", "业务员", "FID", "FNumber", is_confirmed=False),
    KnownForm("ORG_Organizations", "组织机构", "FOrgID", "FNumber", is_confirmed=False),
    KnownForm("BD_STOCK", "仓库", "FStockId", "FNumber", is_confirmed=False),
    KnownForm("BD_Currency", "币别", "FCURRENCYID", "FNumber", is_confirmed=False),
)
