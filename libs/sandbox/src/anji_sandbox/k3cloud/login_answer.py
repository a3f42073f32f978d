"""The answer of a login, key by key in the vendor's order.

Source: reference "k3cloud-webapi.md", section 1.4. Values that no source shows are made up.
"""

from anji_sandbox.core import Answer
from anji_sandbox.k3cloud.answers import Json, json_answer
from anji_sandbox.k3cloud.sessions import Session

__all__ = ["logged_in", "login_failed"]


def logged_in(session: Session, acct_id: str, *, warns: bool = False) -> Answer:
    """Return the answer of a good login, with both cookies.

    With `warns` it carries the notice of a licence that ends soon, and no session id: that is in
    the cookie only.
    """
    if warns:
        notice = {**_answer(-5, "许可即将到期，请及时续费。", ""), "FormId": "BOS_CloudInspection"}
        told = {**notice, "Context": _context(session, acct_id), "IsSuccessByAPI": True}
        return json_answer(told, session.cookies())
    document = {
        **_answer(1, None, ""),
        "Context": _context(session, acct_id),
        "KDSVCSessionId": session.session_id,
        "IsSuccessByAPI": True,
    }
    return json_answer(document, session.cookies())


def login_failed(message: str, code: str) -> Answer:
    """Return the answer of a login that was refused: HTTP 200 as well."""
    return json_answer(_answer(0, message, code))


def _answer(kind: int, message: str | None, code: str) -> Json:
    """Return the keys of a login answer in the vendor's order (section 1.4)."""
    return {
        "Message": message,
        "MessageCode": code,
        "LoginResultType": kind,
        "Context": None,
        "KDSVCSessionId": None,
        "FormId": None,
        "RedirectFormParam": None,
        "FormInputObject": None,
        "ErrorStackTrace": None,
        "Lcid": 0,
        "AccessToken": None,
        "CustomParam": {},
        "KdAccessResult": None,
        "IsSuccessByAPI": False,
    }


def _context(session: Session, acct_id: str) -> Json:
    user = session.user
    return {
        "UserLocale": "zh-CN",
        "LogLocale": "zh-CN",
        "DBid": acct_id,
        "DatabaseType": 3,
        "SessionId": session.asp_id,
        "UseLanguages": [
            {"LocaleId": 2052, "LocaleName": "中文(简体)", "Alias": "CN", "LicenseType": 0}
        ],
        "UserId": user.user_id,
        "UserName": user.name,
        "CustomName": "安济示例公司",
        "DisplayVersion": "8.2.0.0",
        "DataCenterName": "安济示例账套",
        "DataCenterNumber": "001",
        "UserToken": session.session_id,
        "CurrentOrganizationInfo": {
            "ID": 1,
            "AcctOrgType": "1",
            "Name": "安济示例组织",
            "FunctionIds": [101, 102, 103],
        },
        "IsCH_ZH_AutoTrans": False,
        "ClientType": 32,
        "WeiboAuthInfo": {},
        "UTimeZone": _ZONE,
        "STimeZone": _ZONE,
        "GDCID": acct_id,
        "Gsid": None,
        "TRLevel": 0,
        "ProductEdition": 0,
        "ContextResultType": 0,
        "TenantId": "anji-sandbox",
        "IsDeployAsPublicCloud": False,
    }


_ZONE = {
    "OffsetTicks": 288_000_000_000,
    "StandardName": "(UTC+08:00)北京，重庆，香港特别行政区，乌鲁木齐",
    "Id": 230,
    "Number": "1078_SYS",
    "CanBeUsed": True,
}
