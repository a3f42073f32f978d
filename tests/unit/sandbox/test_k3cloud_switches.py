"""What the reference leaves open: each switch both ways."""

import hashlib

import aiohttp
import orjson
import pytest

from anji_sandbox.http import serve
from anji_sandbox.k3cloud.own_faults import firewall
from labs.k3cloud_client import FORMS, Caller, Json, make_caller, order_model


def callers(**turned: object) -> tuple[Caller, Caller]:
    """Return two callers: one of the defaults, one with switches turned."""
    both = make_caller(), make_caller()
    for each in both:
        each.make_parties()
    both[1].core.administer("POST", "switches", turned)
    return both


def save(caller: Caller, model: Json, form_id: str = "BD_Customer", **more: object) -> Json:
    return caller.status("Save", form_id, {"Model": model, **more})


def login(caller: Caller) -> Json:
    known = caller.core.credentials
    names = [known["acct_id"], known["username"], known["password"], 2052]
    found: Json = orjson.loads(caller.auth("ValidateUser", {"parameters": names}).body)
    return found


def test_an_unknown_number_is_refused_or_dropped_unless_the_packet_verifies() -> None:
    strict, lenient = callers(unknown_references="drop")
    model = order_model(1, FReceiveContact={"FNumber": "nobody"})

    assert save(strict, model, "SAL_SaleOrder")["Errors"][0]["FieldName"] == "FReceiveContact"
    assert save(lenient, model, "SAL_SaleOrder")["IsSuccess"]
    asked = save(lenient, model, "SAL_SaleOrder", IsVerifyBaseDataField="true")
    assert asked["Errors"][0]["FieldName"] == "FReceiveContact"
    assert lenient.query("SAL_SaleOrder", "FReceiveContact") == [[0]]


def test_a_filter_may_use_dotted_names_or_not() -> None:
    usual, strict = callers(filters_by_reference=False)
    where = "FUseOrgId.FNumber='100'"

    assert usual.query("BD_Customer", "FUseOrgId.FNumber", where) == [["100"]]
    assert "Result" in strict.query("BD_Customer", "FNumber", where)[0][0]
    assert strict.query("BD_Customer", "FUseOrgId.FNumber") == [["100"]]


def test_a_masked_field_is_told_as_stars_and_still_filters() -> None:
    caller = callers(masked_fields=["SAL_SaleOrder.FTaxPrice"])[1]
    caller.make("SAL_SaleOrder", order_model(1))

    assert caller.query("SAL_SaleOrder", "FTaxPrice,FQty", "FTaxPrice>11") == [["***", 1.0]]


@pytest.mark.parametrize(("switch", "rows"), [("cut", 2), ("honour", 4), ("refuse", 1)])
def test_a_limit_above_the_cap_is_cut_honoured_or_refused(switch: str, rows: int) -> None:
    caller = callers(over_limit=switch, max_limit=2)[1]
    for number in range(3):
        caller.make("BD_Customer", {"FName": str(number)})

    found = caller.query("BD_Customer", "FName", Limit=100)

    assert len(found) == rows
    assert ("Result" in str(found)) is (switch == "refuse")


def test_a_user_may_be_kept_from_the_webapi() -> None:
    caller = callers(user_may_use_webapi=False)[1]

    told = login(caller)

    assert (told["LoginResultType"], told["Message"]) == (0, "当前用户未指定允许调用WebAPI接口")


def test_a_licence_warning_login_is_good_with_its_session_in_the_cookie_only() -> None:
    caller = callers(licence_warning=True)[1]
    known = caller.core.credentials
    names = [known["acct_id"], known["username"], known["password"], 2052]

    answer = caller.auth("ValidateUser", {"parameters": names})

    told = orjson.loads(answer.body)
    assert (told["KDSVCSessionId"], told["IsSuccessByAPI"]) == (None, True)
    assert told["FormId"] == "BOS_CloudInspection"
    cookie = answer.headers[-1][1].split(";")[0]
    caller.headers = {"cookie": cookie}
    assert caller.query("BD_Currency", "FCODE") == [["CNY"]]


def test_a_third_session_of_a_user_ends_the_first_where_two_may_live() -> None:
    caller = callers(sessions_per_user=2)[1]
    first = dict(caller.headers)
    caller.log_in()
    kept = caller.query("BD_Currency", "FCODE")
    caller.log_in()

    body = orjson.dumps({"data": {"FormId": "BD_Currency", "FieldKeys": "FCODE"}})
    answer = caller.post(f"{FORMS}ExecuteBillQuery.common.kdsvc", body, first)

    assert kept == [["CNY"]]
    assert orjson.loads(answer.body)[0][0]["Result"]["ResponseStatus"]["MsgCode"] == 1
    assert caller.query("BD_Currency", "FCODE") == [["CNY"]]


@pytest.mark.parametrize(
    ("shape", "start"), [("list", b"[{"), ("object", b'{"Data":[{'), ("zipped", b"H4sI"),
                         ("empty", b"[]")],
)  # fmt: skip
def test_the_account_sets_are_listed_in_every_shape_that_was_seen(
    shape: str, start: bytes
) -> None:
    caller = callers(data_centers_shape=shape)[1]
    path = "/k3cloud/Kingdee.BOS.ServiceFacade.ServicesStub.Account.AccountService"

    answer = caller.post(f"{path}.GetDataCenterList.common.kdsvc", b"{}", {})

    assert answer.body.startswith(start)


def test_view_without_a_session_is_refused_or_empty() -> None:
    for caller, wanted in zip(callers(view_without_session="empty"), (1, None), strict=True):
        caller.headers = {}
        found = caller.do("View", "BD_Customer", {"Number": "C1"})
        code = found["Result"]["ResponseStatus"]["MsgCode"] if found else None
        assert code == wanted
        assert caller.status("Save", "BD_Customer", {"Model": {}})["MsgCode"] == 1


def test_calls_of_one_session_take_their_time_one_after_another() -> None:
    caller = callers(call_seconds=0.05)[1]
    other = Caller(caller.core, caller.now).log_in()
    caller.now = other.now = caller.now + 10
    body = orjson.dumps({"data": {"FormId": "BD_Currency", "FieldKeys": "FCODE"}})
    path = f"{FORMS}ExecuteBillQuery.common.kdsvc"

    late = [each.post(path, body).delay_seconds for each in (caller, caller, other)]
    caller.now += 10

    assert late == pytest.approx([0.05, 0.1, 0.05])
    assert caller.post(path, body).delay_seconds == pytest.approx(0.05)


def test_more_calls_than_a_minute_takes_are_refused_until_the_next() -> None:
    caller = make_caller()
    caller.core.administer("POST", "switches", {"calls_per_minute": 2})
    caller.now += 60

    codes = [caller.status("Save", "BD_MATERIAL", {"Model": {"FName": "x"}})["MsgCode"]
             for _ in range(3)]  # fmt: skip
    caller.now += 60

    assert codes == [0, 0, 14]
    assert caller.query("BD_MATERIAL", "FName") == [["x"], ["x"]]


def test_a_form_may_be_forbidden_to_the_caller() -> None:
    caller = callers(forbidden_forms=["BD_Customer"])[1]

    found = caller.query("BD_Customer", "FNumber")[0][0]["Result"]["ResponseStatus"]

    assert (found["MsgCode"], found["Errors"][0]["Message"][:4]) == (2, "您没有B")
    assert caller.query("BD_MATERIAL", "FNumber") == [["M1"]]


def test_records_of_a_hidden_organisation_are_left_out_of_queries_without_a_word() -> None:
    caller = callers(hidden_organisations=["101"])[1]
    assert caller.query("BD_Customer", "FNumber") == [["C1"]]

    caller.core.administer("POST", "switches", {"hidden_organisations": ["100"]})

    assert caller.query("BD_Customer", "FNumber") == []


def test_a_firewall_stops_a_body_with_its_texts() -> None:
    caller = callers(firewall_texts=["<script"])[1]
    body = orjson.dumps({"formid": "BD_Customer", "data": {"Model": {"FName": "<script>"}}})

    answer = caller.post(f"{FORMS}Save.common.kdsvc", body)

    assert answer == firewall("<script")
    assert caller.query("BD_Customer", "FNumber") == [["C1"]]


@pytest.mark.parametrize(
    ("switch", "number"), [("allow", "K9"), ("ignore", "CUST000001"), ("refuse", None)]
)
def test_the_coding_rule_decides_about_a_number_of_ones_own(
    switch: str, number: str | None
) -> None:
    caller = callers(manual_numbers=switch)[1]

    result = caller.do("Save", "BD_Customer", {"Model": {"FNumber": "K9", "FName": "x"}})["Result"]

    assert result.get("Number") == number
    assert save(caller, {"FName": "without one"})["IsSuccess"]


async def test_answers_are_compressed_for_those_who_accept_it() -> None:
    caller = callers(compresses_answers=True)[1]
    path = "/k3cloud/Kingdee.BOS.ServiceFacade.ServicesStub.Account.AccountService"
    async with serve(caller.core) as server, aiohttp.ClientSession() as session:
        url = f"{server.url}{path}.GetDataCenterList.common.kdsvc"
        told = {}
        for wanted in ("gzip", "identity"):
            headers = {"Accept-Encoding": wanted}
            async with session.post(url, data=b"{}", headers=headers) as answer:
                found = await answer.json()
                told[answer.headers.get("Content-Encoding")] = found[0]["Number"]

    assert told == {"gzip": "001", None: "001"}


def test_one_bad_packet_takes_the_others_of_its_batch_back_or_not() -> None:
    models = [{"FName": "a", "FNumber": "X1"}, {"FNumber": "C1", "FName": "twice"}]
    one_by_one, whole = callers(batch_is_one_transaction=True)

    for caller, kept in ((one_by_one, [["C1"], ["X1"]]), (whole, [["C1"]])):
        status = caller.status("BatchSave", "BD_Customer", {"Model": models})
        assert [each["DIndex"] for each in status["Errors"]] == [1]
        assert caller.query("BD_Customer", "FNumber") == kept
    assert save(whole, models[0])["IsSuccess"]


def test_a_batch_may_be_too_long() -> None:
    caller = callers(most_packets=2)[1]

    for count, good in ((2, True), (3, False)):
        models = [{"FName": "x"}] * count
        assert caller.status("BatchSave", "BD_Customer", {"Model": models})["IsSuccess"] is good


@pytest.mark.parametrize(
    ("more", "good"),
    [({}, False), ({"IsAutoAdjustField": "true"}, True), ({"ValidateFlag": "false"}, True)],
)
def test_the_order_of_a_packet_matters_where_the_switch_says_so(more: Json, *, good: bool) -> None:
    usual, strict = callers(order_matters=True)
    late = order_model(1, FSaleOrderFinance={"FSettleCurrId": {"FNumber": "PRE001"}})
    early = {"FSaleOrderFinance": late["FSaleOrderFinance"], **late}

    assert save(strict, late, "SAL_SaleOrder", **more)["IsSuccess"] is good
    assert save(strict, early, "SAL_SaleOrder", **more)["IsSuccess"]
    assert save(usual, late, "SAL_SaleOrder", **more)["IsSuccess"]


def test_a_text_may_be_too_long_and_is_then_not_cut() -> None:
    caller = callers(longest_texts={"BD_Customer.FNumber": 5})[1]

    refused = save(caller, {"FNumber": "123456", "FName": "x"})

    assert refused["Errors"][0]["FieldName"] == "FNumber"
    assert save(caller, {"FNumber": "12345", "FName": "x" * 10_000})["IsSuccess"]


def test_keys_of_a_packet_may_have_to_be_spelled_right() -> None:
    usual, strict = callers(model_keys_mind_case=True)

    assert save(usual, {"fname": "x"})["IsSuccess"]
    assert save(strict, {"fname": "x"})["MsgCode"] == 9
    assert save(strict, {"FName": "x"})["IsSuccess"]


def test_a_custom_field_that_no_form_defines_is_learnt_or_refused() -> None:
    usual, strict = callers(custom_fields="refuse")
    model = {"FName": "x", "F_ABCD_Text": "y"}

    assert save(usual, model)["IsSuccess"]
    assert save(strict, model)["MsgCode"] == 9
    strict.core.administer(
        "POST", "forms", {"form_id": "BD_Customer", "text": "F_ABCD_Text text 文本"}
    )
    assert save(strict, model)["IsSuccess"]


def test_older_servers_sign_logins_with_sha1() -> None:
    caller = callers(login_sign_algorithm="sha1")[1]
    known = caller.core.credentials
    names = [known["acct_id"], known["username"], known["app_id"], "1700000000"]
    text = "".join(sorted([*map(str, names), str(known["app_secret"])])).encode()
    signs = [hashlib.new(name, text).hexdigest() for name in ("sha1", "sha256")]

    results = [
        orjson.loads(caller.auth("LoginBySign", {"parameters": [*names, sign, 2052]}).body)
        for sign in signs
    ]

    assert [each["LoginResultType"] for each in results] == [1, 0]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"checks_stock": True, "nonsense": 1}, "there is no switch nonsense"),
        ([], "switches are a map"),
        ({"over_limit": "maybe"}, "over_limit is one of"),
        ({"checks_stock": "yes"}, "checks_stock is of type"),
        ({"max_limit": True}, "max_limit is of type"),
        ({"masked_fields": "x"}, "masked_fields is of type"),
    ],
)
def test_a_switch_that_is_none_turns_nothing(body: object, words: str) -> None:
    caller = make_caller()
    before = caller.core.administer("GET", "switches", None)

    with pytest.raises(ValueError, match=words):
        caller.core.administer("POST", "switches", body)

    assert caller.core.administer("GET", "switches", None) == before


def test_ending_all_sessions_makes_every_caller_log_in_again() -> None:
    caller = make_caller()

    caller.core.administer("DELETE", "sessions", None)

    lost = caller.query("BD_Currency", "FCODE")[0][0]["Result"]["ResponseStatus"]
    assert lost["MsgCode"] == 1
    assert caller.log_in().query("BD_Currency", "FCODE") == [["CNY"]]


async def test_the_admin_port_turns_switches_defines_forms_and_says_what_is_wrong() -> None:
    caller = callers()[1]
    visit = {"form_id": "ABCD_Visit", "title": "拜访单", "key": "FID", "number": "FBillNo",
             "text": "FBillNo text 单据编号"}  # fmt: skip
    asked: list[tuple[str, object, int]] = [
        ("switches", {"max_limit": 1}, 200),
        ("switches", {"max_limit": "1"}, 400),
        ("forms", visit, 200),
        ("forms", {"form_id": "X"}, 400),
        ("stock", {"material": "M1", "stock": "CK001", "quantity": 5}, 200),
        ("stock", {"material": "M1"}, 400),
        ("stock", {"material": "M9", "stock": "CK001", "quantity": 5}, 400),
        ("nonsense", {}, 404),
        ("faults", {"kind": "waf"}, 200),
        ("faults", {"kind": "wrath"}, 400),
    ]
    async with serve(caller.core, admin_port=0) as server, aiohttp.ClientSession() as session:
        for name, body, status in asked:
            async with session.post(f"{server.admin_url}/_{name}", json=body) as answer:
                assert answer.status == status, (name, body, await answer.text())
        # The vendor's port has no such path; the fault that was asked for hits the first call.
        told = []
        for _ in range(2):
            async with session.post(f"{server.url}/_switches", json={}) as answer:
                told.append((answer.status, "showConfirm" in await answer.text()))
        assert told == [(200, True), (403, False)]

    assert caller.query("STK_Inventory", "FQty") == [[5.0]]
    assert len(caller.query("BD_Currency", "FCODE")) == 1
    assert caller.query("ABCD_Visit", "FBillNo") == []
