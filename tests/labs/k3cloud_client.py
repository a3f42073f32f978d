"""A caller of a sandbox K3Cloud's core, as tests need it: a hand-turned clock, no sockets."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from anji_sandbox.core import Answer, Request
from anji_sandbox.k3cloud import K3CloudCore, K3CloudSwitches
from anji_sandbox.k3cloud.forms import FormText
from anji_sandbox.k3cloud.records import FormRecords
from anji_sandbox.store import Store

__all__ = ["AUTH", "FORMS", "Caller", "Json", "Rows", "make_caller", "order_model"]

Json = dict[str, Any]
Rows = list[list[Any]]

_STUB = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub."
FORMS = f"{_STUB}DynamicFormService."
AUTH = f"{_STUB}AuthService."


@dataclass
class Caller:
    """One logged-in user of a core, and its clock."""

    core: K3CloudCore
    now: float = 1_767_600_000.0
    """2026-01-05 16:00:00 in Beijing."""
    headers: dict[str, str] = field(default_factory=dict)

    def post(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> Answer:
        sent = self.headers if headers is None else headers
        return self.core.handle(Request("POST", path, {}, sent, body), self.now)

    def auth(self, service: str, document: object) -> Answer:
        return self.post(f"{AUTH}{service}.common.kdsvc", orjson.dumps(document), {})

    def log_in(self, *, as_person: bool = False) -> "Caller":
        user = "person_" if as_person else ""
        known = self.core.credentials
        names = (known["acct_id"], known[f"{user}username"], known[f"{user}password"], 2052)
        answer = orjson.loads(self.auth("ValidateUser", {"parameters": list(names)}).body)
        self.headers = {"kdservice-sessionid": answer["KDSVCSessionId"]}
        return self

    def do(self, method: str, form_id: str, data: object, **more: object) -> Json:
        body = orjson.dumps({"formid": form_id, "data": data, **more})
        found: Json = orjson.loads(self.post(f"{FORMS}{method}.common.kdsvc", body).body)
        return found

    def status(self, method: str, form_id: str, data: object, **more: object) -> Json:
        found: Json = self.do(method, form_id, data, **more)["Result"]["ResponseStatus"]
        return found

    def query(self, form_id: str, keys: str, where: object = "", **more: object) -> Rows:
        data = {"FormId": form_id, "FieldKeys": keys, "FilterString": where, **more}
        body = orjson.dumps({"data": data})
        found: Rows = orjson.loads(self.post(f"{FORMS}ExecuteBillQuery.common.kdsvc", body).body)
        return found

    def make(self, form_id: str, model: Json, **more: object) -> int:
        """Save one record that must be accepted, and return its id."""
        result = self.do("Save", form_id, {"Model": model, **more})["Result"]
        assert result["ResponseStatus"]["IsSuccess"], result
        return int(result["Id"])

    def records(self, source: FormText) -> FormRecords:
        """Return the records of a standard form, as they are stored."""
        return self.core.records.of(self.core.records.forms.standard(source))

    def make_parties(self) -> None:
        self.make("BD_Customer", {"FNumber": "C1", "FName": "客户一"})
        self.make("BD_MATERIAL", {"FNumber": "M1", "FName": "物料一"})


def make_caller(switches: K3CloudSwitches | None = None, file: Path | None = None) -> Caller:
    return Caller(K3CloudCore(Store(file), switches, seed=7)).log_in()


def order_model(*quantities: float, **more: object) -> Json:
    rows = [
        {
            "FMaterialId": {"FNumber": "M1"},
            "FUnitID": {"FNumber": "Pcs"},
            "FQty": quantity,
            "FTaxPrice": 11.3,
            "FEntryTaxRate": 13,
            "FDeliveryDate": "2026-01-10",
        }
        for quantity in quantities
    ]
    return {
        "FCustId": {"FNumber": "C1"},
        "FSalerId": {"FNumber": "0001_GW000001_1"},
        "FSaleOrderEntry": rows,
        **more,
    }
