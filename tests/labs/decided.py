"""Whether a step has left anything undone, for labs that step seats one by one."""

from anji_mapper.link.context import Context
from anji_mapper.link.crosswalking import publish_rows
from anji_mapper.link.inputs import Looked
from anji_mapper.link.state import Seat, Stage
from anji_mapper.link.step import Reducer
from anji_mapper.link.turn import Turn
from anji_mapper.link.variants import choose_variant
from anji_mapper.mapping.model import LinkType

__all__ = ["check_decided"]


def check_decided(reducer: Reducer, seat: Seat, link_type: LinkType, context: Context) -> None:
    """A second look at what was decided does nothing (see `anji_mapper.link.resting`).

    Nor do its rows say something else than those published (see `tells_of_news`).
    """
    again = reducer.step(seat, Looked(), link_type, context)
    assert seat.waits or seat.problem or again == (seat, ()), again
    if seat.stage is Stage.LINKED:
        turn = Turn(seat, link_type, context, reducer.rules)
        choose_variant(turn, link_type)
        publish_rows(turn)
        assert not turn.effects, turn.effects
