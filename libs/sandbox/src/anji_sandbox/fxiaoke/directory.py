"""The address book: who works here. Source: reference section 1.3 `[code]`, 10."""

from collections.abc import Mapping
from typing import Any

from anji_sandbox.fxiaoke.codes import PARAMETER_ERROR, UNKNOWN_OPEN_USER, RefusedError
from anji_sandbox.fxiaoke.company import Employee
from anji_sandbox.fxiaoke.shop import Shop
from anji_sandbox.store import Record

__all__ = ["by_mobile", "departments", "user", "users", "users_by_time"]

_DEPARTMENT = 1000
_WHOLE_COMPANY = 999_999


def by_mobile(shop: Shop, body: Mapping[str, Any]) -> Record:
    """Return the employees with a mobile number as `empList`, maybe none."""
    mobile = str(body.get("mobile"))
    found = [each for each in shop.company.employees if each.mobile == mobile]
    return {"empList": [_shown(each) for each in found]}


def user(shop: Shop, body: Mapping[str, Any]) -> Record:
    """Return one employee; its fields are at the top level of the answer."""
    for employee in shop.company.employees:
        if employee.open_user_id == body.get("openUserId"):
            return _shown(employee)
    raise RefusedError(UNKNOWN_OPEN_USER, "openUserId not found")


def users(shop: Shop, body: Mapping[str, Any]) -> Record:
    """Return the employees of a department as `userList`."""
    wanted = str(body.get("departmentId")) in (str(_DEPARTMENT), str(_WHOLE_COMPANY))
    return {"userList": [_shown(each) for each in shop.company.employees if wanted]}


def users_by_time(shop: Shop, body: Mapping[str, Any]) -> Record:
    """Return a page of employees, under both names that clients read."""
    size, number = _positive(body, "pageSize", 20), _positive(body, "pageNumber", 1)
    start = (number - 1) * size
    everybody = [_shown(each) for each in shop.company.employees]
    page = everybody[start : start + size]
    return {
        "pageCount": -(-len(everybody) // size),
        "totalCount": len(everybody),
        "lastChangedTime": 0,
        "employees": page,
        "empList": page,
    }


def _positive(body: Mapping[str, Any], name: str, default: int) -> int:
    value = body.get(name) or default
    if not isinstance(value, int) or value < 1:
        raise RefusedError(PARAMETER_ERROR, f"{name} is illegal")
    return value


def departments(shop: Shop, _body: Mapping[str, Any]) -> Record:
    """Return the departments: there is one."""
    name = f"{shop.company.enterprise_account} 总部"
    whole = {"id": _DEPARTMENT, "name": name, "parentId": 0, "isStop": False, "order": 1}
    return {"departments": [whole]}


def _shown(employee: Employee) -> Record:
    return {
        "openUserId": employee.open_user_id,
        "account": employee.employee_id,
        "name": employee.name,
        "nickName": employee.name,
        "isStop": False,
        "email": "",
        "mobile": employee.mobile,
        "gender": "M",
        "position": "",
        "departmentIds": [_DEPARTMENT],
        "mainDepartmentId": _DEPARTMENT,
        "employeeNumber": employee.employee_id,
    }
