"""Signing, against the vector that the vendor's own client made."""

from pydantic import SecretStr

from anji_k3cloud.auth import login_of, signed_headers
from anji_k3cloud.settings import K3CloudSettings
from anji_k3cloud.wire import service_path

SETTINGS = K3CloudSettings(
    url="http://127.0.0.1:8080",
    acct_id="acct-demo-0001",
    username="demo",
    app_id="100001_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef",
    app_secret=SecretStr("0123456789abcdef0123456789abcdef"),
)
URL = f"{SETTINGS.base_url}{service_path('DynamicFormService.Save')}"


def test_a_signed_call_has_the_headers_of_the_vendors_own_client() -> None:
    headers = signed_headers(SETTINGS, URL, 1_700_000_000)

    assert headers["X-Api-ClientID"] == "100001"
    assert headers["X-Api-Signature"] == (
        "MDVhYjg1MzU0Y2U5NmE2ZjQ1NjNhZjA5MTAzMDNmMGM1MDk0N2JiMTY4ZWExZTkyYjQ2NWRhNmNmMWI1YWNmOQ=="
    )
    assert headers["X-Kd-Appdata"] == "YWNjdC1kZW1vLTAwMDEsZGVtbywyMDUyLDA="
    assert headers["X-Kd-Signature"] == (
        "ODllZjAyMmRhMTRlZjQwODUyMjEzNDg4YzM0OTY4NTZhZDNjNGIyNWRkMDAwZDZjMmI4ZDVlOWY4YzgxODVmZg=="
    )
    assert headers["x-api-timestamp"] == headers["x-api-nonce"] == "1700000000"


def test_an_app_id_without_its_second_half_signs_with_an_empty_secret() -> None:
    plain = SETTINGS.model_copy(update={"app_id": "100001"})

    headers = signed_headers(plain, URL, 1_700_000_000)

    assert headers["X-Api-ClientID"] == ""
    assert headers["X-Kd-Appkey"] == "100001"


def test_a_password_login_names_account_set_user_and_language() -> None:
    settings = K3CloudSettings(
        url="http://127.0.0.1", acct_id="a", username="u", password=SecretStr("p")
    )

    login = login_of(settings, 0)

    assert login.path == "Kingdee.BOS.WebApi.ServicesStub.AuthService.ValidateUser.common.kdsvc"
    assert login.fields == {"acctID": "a", "username": "u", "password": "p", "lcid": 2052}


def test_a_login_by_sign_has_the_sign_of_the_vendors_own_clients() -> None:
    login = login_of(SETTINGS.model_copy(update={"auth": "login_by_sign"}), 1_700_000_000)

    assert login.service == "LoginBySign"
    assert login.fields == {
        "parameters": [
            "acct-demo-0001",
            "demo",
            "100001_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef",
            "1700000000",
            "58c75125e51a2ca59bc6133793cb89af043c8135c02a0badbf3720bd973a4a70",
            2052,
        ]
    }


def test_an_older_servers_login_by_sign_has_a_shorter_sign() -> None:
    older = {"auth": "login_by_sign", "login_sign_hash": "sha1"}

    found = login_of(SETTINGS.model_copy(update=older), 1_700_000_000).fields["parameters"]

    assert isinstance(found, list)
    assert len(found[4]) == 40


def test_where_calls_are_signed_a_login_is_one_by_sign() -> None:
    assert SETTINGS.signs
    assert login_of(SETTINGS, 0).service == "LoginBySign"


def test_a_login_by_app_secret_tells_the_secret_as_it_is() -> None:
    login = login_of(SETTINGS.model_copy(update={"auth": "login_by_app_secret"}), 0)

    assert login.service == "LoginByAppSecret"
    assert login.fields == {
        "acctid": "acct-demo-0001",
        "username": "demo",
        "appid": "100001_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef",
        "appsecret": "0123456789abcdef0123456789abcdef",
        "lcid": 2052,
    }


def test_a_login_does_not_show_its_secrets() -> None:
    assert repr(login_of(SETTINGS, 0)) == "Login('LoginBySign')"
