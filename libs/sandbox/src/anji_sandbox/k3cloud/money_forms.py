"""Bills about money as tables: receipts (收款单) and receivables (应收单).

Source: reference "k3cloud-webapi.md", section 4.6. It lists their keys and does not say which of
them are required: here the other party and the currency are.
"""

from anji_sandbox.k3cloud.forms import FormText

__all__ = ["RECEIPT", "RECEIVABLE"]

RECEIPT = FormText(
    form_id="AR_RECEIVEBILL",
    title="收款单",
    key="FID",
    number="FBillNo",
    prefix="SKD",
    org="FPAYORGID",
    text="""
FBillNo text 单据编号
FBillTypeID ref:BOS_BillType 单据类型 must =SKDLX01_SYS
FDATE date 业务日期 must =@today
FCONTACTUNITTYPE text 往来单位类型 =BD_Customer
FCONTACTUNIT ref:BD_Customer 往来单位 must
FPAYUNITTYPE text 付款单位类型 =BD_Customer
FPAYUNIT ref:BD_Customer 付款单位 =@FCONTACTUNIT
FCURRENCYID ref:BD_Currency 币别 must =PRE001
FPAYORGID ref:ORG_Organizations 收款组织 must =@org
FSETTLEORGID ref:ORG_Organizations 结算组织 =@FPAYORGID
FSALEORGID ref:ORG_Organizations 销售组织 =@FPAYORGID
FSALEDEPTID ref:BD_Department 销售部门
FSALEERID ref:BD_OPERATOR 销售员
FBUSINESSTYPE text 业务类型 =1
FEXCHANGERATE number 汇率 =1
FSETTLECUR ref:BD_Currency 结算币别 =@FCURRENCYID
[FRECEIVEBILLENTRY] rows 收款单明细
FSETTLETYPEID ref:BD_SETTLETYPE 结算方式 =JSFS01_SYS
FPURPOSEID ref:CN_RECPAYPURPOSE 收款用途 =SFKYT01_SYS
FRECTOTALAMOUNTFOR number 应收金额
FRECAMOUNTFOR_E number 收款金额
FRECAMOUNT_E number 收款金额本位币
FPOSTDATE time 登账日期
FNOTVERIFICATEAMOUNT number 未核销金额
FREALRECAMOUNTFOR_D number 实收金额 ro
[FBILLRECEIVABLEENTRY] rows 应收票据
""",
)

RECEIVABLE = FormText(
    form_id="AR_receivable",
    title="应收单",
    key="FID",
    number="FBillNo",
    prefix="AR",
    org="FSETTLEORGID",
    text="""
FBillNo text 单据编号
FBillTypeID ref:BOS_BillType 单据类型 must =YSD01_SYS
FDATE date 业务日期 must =@today
FENDDATE_H date 到期日 =@FDATE
FISINIT flag 是否期初单据
FCUSTOMERID ref:BD_Customer 客户 must
FCURRENCYID ref:BD_Currency 币别 must =PRE001
FPayConditon ref:BD_RecCondition 收款条件
FISPRICEEXCLUDETAX flag 价外税
FSETTLEORGID ref:ORG_Organizations 结算组织 must =@org
FPAYORGID ref:ORG_Organizations 收款组织 =@FSETTLEORGID
FSALEORGID ref:ORG_Organizations 销售组织 =@FSETTLEORGID
FSALEDEPTID ref:BD_Department 销售部门
FSALEERID ref:BD_OPERATOR 销售员
FBUSINESSTYPE text 业务类型 =BZ
[FsubHeadFinc] single 表头财务
[FEntityDetail] rows 明细
FMATERIALID ref:BD_MATERIAL 物料编码
FPRICEUNITID ref:BD_UNIT 计价单位
FPriceQty number 计价数量
FTaxPrice number 含税单价
FEntryTaxRate number 税率(%)
FNoTaxAmountFor_D number 不含税金额
FTAXAMOUNTFOR_D number 税额
FALLAMOUNTFOR_D number 价税合计
""",
)
