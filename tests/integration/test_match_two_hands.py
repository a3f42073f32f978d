"""First load by two hands at once, and pairs made by hand that name more than one record."""

from pathlib import Path

from anji_common.refs import Ref, System
from anji_mapper.cards import Names
from anji_mapper.link.state import Stage
from anji_mapper.matching import Matching, open_matching
from anji_mapper.pairing import Match, Standing
from labs.mapper_lab import ACCOUNT, CUSTOMER, MapperLab, in_a_mapper_lab

OTHER = Ref(System.FXIAOKE, "AccountObj", "a2")


def account(name: str) -> dict[str, str | None]:
    return {"name": name, "tel": "1", "no__c": None, "anji_ref__c": None}


def customer(number: str) -> dict[str, str]:
    return {"FName": "Ann", "FTEL": "1", "FNumber": number}


def by_hand(found: Matching, *pairs: tuple[str, str]) -> list[Match]:
    link_type = found.context.mappings.named("customer")
    assert link_type is not None
    return found.matches(link_type, Names.of(link_type), pairs)


async def write(found: Matching, matches: list[Match]) -> int:
    """Link as the command does: each link is made when it is asked for."""
    link_type = found.context.mappings.named("customer")
    assert link_type is not None
    links = (found.joined(link_type, match, keeps=True) for match in matches)
    return await found.write(each for each in links if each is not None)


def test_two_operators_who_pair_one_record_with_two_others_make_one_link(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await lab.change(ACCOUNT, {**account("Ann")})
        await lab.change(OTHER, {**account("Bea")})
        await lab.change(CUSTOMER, {**customer("C1")})
        types, now = lab.mappings.types, lab.clock.now()
        async with (
            open_matching(lab.broker, lab.mappings, types, folder=tmp_path / "a", now=now) as one,
            open_matching(lab.broker, lab.mappings, types, folder=tmp_path / "b", now=now) as two,
        ):
            second = by_hand(two, (str(OTHER), "C1"))
            first = by_hand(one, (str(ACCOUNT), "C1"))

            assert await write(one, first) == 1
            assert await write(two, second) == 0

        assert (await lab.seat(CUSTOMER)).partner == ACCOUNT
        assert (await lab.seat(ACCOUNT)).stage is Stage.LINKED

    in_a_mapper_lab(test)


def test_what_a_mapper_learned_after_all_was_read_is_not_written_over(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        await lab.change(ACCOUNT, {**account("Ann")})
        await lab.change(CUSTOMER, {**customer("C1")})
        types, now = lab.mappings.types, lab.clock.now()
        async with open_matching(
            lab.broker, lab.mappings, types, folder=tmp_path / "a", now=now
        ) as found:
            matches = by_hand(found, (str(ACCOUNT), "C1"))
            await lab.start()
            (command,) = await lab.commands()
            await lab.kill()

            assert await write(found, matches) == 0

        flight = (await lab.seat(ACCOUNT)).erp.flight
        assert flight is not None
        assert flight.number == command.number

    in_a_mapper_lab(test)


def test_a_pair_made_by_hand_whose_number_two_records_have_is_doubtful(tmp_path: Path) -> None:
    async def test(lab: MapperLab) -> None:
        same = Ref(System.K3CLOUD, "BD_Customer", "100002")
        await lab.change(ACCOUNT, {**account("Ann")})
        await lab.change(CUSTOMER, {**customer("C1")})
        await lab.change(same, {**customer("C1")})
        async with open_matching(
            lab.broker,
            lab.mappings,
            lab.mappings.types,
            folder=tmp_path / "a",
            now=lab.clock.now(),
        ) as found:
            match = by_hand(found, (str(ACCOUNT), "C1"))[0]
            by_ref = by_hand(found, (str(ACCOUNT), str(same)))[0]

        assert match.standing is Standing.DOUBTFUL
        assert "2 records have the number C1" in match.reason
        assert by_ref.standing is Standing.CERTAIN
        assert by_ref.erp is not None
        assert by_ref.erp.ref == str(same)

    in_a_mapper_lab(test)
