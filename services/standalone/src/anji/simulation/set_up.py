"""How the services of a simulation are set up: as usual, but for the vendors' credentials."""

from collections.abc import Mapping
from functools import cache
from typing import TypeVar

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from anji.simulation.vendors import PLENTY
from anji_fxiaoke.settings import FxiaokeSettings
from anji_k3cloud.settings import K3CloudSettings
from anji_mapper.settings import MapperSettings

__all__ = ["fxiaoke_settings", "k3cloud_settings", "mapper_settings"]

_TELL_CALLS_SECONDS = 600.0
"""Nobody counts them, so they are told more seldom than a real process may."""


def fxiaoke_settings(credentials: Mapping[str, str], **more: float) -> FxiaokeSettings:
    """Return how our services reach a CRM of these credentials; `more` by name."""
    return _with(_usual_fxiaoke(), credentials, **more)


def k3cloud_settings(credentials: Mapping[str, str | int], **more: float) -> K3CloudSettings:
    """Return how our services reach an ERP of these credentials; `more` by name."""
    return _with(_usual_k3cloud(), credentials, **more)


_Settings = TypeVar("_Settings", bound=BaseSettings)


def _with(usual: _Settings, credentials: Mapping[str, str | int], **more: float) -> _Settings:
    """Return settings with a vendor's own credentials: those of its people are none of ours."""
    known = {
        name: SecretStr(str(value)) if isinstance(getattr(usual, name), SecretStr) else value
        for name, value in credentials.items()
        if not name.startswith("person_")
    }
    return usual.model_copy(update={**known, **more})


# Reading settings from the environment takes milliseconds, which are many in 20,000 seeds.
@cache
def mapper_settings() -> MapperSettings:
    """Return the mapper's own settings."""
    return MapperSettings.model_validate({})


@cache
def _usual_fxiaoke() -> FxiaokeSettings:
    names = ("app_id", "app_secret", "permanent_code", "open_user_id", "callback_aes_key")
    usual = FxiaokeSettings.model_validate(
        {
            **dict.fromkeys(names, "of each seed"),
            "url": "http://crm.invalid",
            "calls_per_window": PLENTY,
            "calls_per_day": None,
            "triggers_workflow": True,  # a tenant without any has none to start
        }
    )
    return usual.model_copy(update={"tell_calls_seconds": _TELL_CALLS_SECONDS})


@cache
def _usual_k3cloud() -> K3CloudSettings:
    names = ("acct_id", "username", "password", "app_id", "app_secret")
    return K3CloudSettings.model_validate(
        {**dict.fromkeys(names, "of each seed"), "url": "http://erp.invalid"}
    )
