"""The made-up company whose CRM this is: its app, its secrets and its people.

All is derived from one seed, so the same seed gives the same company; nothing here was ever real.
"""

from base64 import b64encode
from dataclasses import asdict, dataclass
from typing import Self

from anji_sandbox.derived import secret
from anji_sandbox.store import Record

__all__ = [
    "DEPARTMENTS",
    "WHOLE_COMPANY",
    "Company",
    "Department",
    "Employee",
    "department_named",
    "make_company",
]

WHOLE_COMPANY = "999999"
"""The department of everybody, above all others."""


@dataclass(frozen=True, slots=True)
class Department:
    """One department of the company."""

    department_id: str
    name: str
    parent_id: str


DEPARTMENTS = (
    Department("1000", "总部", WHOLE_COMPANY),
    Department("1001", "销售部", "1000"),
    Department("1002", "财务部", "1000"),
)


def department_named(department_id: str) -> Department | None:
    """Return the department of an id, or `None`."""
    return next((each for each in DEPARTMENTS if each.department_id == department_id), None)


@dataclass(frozen=True, slots=True)
class Employee:
    """One user of the CRM."""

    open_user_id: str
    """``FSUID_…``, the id of the old style."""
    employee_id: str
    """Such as ``1000``, the id of the new style."""
    name: str
    mobile: str
    department_id: str = "1000"


@dataclass(frozen=True, slots=True)
class Company:
    """One tenant of the CRM with one self-built app."""

    seed: str
    app_id: str
    app_secret: str
    permanent_code: str
    corp_id: str
    enterprise_account: str
    tenant_id: int
    callback_aes_key: str
    """As the admin console shows it: base64 text of 32 bytes."""
    employees: tuple[Employee, ...]

    def employee(self, either_id: object) -> Employee | None:
        """Return the employee of an openUserId or an employee id, or `None`."""
        for employee in self.employees:
            if either_id in (employee.open_user_id, employee.employee_id):
                return employee
        return None

    def to_record(self) -> Record:
        """Return the company as JSON knows it."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Return the company that `to_record` wrote down."""
        employees = tuple(Employee(**employee) for employee in record["employees"])
        return cls(**{**record, "employees": employees})


_NAMES = (
    ("集成账号", "13800000001", "1000"),  # the integration user: Anji's own
    ("王小明", "13800000002", "1001"),  # the person who edits by hand
    ("李芳", "13800000003", "1001"),
    ("张伟", "13800000004", "1002"),
)


def make_company(seed: str) -> Company:
    """Return the company of a seed: the first employee is the integration user."""
    return Company(
        seed=seed,
        app_id=f"FSAID_{secret(seed, 'app_id')[:8]}",
        app_secret=secret(seed, "app_secret")[:32],
        permanent_code=secret(seed, "permanent_code")[:32].upper(),
        corp_id=f"FSCID_{secret(seed, 'corp_id')[:32].upper()}",
        enterprise_account=f"demo{secret(seed, 'ea')[:4]}",
        tenant_id=90001,
        callback_aes_key=b64encode(bytes.fromhex(secret(seed, "callback"))).decode(),
        employees=tuple(
            Employee(f"FSUID_{secret(seed, 'user', place)[:32].upper()}", str(1000 + place), *who)
            for place, who in enumerate(_NAMES)
        ),
    )
