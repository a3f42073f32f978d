"""The habits of vendors in a simulation: what no source settles, drawn by seed.

Each habit has chance of its own, so that a new one changes no other's seeds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Self

from anji.simulation.chance import seeded
from anji.simulation.vendors import Vendors
from anji_common.refs import System

__all__ = ["HABITS", "Habits", "lag_seconds", "shown"]

_SECOND_MS = 1000
_LAGS_SECONDS = (0.5, 5.0)
_CRM_LINES = ("SalesOrderProductObj", "DeliveryNoteProductObj")
_HOURS_APART = {System.FXIAOKE: 5.0, System.K3CLOUD: -3.0}
_HOUR_SECONDS = 3600.0
_APART = "clocks are hours apart"


@dataclass(frozen=True, slots=True)
class Habits:
    """Which habits the vendors of one seed have."""

    seed: int
    names: tuple[str, ...] = ()
    """Of `HABITS`."""

    @classmethod
    def drawn(cls, seed: int) -> Self:
        """Draw those of a seed."""
        return cls(
            seed,
            tuple(
                name for name, (share, _) in _HAVE.items() if _chance(name, seed).random() < share
            ),
        )

    def turn(self, vendors: Vendors) -> None:
        """Let vendors have them."""
        for name in self.names:
            _, have = _HAVE[name]
            have(vendors, _chance(f"{name}, how much", self.seed))

    @property
    def are_clocks_apart(self) -> bool:
        """Whether no callback is believed: each looks like a replay of hours ago."""
        return _APART in self.names


def lag_seconds(vendors: Vendors) -> float:
    """Return how late what is written to the CRM shows in its queries at the latest."""
    switches = vendors.crm.switches
    return max(switches.query_lag_seconds, *switches.query_lag_by_object.values(), 0.0)


def shown(vendors: Vendors) -> dict[str, int]:
    """Return how often a habit has shown, by name."""
    return {
        f"{core.name}: {name}": times
        for core in (vendors.crm, vendors.erp)
        for name, times in core.store.habits.items()
    }


def _chance(name: str, seed: int) -> Random:
    return seeded("habit", name, seed)


def _crm_lags(vendors: Vendors, chance: Random) -> None:
    vendors.crm.switches.query_lag_seconds = chance.uniform(*_LAGS_SECONDS)


def _crm_lines_lag(vendors: Vendors, chance: Random) -> None:
    switches = vendors.crm.switches
    lag = switches.query_lag_seconds + chance.uniform(*_LAGS_SECONDS)
    switches.query_lag_by_object = dict.fromkeys(_CRM_LINES, lag)


def _crm_has_whole_seconds(vendors: Vendors, _chance: Random) -> None:
    vendors.crm.switches.time_granularity_ms = _SECOND_MS


def _crm_tells_peoples_writes_only(vendors: Vendors, _chance: Random) -> None:
    vendors.crm.switches.callback_own_writes = False


def _erp_lags(vendors: Vendors, chance: Random) -> None:
    vendors.erp.switches.save_seconds = chance.uniform(*_LAGS_SECONDS)


def _erp_has_whole_seconds(vendors: Vendors, _chance: Random) -> None:
    vendors.erp.switches.time_granularity_ms = _SECOND_MS


def _audits_move_dates(vendors: Vendors, _chance: Random) -> None:
    vendors.erp.switches.audit_moves_modify_date = True


def _rows_are_renumbered(vendors: Vendors, _chance: Random) -> None:
    vendors.erp.switches.renumbers_entry_ids = True


def _all_rows_are_renumbered(vendors: Vendors, _chance: Random) -> None:
    vendors.erp.switches.renumbers_untouched_entities = True


def _clocks_are_apart(vendors: Vendors, _chance: Random) -> None:
    for system, hours in _HOURS_APART.items():
        vendors.weather[system].clock.skew_seconds += hours * _HOUR_SECONDS


_Have = Callable[[Vendors, Random], None]

_HAVE: Mapping[str, tuple[float, _Have]] = {
    "fxiaoke: queries lag": (0.25, _crm_lags),
    "fxiaoke: lines show later than their heads": (0.25, _crm_lines_lag),
    "fxiaoke: times of whole seconds": (0.25, _crm_has_whole_seconds),
    "fxiaoke: callbacks for people's writes only": (0.25, _crm_tells_peoples_writes_only),
    "k3cloud: saves show later than their date": (0.25, _erp_lags),
    "k3cloud: dates of whole seconds": (0.25, _erp_has_whole_seconds),
    "k3cloud: audits move the modify date": (0.25, _audits_move_dates),
    "k3cloud: saves renumber the rows that they name": (0.25, _rows_are_renumbered),
    "k3cloud: saves renumber all rows": (0.25, _all_rows_are_renumbered),
    _APART: (0.125, _clocks_are_apart),
}
"""Name → in which share of seeds, and how."""

_SHOWN = (
    "fxiaoke: query lags",
    "fxiaoke: lines lag behind their head",
    "fxiaoke: two versions of one time",
    "fxiaoke: own write without a callback",
    "k3cloud: found later than its date",
    "k3cloud: two versions of one time",
    "k3cloud: audit moves the modify date",
    "k3cloud: rows renumbered",
)
"""What the sandboxes count when a habit shows."""

HABITS = (*_HAVE, *_SHOWN)
"""Over many seeds each must be met."""
