"""Bills as tables: sales order, delivery notice, sales outbound, sales return.

Source: reference "k3cloud-webapi.md", sections 4.3 to 4.6. Where the documents call a field
required and name a usual value, that value is its default.
"""

from anji_sandbox.k3cloud.forms import FormText

__all__ = ["NOTICE", "ORDER", "OUTBOUND", "RETURN"]

ORDER = FormText(
    form_id="SAL_SaleOrder",
    title="销售订单",
    key="FID",
    number="FBillNo",
    prefix="XSDD",
    org="FSaleOrgId",
    text="""
FBillNo text 单据编号
FBillTypeID ref:BOS_BillType 单据类型 must =XSDD01_SYS
FDate date 日期 must =@today
FSaleOrgId ref:ORG_Organizations 销售组织 must =@org
FCustId ref:BD_Customer 客户 must
FReceiveId ref:BD_Customer 收货方 =@FCustId
FSettleId ref:BD_Customer 结算方 =@FCustId
FChargeId ref:BD_Customer 付款方 =@FCustId
FSaleDeptId ref:BD_Department 销售部门
FSaleGroupId ref:BD_OPERATORGROUP 销售组
FSalerId ref:BD_OPERATOR 销售员 must
FReceiveContact ref:BD_CommonContact 收货方联系人
FHeadLocId ref:BD_CustLocation 交货地点
FReceiveAddress text 收货方地址
FLinkMan text 联系人
FLinkPhone text 联系电话
FNote name 备注
FISINIT flag 是否期初单据
[FSaleOrderFinance] single 财务信息
FSettleCurrId ref:BD_Currency 结算币别 must =PRE001
FRecConditionId ref:BD_RecCondition 收款条件
FIsPriceExcludeTax flag 价外税
FIsIncludedTax flag 是否含税
FSettleModeId ref:BD_SETTLETYPE 结算方式
FPriceListId ref:BD_SAL_PriceList 价目表
FExchangeTypeId ref:BD_RateType 汇率类型 =HLTX01_SYS
FExchangeRate number 汇率 =1
FBillAmount number 金额 ro
[FSaleOrderEntry] rows 订单明细
FRowType text 产品类型 =Standard
FMaterialId ref:BD_MATERIAL 物料编码 must
FUnitID ref:BD_UNIT 销售单位 must
FAuxPropId flex 辅助属性
FQty number 销售数量
FPriceUnitId ref:BD_UNIT 计价单位 must =@FUnitID
FPrice number 单价
FTaxPrice number 含税单价
FIsFree flag 是否赠品
FEntryTaxRate number 税率%
FDeliveryDate time 要货日期 must
FStockOrgId ref:ORG_Organizations 库存组织 =@FSaleOrgId
FSettleOrgIds ref:ORG_Organizations 结算组织 must =@FSaleOrgId
FSupplyOrgId ref:ORG_Organizations 供应组织
FOwnerTypeId text 货主类型 =BD_OwnerOrg
FOwnerId ref:ORG_Organizations 货主
FReserveType text 预留类型 must =1
FPriceBaseQty number 计价基本数量
FStockUnitID ref:BD_UNIT 库存单位 must =@FUnitID
FStockQty number 库存数量
FStockBaseQty number 库存基本数量
FOUTLMTUNIT text 超发控制单位类型 must =SAL
FOutLmtUnitID ref:BD_UNIT 超发控制单位
FAllAmountExceptDisCount number 价税合计(折前)
FAllAmount number 价税合计 ro
FStockOutQty number 累计出库数量 ro
FRemainOutQty number 剩余未出数量 ro
FCanOutQty number 可出数量 ro
FDeliveryStatus text 发货状态 ro =A
[FOrderEntryPlan] rows 交货明细 of FSaleOrderEntry
FPlanDate time 计划发货日期
FPlanQty number 数量
[FTaxDetailSubEntity] rows 税务明细 of FSaleOrderEntry
[FSaleOrderPlan] rows 收款计划
FNeedRecAdvance flag 是否预收
FReceiveType ref:BD_ReceiveType 收款类型
FRecAdvanceRate number 应收比例(%)
FRecAdvanceAmount number 应收金额
FMustDate date 到期日
FRelBillNo text 关联单号
FRecAmount number 实收金额
FControlSend text 控制环节
FReMark text 备注
FPlanMaterialId ref:BD_MATERIAL 物料编码
FMaterialSeq int 物料行号
FOrderEntryId int 订单明细内码
[FSaleOrderClause] rows 订单条款
[FSalOrderTrace] rows 物流跟踪
""",
)

NOTICE = FormText(
    form_id="SAL_DELIVERYNOTICE",
    title="发货通知单",
    key="FID",
    number="FBillNo",
    prefix="FHTZD",
    org="FSaleOrgId",
    text="""
FBillNo text 单据编号
FBillTypeID ref:BOS_BillType 单据类型 must =FHTZD01_SYS
FDate date 日期 must =@today
FSaleOrgId ref:ORG_Organizations 销售组织 must =@org
FDeliveryOrgID ref:ORG_Organizations 发货组织 must =@FSaleOrgId
FCustomerID ref:BD_Customer 客户 must
FHeadDeliveryWay ref:BD_DeliveryWay 交货方式
FCarrierID ref:BD_Supplier 承运商
FCarriageNO text 运输单号
FReceiverID ref:BD_Customer 收货方 =@FCustomerID
FReceiverContactID ref:BD_CommonContact 收货方联系人
FReceiveAddress text 收货方地址
FSalesManID ref:BD_OPERATOR 销售员
FSaleDeptID ref:BD_Department 销售部门
[SubHeadEntity] single 财务信息
FSettleOrgID ref:ORG_Organizations 结算组织 must =@FSaleOrgId
FSettleCurrID ref:BD_Currency 结算币别 must =PRE001
[FEntity] rows 明细信息
FMaterialID ref:BD_MATERIAL 物料编码 must
FUnitID ref:BD_UNIT 销售单位 must
FQty number 销售数量
FStockID ref:BD_STOCK 出货仓库
FDeliveryDate time 要货日期
FPlanDeliveryDate time 计划发货日期
FOrderNo text 订单单号
FOrderSeq int 订单行号
FSrcType text 源单类型
FSrcBillNo text 源单编号
FSOEntryId int 销售订单分录内码
FOutLmtUnit text 超发控制单位类型 must =SAL
FJoinOutQty number 关联出库数量 ro
FSumOutQty number 累计出库数量 ro
FRemainOutQty number 未出库数量 ro
FCLOSESTATUS_MX text 关闭状态 ro =A
[FEntity_Link] rows 关联关系 of FEntity
FRuleId text 转换规则
FSTableName text 源单表
FSBillId int 源单内码
FSId int 源单分录内码
FBaseUnitQty number 基本单位数量
[FSerialSubEntity] rows 序列号 of FEntity
[FDeliNoticeTrace] rows 物流跟踪
FLogComId ref:BD_LogisticsCompany 物流公司
FCarryBillNo text 物流单号 must
FPhoneNumber text 手机号
FFrom text 起始地点
FTo text 终止地点
FDelTime time 发货时间
FTraceStatus text 物流状态
FReceiptTime time 签收时间
[FDeliNoticeTraceDetail] rows 物流详情 of FDeliNoticeTrace
FTraceTime text 时间
FTraceDetail text 物流详情
""",
)

OUTBOUND = FormText(
    form_id="SAL_OUTSTOCK",
    title="销售出库单",
    key="FID",
    number="FBillNo",
    prefix="XSCKD",
    org="FSaleOrgId",
    text="""
FBillNo text 单据编号
FBillTypeID ref:BOS_BillType 单据类型 must =XSCKD01_SYS
FDate date 日期 must =@today
FSaleOrgId ref:ORG_Organizations 销售组织 must =@org
FStockOrgId ref:ORG_Organizations 发货组织 must =@FSaleOrgId
FCustomerID ref:BD_Customer 客户 must
FCarrierID ref:BD_Supplier 承运商
FCarriageNO text 运输单号
FSalesManID ref:BD_OPERATOR 销售员
FReceiverID ref:BD_Customer 收货方 =@FCustomerID
FReceiveAddress text 收货方地址
FLogisticsNos text 物流单号
FNote name 备注
[SubHeadEntity] single 财务信息
FSettleCurrID ref:BD_Currency 结算币别 must =PRE001
FSettleOrgID ref:ORG_Organizations 结算组织 must =@FSaleOrgId
FIsIncludedTax flag 是否含税
FReceiverName text 收货人姓名
FReceiverMobile text 收货人手机
FReceiverAddress text 收货人地址
FReceiverState text 收货省
FReceiverCity text 收货市
FReceiverDistrict text 收货区
FThirdBillNo text 第三方单据编号
[FEntity] rows 明细信息
FMaterialID ref:BD_MATERIAL 物料编码 must
FUnitID ref:BD_UNIT 库存单位 must
FRealQty number 实发数量
FMustQty number 应发数量
FPrice number 单价
FTaxPrice number 含税单价
FIsFree flag 是否赠品
FEntryTaxRate number 税率%
FOwnerTypeID text 货主类型 =BD_OwnerOrg
FOwnerID ref:ORG_Organizations 货主
FLot ref:BD_BatchMainFile 批号
FStockID ref:BD_STOCK 仓库 must
FStockLocID flex 仓位
FSrcType text 源单类型
FSrcBillNo text 源单编号
FSoorDerno text 销售订单单号
FSOEntryId int 销售订单分录内码
FSALUNITQTY number 销售数量
FSALBASEQTY number 销售基本数量
FPRICEBASEQTY number 计价基本数量
[FEntity_Link] rows 关联关系 of FEntity
FEntity_Link_FRuleId text 转换规则
FEntity_Link_FSTableName text 源单表
FEntity_Link_FSBillId int 源单内码
FEntity_Link_FSId int 源单分录内码
[FOutStockTrace] rows 物流跟踪
FLogComId ref:BD_LogisticsCompany 物流公司
FCarryBillNo text 物流单号
FPhoneNumber text 手机号
FFrom text 起始地点
FTo text 终止地点
FDelTime time 发货时间
FTraceStatus text 物流状态
FReceiptTime time 签收时间
FCarryBillNoType text 物流单号类型
[FOutStockTraceDetail] rows 物流详情 of FOutStockTrace
FTraceTime text 时间
FTraceDetail text 物流详情
""",
)

RETURN = FormText(
    form_id="SAL_RETURNSTOCK",
    title="销售退货单",
    key="FID",
    number="FBillNo",
    prefix="XSTHD",
    org="FSaleOrgId",
    text="""
FBillNo text 单据编号
FBillTypeID ref:BOS_BillType 单据类型 must =XSTHD01_SYS
FDate date 日期 must =@today
FSaleOrgId ref:ORG_Organizations 销售组织 must =@org
FStockOrgId ref:ORG_Organizations 库存组织 must =@FSaleOrgId
FRetcustId ref:BD_Customer 退货客户 must
FReturnReason ref:BD_ReturnReason 退货原因
FHeadNote text 备注
FSalesManId ref:BD_OPERATOR 销售员
[SubHeadEntity] single 财务信息
[FEntity] rows 明细信息
FMaterialId ref:BD_MATERIAL 物料编码 must
FRealQty number 实退数量
FTaxPrice number 含税单价
""",
)
