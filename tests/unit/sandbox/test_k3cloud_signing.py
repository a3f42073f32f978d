"""The signatures, against the test vector of the reference (section 1.3)."""

import base64

from anji_sandbox.k3cloud import signing

APP_ID = "100001_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"
SECRET = "0123456789abcdef0123456789abcdef"
PATH = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.Save.common.kdsvc"


def test_the_client_secret_hidden_in_an_app_id_is_found() -> None:
    assert signing.client_secret(APP_ID) == "MCC2JDe0GaXoBuG8dSekaTenWPX6RrOs"


def test_an_app_id_without_its_two_parts_hides_no_secret() -> None:
    assert [signing.client_secret(each) for each in ("100001", "a_b_c", "1_short")] == [""] * 3


def test_the_api_signature_is_that_of_the_sdk() -> None:
    signature = signing.api_signature(APP_ID, PATH, "1700000000", "1700000000")

    assert signature == (
        "MDVhYjg1MzU0Y2U5NmE2ZjQ1NjNhZjA5MTAzMDNmMGM1MDk0N2JiMTY4ZWExZTkyYjQ2NWRhNmNmMWI1YWNmOQ=="
    )


def test_the_kd_signature_is_that_of_the_sdk() -> None:
    app_data = base64.b64decode("YWNjdC1kZW1vLTAwMDEsZGVtbywyMDUyLDA=").decode()

    assert signing.kd_signature(APP_ID, SECRET, app_data) == (
        "ODllZjAyMmRhMTRlZjQwODUyMjEzNDg4YzM0OTY4NTZhZDNjNGIyNWRkMDAwZDZjMmI4ZDVlOWY4YzgxODVmZg=="
    )


def test_the_login_sign_is_that_of_the_sdk() -> None:
    sign = signing.login_sign("acct-demo-0001", "demo", APP_ID, SECRET, "1700000000")

    assert sign == "58c75125e51a2ca59bc6133793cb89af043c8135c02a0badbf3720bd973a4a70"
