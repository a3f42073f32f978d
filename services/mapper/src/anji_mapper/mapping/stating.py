"""Builds the states of a link type from what its file says of them and of deletes."""

from collections.abc import Mapping
from dataclasses import dataclass

from anji_common.events.commands import Operation
from anji_common.refs import System
from anji_mapper.mapping.asking import build_condition, condition_paths, condition_places
from anji_mapper.mapping.fields import SideFields
from anji_mapper.mapping.lenses import Same
from anji_mapper.mapping.model import Pair
from anji_mapper.mapping.reading import Loc, Page
from anji_mapper.mapping.schema import DeleteSideForm, FileForm, StateForm, StateSideForm
from anji_mapper.mapping.states import CRM_OPERATIONS, DELETED, Doing, State, state_path

__all__ = ["build_states"]

_SYSTEMS = {"crm": System.FXIAOKE, "erp": System.K3CLOUD}
_NEVER = frozenset({Operation.ALLOCATE})
"""Needs organisations, which no state names."""


def build_states(
    page: Page, form: FileForm, fields: Mapping[System, SideFields], home: System
) -> tuple[Pair, ...]:
    """Return a pair for each state, deleted last; what they look at is added to `fields`."""
    building = _Building(page, fields, home)
    built = [building.state(("states", place), each) for place, each in enumerate(form.states)]
    pairs = [pair for pair, each in zip(built, form.states, strict=True) if each.used]
    names = [each.name for each in form.states]
    for place, name in enumerate(names):
        if name in names[:place] or name == DELETED:
            words = f"state {name} is here twice" if name != DELETED else "say on_delete for that"
            page.find(("states", place, "name"), words)
    return (*pairs, *building.deleted(form))


@dataclass(frozen=True, slots=True)
class _Building:
    page: Page
    fields: Mapping[System, SideFields]
    home: System

    def state(self, loc: Loc, form: StateForm) -> Pair:
        """Return the pair of one state."""
        sides: dict[System, StateSideForm] = {
            system: getattr(form, name) for name, system in _SYSTEMS.items()
        }
        for name, system in _SYSTEMS.items():
            side = sides[system]
            places = condition_places(side.when, (*loc, name, "when"))
            for path, place in places if form.used else ():
                self.fields[system].add(place, path)
            self._check((*loc, name, "enter"), system, side.enter)
            self._check((*loc, name, "leave"), system, side.leave)
        if not any(each.enter or each.leave for each in sides.values()):
            self.page.find(loc, "a state that does nothing on either side: say enter or leave")
        state = State(
            form.name,
            {system: build_condition(side.when) for system, side in sides.items()},
            {system: Doing(side.enter, side.leave) for system, side in sides.items()},
            {system: tuple(condition_paths(side.when)) for system, side in sides.items()},
            frozenset(system for system, side in sides.items() if side.rests),
        )
        owner = self.home if form.owner is None else _SYSTEMS[form.owner]
        approves = frozenset(system for system, side in sides.items() if side.approve)
        return _pair(state, owner, approves, asks=form.conflict == "ask")

    def deleted(self, form: FileForm) -> tuple[Pair, ...]:
        """Return the pair of the state of being deleted, where the file says what is done then."""
        gone: dict[System, DeleteSideForm] = {
            system: found
            for name, system in _SYSTEMS.items()
            if (found := getattr(form.on_delete, name)) is not None
        }
        if not gone:
            return ()
        for system, side in gone.items():
            name = "crm" if system is System.FXIAOKE else "erp"
            self._check(("on_delete", name, "do"), system.other, side.do)
        state = State(
            DELETED,
            {},
            {system.other: Doing(side.do) for system, side in gone.items()},
            {},
        )
        approves = frozenset(system.other for system, side in gone.items() if side.approve)
        return (_pair(state, self.home, approves, asks=False),)

    def _check(self, loc: Loc, system: System, operations: tuple[Operation, ...]) -> None:
        for each in operations:
            if system is System.FXIAOKE and each not in CRM_OPERATIONS:
                can = ", ".join(sorted(CRM_OPERATIONS))
                self.page.find(loc, f"the CRM has no {each}; it has: {can}")
            elif each in _NEVER:
                self.page.find(loc, f"{each} brings a record into no state")


def _pair(state: State, owner: System, approves: frozenset[System], *, asks: bool) -> Pair:
    path = state_path(state.name)
    does = {system for system, each in state.does.items() if each.enter or each.leave}
    return Pair(
        name=f"{path}~{path}",
        crm=path,
        erp=path,
        lens=Same(),
        owner=owner,
        flows_to=frozenset(does),
        asks=asks,
        approves=approves,
        state=state,
    )
