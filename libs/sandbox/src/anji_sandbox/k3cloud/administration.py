"""What the admin port can do to the ERP beside faults: switches, forms, sessions, stock, messages.

``GET /_switches``, ``POST /_switches`` with some of them; ``GET /_forms``, ``POST /_forms`` with
one definition or a list; ``DELETE /_sessions`` ends all; ``POST /_stock`` puts a quantity of a
material into a stock; ``POST /_password`` with `username` and `password` changes one (the core
answers it, for it knows who may call); ``GET /_messages`` tells what SendMsg sent.
"""

from dataclasses import asdict
from typing import Any

from anji_sandbox.k3cloud.desk import MESSAGES
from anji_sandbox.k3cloud.inventory import put_stock
from anji_sandbox.k3cloud.records import Records
from anji_sandbox.k3cloud.sessions import Sessions
from anji_sandbox.k3cloud.switches import K3CloudSwitches
from anji_sandbox.switchboard import told, turn

__all__ = ["administer"]


def administer(  # noqa: PLR0911, PLR0913 - one return an endpoint; the parts and the call
    records: Records,
    sessions: Sessions,
    switches: K3CloudSwitches,
    *,
    method: str,
    name: str,
    body: Any,  # noqa: ANN401 - JSON
) -> object:
    """Answer an admin call.

    Raises:
        LookupError: there is no such endpoint.
        ValueError: the body is not right.
    """
    match method, name:
        case "GET", "switches":
            return told(switches)
        case "POST", "switches":
            turn(switches, body)
            return told(switches)
        case "GET", "forms":
            return [asdict(form.source) for form in records.forms]
        case "POST", "forms":
            with records.store.transaction():
                for each in body if isinstance(body, list) else [body]:
                    records.forms.define(each)
            return {"forms": [form.form_id for form in records.forms]}
        case "DELETE", "sessions":
            sessions.end_all()
            return {"sessions": 0}
        case "POST", "stock":
            return put_stock(records, body)
        case "GET", "messages":
            return list(records.store.all(MESSAGES))
        case _:
            raise LookupError(name)
