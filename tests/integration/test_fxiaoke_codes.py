"""Every code of the vendor's table, as ``docs/vendors/fxiaoke.md`` tells what becomes of it."""

import re

import pytest

from anji_common.errors import (
    AnjiError,
    AuthenticationError,
    ConfigurationError,
    RateLimitedError,
    RefusedError,
    VendorUnavailableError,
)
from anji_common.writing.target import Busy, Doubtful, Refused, Written
from anji_fxiaoke.calls import Purpose
from anji_fxiaoke.outcomes import Next, next_of
from anji_sandbox.faults import Fault
from labs.fxiaoke_lab import ACCOUNT, Lab, new_account, on_a_crm
from labs.house import ROOT

PAGE = ROOT / "docs" / "vendors" / "fxiaoke.md"
ROWS = [
    (int(code), words)
    for code, words in re.findall(
        r"^\| (-?\d+) \| [^|]+ \| ([^|]+) \|$", PAGE.read_text(), re.MULTILINE
    )
]
CODES = {
    0, -1, -2, *range(10001, 10011), *range(10012, 10016), *range(11001, 11012),
    *range(11013, 11019), *range(12002, 12006), 14001, 15002, 15003, 20005, 20006, 20010, 20012,
    20014, 20015, 20016, 20017, 20020, 20021, 20022, 20023, 30002, 30003, 30004, 30007, 30027,
    32000, 40010, 50009,
}  # fmt: skip
"""Of the published table. Source: reference "fxiaoke-open-api.md", section 6.2."""
READS: dict[Next, type[AnjiError] | None] = {
    Next.GO_ON: None,
    Next.NEW_TOKEN: None,
    Next.WAIT: RateLimitedError,
    Next.WAIT_FOR_TOMORROW: RateLimitedError,
    Next.WAIT_FOR_PEOPLE: RateLimitedError,
    Next.UNAVAILABLE: VendorUnavailableError,
    Next.UNCERTAIN: VendorUnavailableError,
    Next.NO_RIGHTS: AuthenticationError,
    Next.WRONG_ADDRESS: ConfigurationError,
    Next.WHO_ARE_WE: RefusedError,
    Next.REFUSED: RefusedError,
}
WRITES: dict[Next, type] = {
    Next.GO_ON: Written,
    Next.NEW_TOKEN: Written,
    Next.WAIT: Busy,
    Next.WAIT_FOR_TOMORROW: Busy,
    Next.WAIT_FOR_PEOPLE: Busy,
    Next.UNAVAILABLE: Busy,
    Next.UNCERTAIN: Doubtful,
    Next.WHO_ARE_WE: Refused,
    Next.REFUSED: Refused,
}
"""What is not here stops the process, a write's too."""
POLL = Purpose("poll")


def test_the_page_has_every_code_once_and_in_the_connectors_own_words() -> None:
    assert sorted(code for code, _ in ROWS) == sorted(CODES)
    assert [(code, words) for code, words in ROWS if next_of(code).value != words] == []


def spoil(lab: Lab, code: int, endpoint: str) -> None:
    if code:
        words = f"refused with {code}"
        lab.faults.add(Fault(kind="code", endpoint=endpoint, code=code, words=words))


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_read_that_is_answered_so_ends_so_and_the_next_one_goes_on(code: int) -> None:
    async def test(lab: Lab) -> None:
        record_id = lab.person.make("AccountObj", name="甲")
        await lab.metadata.completed(ACCOUNT)
        spoil(lab, code, "*/data/query")
        expected = READS[next_of(code)]

        if expected is not None:
            with pytest.raises(expected) as caught:
                await lab.client.query("AccountObj", (), ("_id",), POLL)
            assert f"refused with {code}" in str(caught.value)
            if isinstance(caught.value, RateLimitedError):
                await lab.clock.sleep(caught.value.retry_after_seconds)

        page = await lab.client.query("AccountObj", (), ("_id",), POLL)
        assert [each["_id"] for each in page.records] == [record_id]
        tokens = 2 if next_of(code) is Next.NEW_TOKEN else 1
        fresh_day = next_of(code) is Next.WAIT_FOR_TOMORROW  # a night later the token is old
        assert lab.crm.store.calls["token"] - 1 <= tokens + fresh_day

    on_a_crm(test)


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_write_that_is_answered_so_ends_so_and_makes_nothing_twice(code: int) -> None:
    async def test(lab: Lab) -> None:
        await lab.metadata.completed(ACCOUNT)
        spoil(lab, code, "*/data/create")
        expected = WRITES.get(next_of(code))

        if expected is None:
            with pytest.raises((AuthenticationError, ConfigurationError), match=str(code)):
                await lab.target.write([new_account(1)])
        else:
            (outcome,) = await lab.target.write([new_account(1)])
            assert type(outcome) is expected
            assert isinstance(outcome, Written) or f"refused with {code}" in outcome.words
            if isinstance(outcome, Busy):
                assert outcome.is_unreached

        assert len(lab.person.all("AccountObj")) == (expected is Written)

    on_a_crm(test)
