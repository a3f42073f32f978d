"""Finds the conversions that installed packages declare; nothing of them is imported yet."""

from importlib.metadata import entry_points

from anji_common.errors import ConfigurationError
from anji_mapper.mapping.own import GROUP, Factories, Factory

__all__ = ["installed_conversions"]


def installed_conversions() -> Factories:
    """Return what loads each conversion, by the name of its entry point.

    Raises:
        ConfigurationError: two packages declare one name.
    """
    found: dict[str, Factory] = {}
    for each in entry_points(group=GROUP):
        if each.name in found:
            msg = f"two installed packages declare {each.name!r} in {GROUP}: remove one"
            raise ConfigurationError(msg)
        found[each.name] = each.load
    return found
