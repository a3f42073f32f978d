"""Settings of the ERP."""

import pytest
from pydantic import ValidationError

from anji_k3cloud.settings import K3CloudSettings

NAMED = {"acct_id": "a", "username": "u", "password": "secret-word"}


@pytest.mark.parametrize("url", ["http://erp.test", "http://erp.test/", "http://erp.test/k3cloud"])
def test_an_address_without_its_path_gets_it(url: str) -> None:
    settings = K3CloudSettings.model_validate({"url": url, **NAMED})

    assert settings.base_url == "http://erp.test/k3cloud/"


def test_an_address_keeps_its_spelling() -> None:
    settings = K3CloudSettings.model_validate({"url": "http://erp.test/K3Cloud/", **NAMED})

    assert settings.base_url == "http://erp.test/K3Cloud/"


def test_an_app_without_a_secret_is_refused() -> None:
    with pytest.raises(ValidationError, match="belong together"):
        K3CloudSettings.model_validate({"url": "http://erp.test", **NAMED, "app_id": "1_2"})


def test_there_must_be_a_way_in() -> None:
    with pytest.raises(ValidationError, match="either"):
        K3CloudSettings.model_validate({"url": "http://erp.test", "acct_id": "a", "username": "u"})


def test_secrets_are_not_shown() -> None:
    settings = K3CloudSettings.model_validate({"url": "http://erp.test", **NAMED})

    assert "secret-word" not in repr(settings)


@pytest.mark.parametrize("auth", ["signed", "login_by_sign", "login_by_app_secret"])
def test_a_way_in_by_an_app_needs_one(auth: str) -> None:
    with pytest.raises(ValidationError, match="app_id"):
        K3CloudSettings.model_validate({"url": "http://erp.test", **NAMED, "auth": auth})


def test_a_way_in_by_password_needs_one() -> None:
    app = {"acct_id": "a", "username": "u", "app_id": "1_2", "app_secret": "s"}
    with pytest.raises(ValidationError, match="password"):
        K3CloudSettings.model_validate({"url": "http://erp.test", **app, "auth": "password"})


def test_an_app_is_preferred_and_a_password_can_be_chosen() -> None:
    both = {"url": "http://erp.test", **NAMED, "app_id": "1_2", "app_secret": "s"}

    assert K3CloudSettings.model_validate(both).signs
    assert not K3CloudSettings.model_validate({**both, "auth": "password"}).signs
