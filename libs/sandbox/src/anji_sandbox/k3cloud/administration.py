"""What the admin port can do to the ERP beside faults: switches, forms, sessions, stock, messages.

``GET /_switches``, ``POST /_switches`` with some of them; ``GET /_forms``, ``POST /_forms`` with
one definition or a list; ``DELETE /_sessions`` ends all; ``POST /_stock`` puts a quantity of a
material into a stock; ``GET /_messages`` tells what SendMsg sent.
"""

from dataclasses import asdict, fields
from typing import Any, get_args

from anji_sandbox.k3cloud.desk import MESSAGES
from anji_sandbox.k3cloud.inventory import put_stock
from anji_sandbox.k3cloud.records import Records
from anji_sandbox.k3cloud.sessions import Sessions
from anji_sandbox.k3cloud.switches import K3CloudSwitches

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
            return asdict(switches)
        case "POST", "switches":
            _turn(switches, body)
            return asdict(switches)
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


def _turn(switches: K3CloudSwitches, body: Any) -> None:  # noqa: ANN401 - JSON
    """Set switches from JSON; all of them, or none if one is wrong."""
    known = {each.name: each for each in fields(K3CloudSwitches)}
    if not isinstance(body, dict) or not set(body) <= set(known):
        msg = f"switches are a map with some of: {', '.join(known)}"
        raise ValueError(msg)
    turned: dict[str, object] = {}
    for name, value in body.items():
        before = getattr(switches, name)
        choices = get_args(K3CloudSwitches.__annotations__[name])
        turned[name] = tuple(value) if isinstance(before, tuple) else value
        if isinstance(before, str) and value not in choices:
            msg = f"{name} is one of: {', '.join(choices)}"
            raise ValueError(msg)
        if isinstance(before, bool) is not isinstance(value, bool):
            msg = f"{name} is {'true or false' if isinstance(before, bool) else 'no flag'}"
            raise ValueError(msg)
    for name, value in turned.items():
        setattr(switches, name, value)
