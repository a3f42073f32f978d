"""The company's people and departments as records of PersonnelObj and DepartmentObj.

They are there before anything else, and raise no events. Source: reference section 1.3 and 4 for
the fields of PersonnelObj; those of DepartmentObj are S13's.
"""

from anji_sandbox.fxiaoke.company import DEPARTMENTS
from anji_sandbox.fxiaoke.objects import ObjectSpec
from anji_sandbox.fxiaoke.records import Records
from anji_sandbox.fxiaoke.shop import Shop
from anji_sandbox.store import Record, Store

__all__ = ["make_people"]

_FOUNDED_AT = 1_600_000_000.0


def make_people(shop: Shop, store: Store, records: Records) -> None:
    """Enter everybody, and every department, where nobody is there yet."""
    rows: dict[str, list[Record]] = {
        "PersonnelObj": _employees(shop),
        "DepartmentObj": _departments(),
    }
    own = shop.company.employees[0].open_user_id
    for name, values in rows.items():
        spec: ObjectSpec | None = shop.objects.get(name)
        if spec is None or store.count(name):
            continue
        with records.batch(_FOUNDED_AT, own) as batch:
            for each in values:
                records.create(batch, spec, {"owner": [own], **each})
    store.writes.clear()


def _employees(shop: Shop) -> list[Record]:
    return [
        {
            "name": employee.name,
            "full_name": employee.name,
            "user_id": employee.employee_id,
            "employee_number": employee.employee_id,
            "phone": employee.mobile,
            "main_department": [employee.department_id],
            "status": "0",
            "owner": [employee.open_user_id],
        }
        for employee in shop.company.employees
    ]


def _departments() -> list[Record]:
    return [
        {
            "_id": each.department_id,
            "name": each.name,
            "parent_id": [each.parent_id],
            "status": "0",
        }
        for each in DEPARTMENTS
    ]
