"""Files, in the new way and the old. Source: reference sections 1.4, 3.2, 3.4."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anji_sandbox.core import Request
from labs.crm import Crm

CONTENT = b"%PDF-1.7 made up"


@pytest.fixture
def crm() -> Crm:
    return Crm()


def credential(crm: Crm, **changes: object) -> dict[str, Any]:
    asked = {
        "expireTime": 600,
        "resourceType": "TN",
        "isStreamUpload": True,
        "filename": "a.pdf",
        "extension": "pdf",
        "fileSize": len(CONTENT),
        **changes,
    }
    return crm.call("generatorFileUploadCredential", asked)


def upload(crm: Crm, given: dict[str, str], body: bytes, content_type: str = "") -> Any:  # noqa: ANN401 - JSON
    names = ("acid", "resource", "ak", "sign", "expiry", "filename", "size", "digest")
    headers = {name: given[name] for name in names}
    headers["content-type"] = content_type or given["contentType"]
    path = given["url"].removeprefix("http://localhost")
    answer = crm.core.handle(Request("POST", path, {}, headers, body), crm.now)
    return orjson.loads(answer.body)


def form(name: str, content: bytes) -> bytes:
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="a.pdf"\r\n'
    return (head + "Content-Type: application/pdf\r\n\r\n").encode() + content + b"\r\n--b--\r\n"


def test_a_file_is_uploaded_as_a_stream_with_the_credentials_headers(crm: Crm) -> None:
    got = credential(crm)

    told = upload(crm, got["data"], CONTENT)

    assert set(told) == {"success", "code", "message", "data"}
    assert (told["success"], told["code"]) == (True, 200)
    assert told["data"].startswith("TN_")


def test_a_file_is_uploaded_as_a_form(crm: Crm) -> None:
    given = credential(crm, isStreamUpload=False, resourceType="N")["data"]

    told = upload(crm, given, form("facishareFile", CONTENT), "multipart/form-data; boundary=b")

    assert told["data"].startswith("N_")


def test_a_credential_serves_once_in_time_for_the_file_it_names(crm: Crm) -> None:
    used, late, other = (credential(crm)["data"] for _ in range(3))
    first = upload(crm, used, CONTENT)
    again = upload(crm, used, CONTENT)
    longer = upload(crm, other, CONTENT + b"x")
    forged = upload(crm, {**other, "filename": "b.pdf"}, CONTENT)
    crm.now += 601
    expired = upload(crm, late, CONTENT)

    assert first["success"] is True
    assert [each["success"] for each in (again, longer, forged, expired)] == [False] * 4
    assert again["code"] == 400


@pytest.mark.parametrize(
    "change",
    [
        {"expireTime": 59},
        {"expireTime": 604_801},
        {"fileSize": 104_857_601},
        {"resourceType": "X"},
        {"filename": None},
        {"isStreamUpload": "true"},
    ],
)
def test_a_credential_outside_the_documented_bounds_is_refused(
    crm: Crm, change: dict[str, object]
) -> None:
    assert credential(crm, **change)["errorCode"] == 15002


def media(crm: Crm, kind: str = "document", content: bytes = CONTENT) -> dict[str, Any]:
    auth = {key: crm.auth()[key] for key in ("corpAccessToken", "corpId")}
    headers = {"content-type": "multipart/form-data; boundary=b"}
    query = {**auth, "type": kind}
    return crm.post("/media/upload", form("media", content), headers, query)


def test_a_file_of_the_old_way_has_a_media_id(crm: Crm) -> None:
    got = media(crm)
    kind = media(crm, kind="video")
    nothing = media(crm, content=b"")
    strange = crm.post("/media/upload", b"", {}, {"type": "document"})

    assert got["errorCode"] == 0
    assert got["mediaId"]
    assert [each["errorCode"] for each in (kind, nothing, strange)] == [15002, 15002, 20017]


def attachment(crm: Crm, path: str, **top: object) -> str:
    given: dict[str, object] = {"dataObjectApiName": "PaymentObj", "owner": ["1000"]}
    given |= {
        "account_id": "a",
        "payment_time": 1,
        "attachment": [{"name": "a.pdf", "path": path}],
    }
    return str(crm.call("data/create", {"object_data": given}, **top)["dataId"])


def paths(crm: Crm, record_id: str, **top: object) -> list[str]:
    return [each["path"] for each in crm.get("PaymentObj", record_id, **top)["attachment"]]


def test_files_travel_as_media_ids_in_the_old_style_and_as_npaths_if_told_so(crm: Crm) -> None:
    media_id = media(crm)["mediaId"]

    record_id = attachment(crm, media_id)

    (npath,) = paths(crm, record_id, convertMediaId=False)
    assert paths(crm, record_id) == [media_id]
    assert npath.startswith("N_")


def test_a_temporary_file_lasts_once_a_record_has_it(crm: Crm) -> None:
    temporary = upload(crm, credential(crm)["data"], CONTENT)["data"]

    record_id = attachment(crm, temporary, convertMediaId=False)

    (lasting,) = paths(crm, record_id, convertMediaId=False)
    assert lasting == "N_" + temporary.removeprefix("TN_")


def test_a_path_that_nobody_uploaded_is_kept_as_it_is(crm: Crm) -> None:
    record_id = attachment(crm, "N_unknown")

    assert paths(crm, record_id) == ["N_unknown"]


PIECES = st.sampled_from(
    [
        b"--b\r\n",
        b"--b--\r\n",
        b'Content-Disposition: form-data; name="media"\r\n',
        b"Content-Disposition: form-data; name*=utf-8''media\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"\r\n",
        b"\xff\x00",
    ]
)


@given(body=st.lists(PIECES, max_size=8).map(b"".join), boundary=st.sampled_from(["b", '"', ""]))
def test_a_broken_form_is_refused_with_an_envelope(body: bytes, boundary: str) -> None:
    crm = Crm()
    auth = {key: crm.auth()[key] for key in ("corpAccessToken", "corpId")}
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}

    got = crm.post("/media/upload", body, headers, {**auth, "type": "image"})

    assert isinstance(got["errorCode"], int)
