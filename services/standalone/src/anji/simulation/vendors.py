"""Both sandboxes' cores in a simulation, and what lies between them and us."""

from dataclasses import dataclass
from random import Random

from anji.people import CrmUser, ErpUser
from anji.simulation.chance import seeded
from anji.simulation.journal import Journal
from anji.simulation.transport import SimulatedTransport, VendorClock, Weather
from anji_common.clock import Clock
from anji_common.refs import System
from anji_sandbox.faults import Faults, FaultyCore, SparedCore
from anji_sandbox.fxiaoke import FxiaokeCore, FxiaokeLimits
from anji_sandbox.k3cloud import K3CloudCore
from anji_sandbox.store import Store

__all__ = ["PLENTY", "Vendors", "open_vendors"]

PLENTY = 10**9
"""Calls that nobody counts: limits are tested elsewhere."""

_SKEWS_SECONDS = (0.0, 0.0, -4.0, 7.0)
"""How wrong a vendor's clock is."""
_PATHS = {System.FXIAOKE: "/", System.K3CLOUD: "/k3cloud/"}


@dataclass(frozen=True, slots=True)
class Vendors:
    """Both vendors, each behind one network that all share who call it."""

    crm: FxiaokeCore
    erp: K3CloudCore
    networks: dict[System, FaultyCore]
    weather: dict[System, Weather]

    @property
    def writes(self) -> dict[str, int]:
        """How much was written to each, by whomever."""
        return {core.name: sum(core.store.writes.values()) for core in (self.crm, self.erp)}

    @property
    def faults(self) -> tuple[Faults, ...]:
        """What happens to our calls, by vendor."""
        return tuple(network.faults for network in self.networks.values())

    def transport(
        self, system: System, clock: Clock, chance: Random, journal: Journal, who: str
    ) -> SimulatedTransport:
        """Return the way of one of our services to a vendor."""
        return SimulatedTransport(
            self.networks[system],
            clock,
            self.weather[system],
            base_path=_PATHS[system],
            chance=chance,
            journal=journal,
            who=who,
        )

    def crm_user(self, clock: Clock) -> CrmUser:
        """Return a person in the CRM, whose calls never fail."""
        return CrmUser(self._spared(System.FXIAOKE, clock), self.crm.credentials)

    def erp_user(self, clock: Clock) -> ErpUser:
        """Return a person in the ERP, whose calls never fail."""
        return ErpUser(self._spared(System.K3CLOUD, clock), self.erp.credentials)

    def _spared(self, system: System, clock: Clock) -> SimulatedTransport:
        core = SparedCore(self.networks[system])
        quiet = Weather(self.weather[system].clock)
        return SimulatedTransport(core, clock, quiet, base_path=_PATHS[system])


def open_vendors(seed: int, clock: Clock) -> Vendors:
    """Return both vendors as new, with made-up companies of that seed."""
    limits = FxiaokeLimits(calls_per_window=PLENTY, daily_calls=PLENTY)
    crm = FxiaokeCore(Store(), None, limits, seed=str(seed), callback_url="http://anji.invalid")
    erp = K3CloudCore(Store(), seed=seed)
    chance = seeded("clocks", seed)
    return Vendors(
        crm,
        erp,
        {
            System.FXIAOKE: FaultyCore(crm, Faults(seed=f"crm {seed}")),
            System.K3CLOUD: FaultyCore(erp, Faults(seed=f"erp {seed}")),
        },
        {system: Weather(VendorClock(clock, chance.choice(_SKEWS_SECONDS))) for system in System},
    )
