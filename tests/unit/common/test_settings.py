"""One name a setting, one line a mistake, and no secret in it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

import pytest
from pydantic import AliasChoices, Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from anji_common.errors import ConfigurationError
from anji_common.settings import InstallationSettings, PartSettings, SettingsSource, typed_names


class CrmSettings(PartSettings):
    model_config = SettingsConfigDict(
        env_prefix="ANJI_CRM_",
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    url: str
    """Where it is. With its scheme."""

    app_secret: SecretStr = Field(min_length=4)
    """Of the application."""

    calls: int = Field(default=100, ge=1)
    """Per window."""

    user: str | None = None
    """Belongs to `group`."""

    group: str | None = None
    """Belongs to `user`."""

    writes: bool = Field(default=True, validation_alias=AliasChoices("ANJI_WRITES", "writes"))
    """Of the whole installation."""

    @model_validator(mode="after")
    def _together(self) -> Self:
        if (self.user is None) != (self.group is None):
            msg = "user and group belong together"
            raise ValueError(msg)
        return self


RIGHT = {"ANJI_CRM_URL": "https://crm", "ANJI_CRM_APP_SECRET": "s3cret"}


def loaded(
    environment: Mapping[str, str], file: Mapping[str, object] | None = None
) -> CrmSettings:
    return SettingsSource(environment, file or {}).load(CrmSettings)


def test_a_setting_is_read_by_the_name_that_is_typed() -> None:
    settings = loaded({**RIGHT, "ANJI_CRM_CALLS": "60", "ANJI_WRITES": "off"})

    assert (settings.url, settings.calls, settings.writes) == ("https://crm", 60, False)


def test_in_the_file_a_setting_stands_under_its_part() -> None:
    file = {"writes": False, "crm": {"url": "https://file", "app_secret": "s3cret", "calls": 7}}

    settings = loaded({}, file)

    assert (settings.url, settings.calls, settings.writes) == ("https://file", 7, False)


def test_the_environment_wins_over_the_file() -> None:
    settings = loaded(RIGHT, {"crm": {"url": "https://file"}})

    assert settings.url == "https://crm"


def test_an_empty_variable_is_not_set() -> None:
    settings = loaded({**RIGHT, "ANJI_CRM_CALLS": ""})

    assert settings.calls == 100


@pytest.mark.parametrize("value", ["", "7"])
def test_only_what_was_read_counts_whatever_else_the_process_has_in_its_environment(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("ANJI_CRM_CALLS", value)
    monkeypatch.setenv("ANJI_WRITES", value)

    settings = loaded({**RIGHT, "ANJI_CRM_CALLS": "", "ANJI_WRITES": ""})

    assert (settings.calls, settings.writes) == (100, True)


def test_what_is_missing_is_named_as_it_is_typed_with_its_meaning() -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded({"ANJI_CRM_APP_SECRET": "s3cret"})

    assert str(caught.value) == "ANJI_CRM_URL is missing: Where it is"


def test_each_mistake_is_one_line() -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded({"ANJI_CRM_APP_SECRET": "s3cret", "ANJI_CRM_CALLS": "0", "ANJI_WRITES": "maybe"})

    names = [line.split()[0] for line in str(caught.value).splitlines()]
    assert names == ["ANJI_CRM_URL", "ANJI_CRM_CALLS", "ANJI_WRITES"]


def test_what_is_wrong_together_is_named_as_it_is_typed() -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded({**RIGHT, "ANJI_CRM_USER": "zhang"})

    assert str(caught.value) == "ANJI_CRM_USER and ANJI_CRM_GROUP belong together"


def test_what_is_wrong_together_is_named_beside_what_is_missing() -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded({"ANJI_CRM_APP_SECRET": "s3cret", "ANJI_CRM_USER": "zhang"})

    assert str(caught.value).splitlines() == [
        "ANJI_CRM_URL is missing: Where it is",
        "ANJI_CRM_USER and ANJI_CRM_GROUP belong together",
    ]


def test_tables_of_others_are_given_as_text() -> None:
    source = SettingsSource({}, {"mapping": {"customer": {"organisation": 603}}})

    assert source.table("mapping") == {"customer": {"organisation": "603"}}
    assert source.unknown((CrmSettings,), tables=frozenset({"mapping"})) == ()


def test_what_is_no_table_where_one_is_due_is_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match="must be tables"):
        SettingsSource({}, {"mapping": {"customer": 1}}).table("mapping")


def test_a_secret_is_never_in_a_message() -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded({"ANJI_CRM_URL": "https://crm", "ANJI_CRM_APP_SECRET": "abc"})

    assert "ANJI_CRM_APP_SECRET is wrong" in str(caught.value)
    assert "abc" not in str(caught.value)


def test_a_secret_is_never_in_a_repr() -> None:
    settings = loaded(RIGHT)

    assert "s3cret" not in repr(settings)


def test_a_misspelt_name_is_found() -> None:
    source = SettingsSource({"ANJI_CMR_URL": "x", "HOME": "/"}, {"crm": {"urll": 1}, "oops": 2})

    found = source.unknown((CrmSettings,))

    assert found == ("ANJI_CMR_URL", "ANJI_CRM_URLL", "ANJI_OOPS")


def test_the_file_is_found_under_the_home(tmp_path: Path) -> None:
    (tmp_path / "anji.toml").write_text(
        'broker = "kafka"\n[crm]\nurl = "u"\napp_secret = "s3cret"\n'
    )
    source = SettingsSource.read({"ANJI_HOME": str(tmp_path)})

    assert source.load(InstallationSettings).broker == "kafka"
    assert source.load(CrmSettings).url == "u"


def test_no_file_is_no_mistake(tmp_path: Path) -> None:
    source = SettingsSource.read({"ANJI_HOME": str(tmp_path)})

    assert source.load(InstallationSettings).home == tmp_path


def test_a_named_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="ANJI_CONFIG: cannot read"):
        SettingsSource.read({"ANJI_CONFIG": str(tmp_path / "none.toml")})


def test_a_file_that_is_no_toml_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "anji.toml").write_text("broker: kafka")

    with pytest.raises(ConfigurationError, match="ANJI_CONFIG: cannot read"):
        SettingsSource.read({"ANJI_HOME": str(tmp_path)})


def test_an_alias_is_a_name_as_it_is_typed() -> None:
    assert typed_names(CrmSettings)["ANJI_WRITES"] == "writes"
