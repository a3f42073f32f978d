"""The event callback: its cipher and its queue. Source: reference section 5.1."""

from itertools import count
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anji_sandbox.fxiaoke import FxiaokeSwitches
from anji_sandbox.fxiaoke.cipher import decrypt, encrypt, signature
from anji_sandbox.store import Store
from labs.crm import NOW, Crm

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
PLAIN = (
    b'{"tenantId":90001,"eventType":"update","apiName":"AccountObj",'
    b'"dataId":"65f000000000000000000001","timestamp":1700000000000,"messageId":"M0001"}'
)
ENCRYPTED = (
    "R1xkBZvukEkJBVAvuJyLBrBEL07oWVCkYSzbrGHOHZSBRusHl5C7DVDmiAFvDPYhLNbTWQy+YEKqcEFodXh99teZOhAf"
    "im+mXPQvKgDGEnWmMHPEXwiT5emi/sXIczvY7KKEBAA6BfnOGIqP3H5Gmwd/hWBfwUqa6JkFxgJJtHmA/jtc+GnN9I6e"
    "1gctDKldXg6ozcc4zaUQtbogGTVuKw=="
)


def test_the_published_event_is_encrypted_and_read_back() -> None:
    assert encrypt(PLAIN, KEY) == ENCRYPTED
    assert decrypt(ENCRYPTED, KEY) == PLAIN


def test_the_published_signatures_are_made() -> None:
    sent = (1700000001000, "n1", "M0001")

    first = signature(*sent, "demoea", ENCRYPTED, KEY)
    retry = signature(*sent, 1, "demoea", ENCRYPTED, KEY)
    result = encrypt(b"success", KEY)
    reply = signature(1700000001000, "n1", result, KEY)

    assert first == "c501d3d551b5ad71c5c25cfc388fdf8a8e779b1a"
    assert retry == "c0c52e34a699c37d106be1039729892a76639dd8"
    assert result == "ArsKAyhvk7QKghXe0zdCeQ=="
    assert reply == "14df8f780e35554536923e67594cfd1cb9c5ff00"


@given(st.binary(max_size=200))
def test_what_was_encrypted_is_read_back(plain: bytes) -> None:
    assert decrypt(encrypt(plain, KEY), KEY) == plain


def make_crm(store: Store | None = None, **switches: Any) -> Crm:  # noqa: ANN401 - switches
    chosen = FxiaokeSwitches(**switches)
    return Crm(chosen, store=store, callback_url="http://localhost/callback")


def opened(crm: Crm, body: bytes) -> dict[str, Any]:
    """Check an event as a receiver does, and return what it says."""
    event = orjson.loads(body)
    key = crm.core.credentials["callback_aes_key"]
    retry = [event["retryTimes"]] if "retryTimes" in event else []
    signed = signature(
        event["timestamp"], event["nonce"], event["messageId"], *retry,
        event["enterpriseAccount"], event["encryptedContent"], key,
    )  # fmt: skip
    assert event["signature"] == signed
    plain: dict[str, Any] = orjson.loads(decrypt(event["encryptedContent"], key))
    assert plain["messageId"] == event["messageId"]
    assert event["enterpriseAccount"] == crm.core.credentials["enterprise_account"]
    return plain


def delivered(crm: Crm) -> list[str]:
    """Take and accept every due event; return the ids of their records."""
    due = crm.core.due_callbacks(crm.now)
    for event_id, _ in due:
        crm.core.callback_answered(event_id, True, crm.now)  # noqa: FBT003 - a fact
    return [opened(crm, body)["dataId"] for _, body in due]


def test_a_write_is_told_with_ids_only() -> None:
    crm = make_crm()
    record_id = crm.create("AccountObj", name="one")

    ((_, body),) = crm.core.due_callbacks(crm.now)

    assert opened(crm, body) == {
        "tenantId": 90001,
        "eventType": "update",
        "apiName": "AccountObj",
        "dataId": record_id,
        "timestamp": int(NOW * 1000),
        "messageId": orjson.loads(body)["messageId"],
    }


def test_every_kind_of_write_is_told_and_a_refused_one_is_not() -> None:
    crm = make_crm()
    rows = {"SalesOrderProductObj": [{"quantity": "1"}]}
    order_id = crm.create("SalesOrderObj", rows, account_id="a")
    line_id = crm.found("SalesOrderProductObj")[0]
    created = delivered(crm)

    crm.update("SalesOrderObj", order_id, remark="x")
    crm.update("SalesOrderObj", order_id, colour="x")
    row = {"objectDataId": order_id, "ownerId": ["1001"]}
    crm.call("data/changeOwner", {"dataObjectApiName": "SalesOrderObj", "Data": [row]})
    crm.call("data/invalid", {"dataObjectApiName": "SalesOrderObj", "object_data_id": order_id})

    assert created == [order_id, line_id]
    assert delivered(crm) == [order_id, order_id, order_id, line_id]
    assert crm.core.next_callback_at() is None


def test_an_event_that_fails_is_sent_again_a_minute_later_a_few_times() -> None:
    crm = make_crm(callback_retries=2)
    crm.create("AccountObj", name="one")
    tries: list[tuple[float, int | None]] = []

    for _ in count():
        moment = crm.core.next_callback_at()
        if moment is None:
            break
        crm.now = moment
        for event_id, body in crm.core.due_callbacks(crm.now):
            opened(crm, body)
            tries.append((crm.now - NOW, orjson.loads(body).get("retryTimes")))
            crm.core.callback_answered(event_id, False, crm.now)  # noqa: FBT003 - a fact

    assert tries == [(0, None), (60, 1), (120, 2)]


def test_an_event_that_is_not_answered_within_3_s_has_failed() -> None:
    crm = make_crm()
    crm.create("AccountObj", name="one")
    ((event_id, _),) = crm.core.due_callbacks(crm.now)

    crm.now += 3
    none = crm.core.due_callbacks(crm.now)
    crm.core.callback_answered(event_id, True, crm.now)  # noqa: FBT003 - a fact
    crm.now += 60

    assert none == []
    assert len(crm.core.due_callbacks(crm.now)) == 1


def test_an_accepted_event_is_sent_once() -> None:
    crm = make_crm()
    crm.create("AccountObj", name="one")

    assert len(delivered(crm)) == 1
    crm.now += 1000
    assert delivered(crm) == []


def test_events_survive_a_restart() -> None:
    store = Store()
    crm = make_crm(store)
    record_id = crm.create("AccountObj", name="one")
    crm.core.due_callbacks(crm.now)

    again = Crm(store=store)
    again.now += 10

    assert again.core.callback_url == "http://localhost/callback"
    assert delivered(again) == [record_id]


def test_without_a_url_no_event_is_kept() -> None:
    crm = Crm()
    crm.create("AccountObj", name="one")

    crm.core.callback_url = "http://localhost/callback"

    assert crm.core.next_callback_at() is None


def test_own_writes_and_lines_are_told_only_where_the_switches_say_so() -> None:
    crm = make_crm(callback_own_writes=False, callback_lines=False)
    person = crm.core.credentials["person_open_user_id"]
    crm.create("AccountObj", name="own")
    given = {"dataObjectApiName": "SalesOrderObj", "account_id": "a", "owner": [person]}
    data = {"object_data": given, "details": {"SalesOrderProductObj": [{"quantity": "1"}]}}

    made = crm.call("data/create", data, currentOpenUserId=person)["dataId"]

    assert delivered(crm) == [made]


def test_shares_of_events_are_lost_doubled_and_overtaken() -> None:
    lossy = make_crm(callback_lost_share=0.3)
    doubling = make_crm(callback_doubled_share=0.3)
    mixing = make_crm(callback_late_share=0.3, callback_late_seconds=5)
    made = {
        crm: [crm.create("AccountObj", name=str(number)) for number in range(200)]
        for crm in (lossy, doubling, mixing)
    }

    kept, doubled, first = (delivered(crm) + delivered(crm) + delivered(crm) for crm in made)
    mixing.now += 5
    late = delivered(mixing)

    assert 100 < len(kept) < 180
    assert len(set(doubled)) == 200
    assert 230 < len(doubled) < 290
    assert sorted(first + late) == sorted(made[mixing])
    assert 30 < len(late) < 90


def answer(crm: Crm, plain: bytes, **change: object) -> bytes:
    key = crm.core.credentials["callback_aes_key"]
    result = encrypt(plain, key)
    signed = signature(1, "n", result, key)
    body = {"signature": signed, "timestamp": 1, "nonce": "n", "encryptedResult": result}
    return orjson.dumps({**body, **change})


def test_only_the_encrypted_success_is_accepted() -> None:
    crm = make_crm()
    alone = orjson.dumps(
        {"encryptedResult": orjson.loads(answer(crm, b"success"))["encryptedResult"]}
    )

    accepted = [
        crm.core.callback_accepts(200, answer(crm, b"success")),
        crm.core.callback_accepts(200, alone),
    ]
    refused = [
        crm.core.callback_accepts(500, answer(crm, b"success")),
        crm.core.callback_accepts(200, answer(crm, b"failure")),
        crm.core.callback_accepts(200, answer(crm, b"success", signature="0")),
        crm.core.callback_accepts(200, answer(crm, b"success", encryptedResult="AAAA")),
        crm.core.callback_accepts(200, b"success"),
        crm.core.callback_accepts(200, b"[]"),
    ]

    assert accepted == [True, True]
    assert refused == [False] * 6


@pytest.mark.parametrize(("action", "kind"), [("create", "create"), ("update", "update")])
def test_the_kind_of_an_event_is_a_switch(action: str, kind: str) -> None:
    crm = make_crm(event_types={"create": "create"})
    record_id = crm.create("AccountObj", name="one")
    if action == "update":
        delivered(crm)
        crm.update("AccountObj", record_id, tel="1")

    ((_, body),) = crm.core.due_callbacks(crm.now)

    assert opened(crm, body)["eventType"] == kind
