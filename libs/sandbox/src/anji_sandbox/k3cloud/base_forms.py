"""Base data as tables: customers, materials, currencies, organisations, users.

Source: reference "k3cloud-webapi.md", sections 4.2 and 4.6, and "customer-packet.json" for every
field of the customer. Targets that are no form here (units, groups, operators …) are kinds whose
numbers are taken as they come.
"""

from anji_sandbox.k3cloud.forms import FormText

__all__ = ["CURRENCY", "CUSTOMER", "MATERIAL", "ORGANISATION", "USER"]

CUSTOMER = FormText(
    form_id="BD_Customer",
    title="客户",
    key="FCUSTID",
    number="FNumber",
    name="FName",
    prefix="CUST",
    text="""
FNumber text 客户编码
FName name 客户名称 must
FCreateOrgId ref:ORG_Organizations 创建组织 must =@org
FUseOrgId ref:ORG_Organizations 使用组织 must =@FCreateOrgId
FShortName name 简称
FCOUNTRY ref:BD_Country 国家
FPROVINCIAL ref:BD_Province 地区
FADDRESS name 通讯地址
FZIP text 邮政编码
FWEBSITE text 公司网址
FTEL text 联系电话
FFAX text 传真
FCompanyClassify ref:BD_CompanyClassify 公司类别
FCompanyNature ref:BD_CompanyNature 公司性质
FCompanyScale ref:BD_CompanyScale 公司规模
FINVOICETITLE name 发票抬头
FTAXREGISTERCODE text 纳税登记号
FINVOICEBANKNAME text 开户银行
FINVOICETEL text 开票联系电话
FINVOICEBANKACCOUNT text 银行账号
FINVOICEADDRESS name 开票通讯地址
FSUPPLIERID ref:BD_Supplier 对应供应商
FIsDefPayer flag 默认付款方
FGROUPCUSTID ref:BD_Customer 对应集团客户
FIsGroup flag 集团客户
FCustTypeId ref:BD_CustomerType 客户类别
FGroup ref:BD_CustomerGroup 客户分组
FTRADINGCURRID ref:BD_Currency 结算币别 must =PRE001
FCorrespondOrgId ref:ORG_Organizations 对应组织
FDescription name 备注
FSALDEPTID ref:BD_Department 销售部门
FSALGROUPID ref:BD_OPERATORGROUP 销售组
FSELLER ref:BD_OPERATOR 销售员
FSETTLETYPEID ref:BD_SETTLETYPE 结算方式
FRECCONDITIONID ref:BD_RecCondition 收款条件
FDISCOUNTLISTID ref:BD_DiscountList 折扣表
FPRICELISTID ref:BD_SAL_PriceList 价目表
FTRANSLEADTIME int 运输提前期
FInvoiceType text 发票类型
FTaxType ref:BD_TaxType 税分类
FRECEIVECURRID ref:BD_Currency 收款币别
FPriority int 客户优先级
FTaxRate ref:BD_TaxRate 默认税率
FISCREDITCHECK flag 启用信用管理
FIsTrade flag 是否交易客户
[FT_BD_CUSTOMEREXT] single 客户扩展
FEnableSL flag 启用商联在线
FFreezeLimit text 冻结范围
FFreezeOperator ref:SEC_User 冻结人
FFreezeDate date 冻结日期
FPROVINCE ref:BD_Province 省份
FCITY ref:BD_City 城市
FDefaultConsiLoc ref:BD_CustLocation 默认收货方地点
FDefaultSettleLoc ref:BD_CustLocation 默认结算方地点
FDefaultPayerLoc ref:BD_CustLocation 默认付款方地点
FDefaultContact ref:BD_CommonContact 默认联系人
FMarginLevel number 保证金比例
FDebitCard text 记账卡号
FSettleId ref:BD_Customer 默认结算方
FChargeId ref:BD_Customer 默认付款方
FALLOWJOINZHJ flag 允许加入珠宝金融
[FT_BD_CUSTLOCATION] rows 联系人
FContactId ref:BD_CommonContact 联系人
FIsDefaultConsigneeCT flag 默认收货联系人
FIsCopy flag 是否复制
[FT_BD_CUSTBANK] rows 银行信息
FCOUNTRY1 ref:BD_Country 国家
FBANKCODE text 银行账号
FACCOUNTNAME name 账户名称
FBankTypeRec ref:BD_Bank 收款银行
FTextBankDetail text 银行网点
FBankDetail ref:BD_BankDetail 银行网点资料
FOpenAddressRec name 开户行地址
FOPENBANKNAME name 开户银行
FCNAPS text 联行号
FCURRENCYID ref:BD_Currency 币别
FISDEFAULT1 flag 默认
[FT_BD_CUSTCONTACT] rows 地址信息
FNUMBER1 text 地点编码
FNAME1 name 地点名称
FADDRESS1 name 详细地址
FTRANSLEADTIME1 int 运输提前期
FMOBILE text 移动电话
FIsDefaultConsignee flag 默认收货地址
FIsDefaultSettle flag 默认开票地址
FIsDefaultPayer flag 默认付款地址
FIsUsed flag 启用
[FT_BD_CUSTORDERORG] rows 订货组织
FOrderOrgId ref:ORG_Organizations 订货组织
FIsDefaultOrderOrg flag 默认订货组织
""",
)

MATERIAL = FormText(
    form_id="BD_MATERIAL",
    title="物料",
    key="FMATERIALID",
    number="FNumber",
    name="FName",
    prefix="MAT",
    text="""
FNumber text 编码
FName name 名称 must
FCreateOrgId ref:ORG_Organizations 创建组织 must =@org
FUseOrgId ref:ORG_Organizations 使用组织 must =@FCreateOrgId
FUserOrgId ref:ORG_Organizations 使用组织
FSpecification name 规格型号
FDescription name 描述
FMaterialGroup ref:BD_MaterialGroup 物料分组
FBaseUnitId ref:BD_UNIT 基本单位 must =Pcs
""",
)

CURRENCY = FormText(
    form_id="BD_Currency",
    title="币别",
    key="FCURRENCYID",
    is_key_shown=False,
    number="FNumber",
    name="FName",
    text="""
FNumber text 编码
FName name 名称 must
FCODE text 货币代码
""",
)

ORGANISATION = FormText(
    form_id="ORG_Organizations",
    title="组织机构",
    key="FOrgID",
    is_key_shown=False,
    number="FNumber",
    name="FName",
    text="""
FNumber text 编码
FName name 名称 must
""",
)

USER = FormText(
    form_id="SEC_User",
    title="用户",
    key="FUserID",
    number="FUserAccount",
    name="FName",
    text="""
FUserAccount text 用户账号
FName name 用户名称 must
""",
)
