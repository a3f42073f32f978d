"""Every path that takes JSON and a token, and what answers it.

Not here: tokens and logins (`auth.py`, `grants.py`), uploads (`files.py`), who may call and how
often (`app.py`). Source: reference sections 1.3, 2.1, 3.1, 3.4, 5.3, 5.4.
"""

from collections.abc import Callable, Mapping
from typing import Any

from anji_sandbox.fxiaoke import (
    approvals,
    data,
    describe,
    directory,
    files,
    leads,
    lifecycle,
    messages,
    pools,
    query,
    teams,
)
from anji_sandbox.fxiaoke.calls import Call
from anji_sandbox.fxiaoke.shop import Shop
from anji_sandbox.store import Record, Store

__all__ = ["CRM_CALLS", "DIRECTORY_CALLS", "HISTORY_PATH", "MESSAGE_CALLS"]

_Body = Mapping[str, Any]
_CRM = "/cgi/crm/v2/"
_CUSTOM = "/cgi/crm/custom/v2/"
_OBJECT_CALLS: Mapping[str, Callable[[Call], Record]] = {
    "data/create": data.create,
    "data/get": data.get,
    "data/update": data.update,
    "data/query": query.query,
    "data/invalid": lifecycle.invalid,
    "data/delete": lifecycle.delete,
    "data/recover": lifecycle.recover,
    "data/changeOwner": lifecycle.change_owner,
}
CRM_CALLS: Mapping[str, Callable[[Call], Record]] = {
    **{_CRM + name: endpoint for name, endpoint in _OBJECT_CALLS.items()},
    **{_CUSTOM + name: endpoint for name, endpoint in _OBJECT_CALLS.items()},
    _CUSTOM + "data/findSimple": query.find_simple,
    _CUSTOM + "data/findOne": query.find_one,
    "/cgi/crm/custom/data/invalid": lifecycle.invalid,
    _CRM + "object/lock": lifecycle.lock,
    _CRM + "object/unlock": lifecycle.unlock,
    _CRM + "object/list": describe.list_objects,
    _CRM + "object/describe": describe.describe,
    _CRM + "data/choose": pools.choose,
    _CRM + "data/return": pools.give_back,
    _CRM + "data/remove": pools.remove,
    _CRM + "leads/transfer": leads.transfer,
    _CRM + "generatorFileUploadCredential": files.credential,
    "/cgi/crm/team/add": teams.add,
    "/cgi/crm/team/edit": teams.edit,
    "/cgi/crm/team/get": teams.get,
    "/cgi/crm/team/delete": teams.delete,
    "/cgi/crm/approvalInstances/query": approvals.instances,
    "/cgi/crm/object/approvalInstances/query": approvals.instances_of_record,
    "/cgi/crm/approvalInstance/get": approvals.instance,
    "/cgi/crm/approvalTask/action": approvals.act,
}
"""Called in the name of an employee."""
HISTORY_PATH = _CRM + "object/getNewLogInfoListForWeb"
"""As those of `CRM_CALLS`; needs the history besides."""
DIRECTORY_CALLS: Mapping[str, Callable[[Shop, _Body], Record]] = {
    "/cgi/user/getByMobile": directory.by_mobile,
    "/cgi/user/get": directory.user,
    "/cgi/user/list": directory.users,
    "/cgi/user/simpleList": directory.simple_users,
    "/cgi/user/get/batchByUpdTime": directory.users_by_time,
    "/cgi/department/list": directory.departments,
    "/cgi/department/detail": directory.department,
}
MESSAGE_CALLS: Mapping[str, Callable[[Shop, Store, _Body, float], Record]] = {
    "/cgi/message/send": messages.send_message,
    "/cgi/app/message/send": messages.send_app_message,
    "/cgi/app/message/revoke": messages.revoke_message,
    "/cgi/crm/erp/syncdata/objdata/push": messages.push,
}
