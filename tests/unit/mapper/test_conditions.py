"""Conditions answer by normal form; blank equals nothing."""

import pytest

from anji_mapper.mapping.conditions import AllOf, AnyOf, IsEmpty, Not, OneOf
from anji_mapper.mapping.model import Condition, Row

AUDITED = OneOf("FDocumentStatus", frozenset({"C"}))
OPEN = OneOf("closed", frozenset({"false"}))
BARE = IsEmpty("FNote")


@pytest.mark.parametrize(
    ("condition", "head", "answer"),
    [
        (AUDITED, {"FDocumentStatus": "C"}, True),
        (AUDITED, {"FDocumentStatus": "A"}, False),
        (AUDITED, {"FDocumentStatus": None}, False),
        (AUDITED, {}, False),
        (OPEN, {"closed": False}, True),
        (OPEN, {"closed": True}, False),
        (BARE, {"FNote": None}, True),
        (BARE, {"FNote": "x"}, False),
        (Not(AUDITED), {"FDocumentStatus": None}, True),
        (Not(AUDITED), {"FDocumentStatus": "C"}, False),
        (AllOf((AUDITED, BARE)), {"FDocumentStatus": "C"}, True),
        (AllOf((AUDITED, BARE)), {"FDocumentStatus": "C", "FNote": "x"}, False),
        (AnyOf((AUDITED, BARE)), {"FNote": "x"}, False),
        (AnyOf((AUDITED, BARE)), {"FDocumentStatus": "C", "FNote": "x"}, True),
    ],
)
def test_a_condition_answers(condition: Condition, head: Row, *, answer: bool) -> None:
    assert condition.holds(head) is answer
