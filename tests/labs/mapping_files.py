"""Small mapping files that are right, to be broken in one place by tests."""

from anji_mapper.mapping.compile import compile_mappings, find_errors
from anji_mapper.mapping.model import LinkType

__all__ = ["GOOD", "ORDER", "changed", "compiled", "words_of"]

GOOD = """\
link: customer
settings:
  organisation: "100"
creates: crm
crm:
  object: AccountObj
  id: _id
  number: name
  marker: anji_ref__c
erp:
  object: BD_Customer
  id: FCUSTID
  number: FNumber
  marker: F_ANJI_MARKER
  natural_keys: [FNumber]
  packet:
    FCreateOrgId: {FNumber: "${organisation}"}
    FNumber: ""
    FName: "{{name}}"
    FTEL: ""
fields:
  - {crm: no__c, erp: FNumber, owner: erp}
  - {crm: name, erp: FName}
  - {crm: tel, erp: FTEL}
"""
ORDER = """\
link: order
creates: crm
crm:
  object: SalesOrderObj
  id: _id
  number: name
  shares: {owner: owner}
erp:
  object: SAL_SaleOrder
  id: FID
  number: FBillNo
  is_bill: true
  own_number: FBillNo
  packet:
    FBillNo: "{{name}}"
    FCustId: {FNUMBER: ""}
    FEntry:
      - FQty: ""
fields:
  - {crm: name, erp: FBillNo}
  - {crm: account_id, erp: FCustId, lens: {reference: customer}}
lines:
  - crm: {path: LineObj, id: _id, head: order_id}
    erp: {path: FEntry, id: FEntryID, marker: F_LINE}
    fields:
      - {crm: quantity, erp: FQty, lens: decimal}
"""


def changed(text: str, old: str, new: str) -> str:
    """Return the file with one place changed, which must be there."""
    assert old in text
    return text.replace(old, new, 1)


def words_of(**files: str) -> list[str]:
    """Return what is wrong with files, named without their ending."""
    return [
        str(each) for each in find_errors({f"{name}.yaml": text for name, text in files.items()})
    ]


def compiled(text: str) -> LinkType:
    """Return the one link type of a file."""
    return compile_mappings({"customer.yaml": text}).types[0]
