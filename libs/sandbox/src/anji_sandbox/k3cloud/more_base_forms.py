"""More base data as tables: contacts, employees, operators, stocks, what lies in stock, a log.

Source: reference "k3cloud-webapi.md", sections 3.6, 4, 4.1 and 4.6. Keys marked ``?`` and the
primary keys of forms with `is_key_shown` false are shown by no source.
"""

from anji_sandbox.k3cloud.forms import FormText

__all__ = ["CONTACT", "EMPLOYEE", "INVENTORY", "OPERATE_LOG", "OPERATOR", "STOCK"]

CONTACT = FormText(
    form_id="BD_CommonContact",
    title="联系人",
    key="FCONTACTID",
    number="FNumber",
    name="FName",
    prefix="CXR",
    text="""
FNumber text 联系人编码
FName name 姓名 must
FMobile text 移动电话
""",
)

EMPLOYEE = FormText(
    form_id="BD_Empinfo",
    title="员工",
    key="FID",
    is_key_shown=False,
    number="FStaffNumber",
    name="FName",
    prefix="YG",
    text="""
FStaffNumber text 员工编号
FName name 员工姓名 must
FMobile text 移动电话
FEmail text 电子邮箱
""",
)

OPERATOR = FormText(
    form_id="BD_OPERATOR",
    title="业务员",
    key="FID",
    is_key_shown=False,
    number="FNumber",
    name="FName",
    prefix="YWY",
    text="""
FNumber text 业务员编码
FName name 业务员名称 ?
""",
)

STOCK = FormText(
    form_id="BD_STOCK",
    title="仓库",
    key="FStockId",
    is_key_shown=False,
    number="FNumber",
    name="FName",
    prefix="CK",
    text="""
FNumber text 仓库编码
FName name 仓库名称 must
""",
)

INVENTORY = FormText(
    form_id="STK_Inventory",
    title="即时库存",
    key="FID",
    is_key_shown=False,
    number="FID",
    is_readonly=True,
    is_plain=True,
    text="""
FMaterialId ref:BD_MATERIAL 物料编码
FStockId ref:BD_STOCK 仓库
FStockOrgId ref:ORG_Organizations 库存组织
FLot ref:BD_BatchMainFile 批号
FQty number 库存量
FBaseQty number 基本单位库存量
FAVBQty number 可用量
FBaseUnitId ref:BD_UNIT 基本单位
FStockStatusId ref:BD_StockStatus 库存状态
FProduceDate date 生产日期
FExpiryDate date 有效期至
""",
)

OPERATE_LOG = FormText(
    form_id="BOS_OperateLog",
    title="上机操作日志",
    key="FID",
    is_key_shown=False,
    number="FID",
    is_readonly=True,
    is_plain=True,
    text="""
FDATETIME time 操作时间
FUSERID ref:SEC_User 操作用户
FOPERATENAME text 操作名称
FDESCRIPTION text 操作描述
FInterId int 内码
""",
)
