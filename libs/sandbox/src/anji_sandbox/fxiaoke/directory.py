"""The address book: who works here. Source: reference section 1.3 `[code]`, 10."""

from collections.abc import Mapping
from typing import Any

from anji_sandbox.fxiaoke.codes import (
    PARAMETER_ERROR,
    UNKNOWN_DEPARTMENT,
    UNKNOWN_OPEN_USER,
    RefusedError,
)
from anji_sandbox.fxiaoke.company import DEPARTMENTS, WHOLE_COMPANY, Department, Employee
from anji_sandbox.fxiaoke.company import department_named as named
from anji_sandbox.fxiaoke.shop import Shop
from anji_sandbox.store import Record

__all__ = [
    "by_mobile",
    "department",
    "departments",
    "simple_users",
    "user",
    "users",
    "users_by_time",
]

_MAX_PAGE = 1000
_HIRED_ON = "2020-09-13"
_CREATED_AT_MS = 1_600_000_000_000
"""When the made-up people were entered: before anything else."""


def by_mobile(shop: Shop, body: Mapping[str, Any]) -> Record:
    """Return the employees with a mobile number as `empList`, maybe none."""
    mobile = str(body.get("mobile"))
    found = [each for each in shop.company.employees if each.mobile == mobile]
    return {"empList": [_shown(body, each) for each in found]}


def user(shop: Shop, body: Mapping[str, Any]) -> Record:
    """Return one employee; its fields are at the top level of the answer."""
    employee = shop.company.employee(body.get("openUserId"))
    if employee is None:
        raise RefusedError(UNKNOWN_OPEN_USER, "openUserId not found")
    return _shown(body, employee)


def users(shop: Shop, body: Mapping[str, Any]) -> Record:
    """Return the employees of a department as `userList`, with `fetchChild` of those below too."""
    return {"userList": [_shown(body, each) for each in _members(shop, body)]}


def simple_users(shop: Shop, body: Mapping[str, Any]) -> Record:
    """Return ids and names of the employees of a department as `userList`."""
    names = ("openUserId", "name", "nickName")
    found = [_shown(body, each) for each in _members(shop, body)]
    return {"userList": [{name: each[name] for name in names} for each in found]}


def users_by_time(shop: Shop, body: Mapping[str, Any]) -> Record:
    """Return a page of the employees changed within times, under both names that clients read."""
    size, number = _positive(body, "pageSize", 20), _positive(body, "pageNumber", 1)
    if size > _MAX_PAGE:
        raise RefusedError(PARAMETER_ERROR, f"pageSize exceeds {_MAX_PAGE}")
    start = (number - 1) * size
    since, until = body.get("startTime") or 0, body.get("endTime") or _CREATED_AT_MS
    is_within = isinstance(since, int) and isinstance(until, int) and since <= _CREATED_AT_MS
    everybody = [
        _shown(body, each)
        for each in shop.company.employees
        if is_within and until >= _CREATED_AT_MS
    ]
    page = everybody[start : start + size]
    return {
        "pageNumber": number,
        "pageCount": -(-len(everybody) // size),
        "totalCount": len(everybody),
        "lastChangedTime": _CREATED_AT_MS,
        "employees": page,
        "empList": page,
    }


def departments(_shop: Shop, _body: Mapping[str, Any]) -> Record:
    """Return all departments, but for the whole company."""
    return {
        "departments": [
            {
                "id": int(each.department_id),
                "name": each.name,
                "parentId": 0 if each.parent_id == WHOLE_COMPANY else int(each.parent_id),
                "isStop": False,
                "order": order,
            }
            for order, each in enumerate(DEPARTMENTS, start=1)
        ]
    }


def department(_shop: Shop, body: Mapping[str, Any]) -> Record:
    """Return the name of one department; its answer is S4's, not shown by the reference."""
    found = named(str(body.get("departmentId")))
    if found is None:
        raise RefusedError(UNKNOWN_DEPARTMENT, "no such department")
    return {"name": found.name, "principalId": ""}


def _members(shop: Shop, body: Mapping[str, Any]) -> list[Employee]:
    wanted = str(body.get("departmentId"))
    if wanted == WHOLE_COMPANY:
        return list(shop.company.employees)
    if named(wanted) is None:
        raise RefusedError(UNKNOWN_DEPARTMENT, "no such department")
    below = {each.department_id for each in DEPARTMENTS if _is_below(each, wanted)}
    taken = below if body.get("fetchChild") is True else {wanted}
    return [each for each in shop.company.employees if each.department_id in taken]


def _is_below(each: Department | None, department_id: str) -> bool:
    """Say whether a department is another one, or stands below it."""
    while each is not None and each.department_id != department_id:
        each = named(each.parent_id)
    return each is not None


def _positive(body: Mapping[str, Any], name: str, default: int) -> int:
    value = body.get(name) or default
    if not isinstance(value, int) or value < 1:
        raise RefusedError(PARAMETER_ERROR, f"{name} is illegal")
    return value


def _shown(body: Mapping[str, Any], employee: Employee) -> Record:
    department_id = int(employee.department_id)
    shown = {
        "openUserId": employee.open_user_id,
        "account": employee.employee_id,
        "name": employee.name,
        "nickName": employee.name,
        "isStop": False,
        "status": "0",
        "email": "",
        "mobile": employee.mobile,
        "gender": "M",
        "position": "",
        "departmentIds": [department_id],
        "mainDepartmentId": department_id,
        "mainDepartmentIds": [department_id],
        "employeeNumber": employee.employee_id,
        "hireDate": _HIRED_ON,
        "createTime": _CREATED_AT_MS,
        "leaderId": "",
    }
    if body.get("showDepartmentIdsDetail") is True:
        shown["attachingDepartmentIds"] = []
    return shown
