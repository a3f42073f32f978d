"""What people do to whole records is done as they mean it, whatever was done before."""

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, TypeVar

import pytest

from anji.simulation.erasures import Erasures
from anji.simulation.officers import Officers
from anji.simulation.pace import Pace
from anji.simulation.tally import DEEDS
from anji.simulation.world import World
from anji_common.testing.virtual_time import run_virtually
from anji_mapper.mapping.folder import load_mappings

if TYPE_CHECKING:
    from _typeshed import SupportsLenAndGetItem

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

_T = TypeVar("_T")
_VOID = DEEDS.index("record voided while its partner is edited")
_DELETE = DEEDS.index("record deleted while its partner is edited")


class _Told(Random):
    """Chance that is told what to do, and when, to the first record that there is."""

    def __init__(self, places: Sequence[int], moments: Sequence[float]) -> None:
        super().__init__(1)
        self._places = list(places)
        self._moments = list(moments)

    def choices(
        self, population: "SupportsLenAndGetItem[_T]", *_: object, **__: object
    ) -> list[_T]:
        return [population[self._places.pop(0)]]

    def choice(self, seq: "SupportsLenAndGetItem[_T]") -> _T:
        return seq[0]

    def uniform(self, a: float, b: float) -> float:
        return self._moments.pop(0) if self._moments else min(a, b)

    def random(self) -> float:
        return 0.9  # nothing is taken back


def test_a_customer_that_is_void_already_is_deleted_all_the_same() -> None:
    async def story() -> tuple[int, int]:
        async with World.begun(12, load_mappings()) as world:
            erasures = Erasures(world)
            officers = Officers(world, [], _Told((_VOID, _DELETE), (100.0, 300.0)), erasures)
            await officers.work(Pace(900.0, 0, 0, 2, 900.0, (0.0,), 900.0))
            names = [each["name"] for each in await world.crm_user.every("AccountObj")]
            return names.count("O0"), erasures.deletes["AccountObj"]

    assert run_virtually(story()) == (0, 1)
