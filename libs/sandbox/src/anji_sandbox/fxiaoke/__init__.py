"""The sandbox CRM: Fxiaoke's open API as a state machine.

Faithful to reference "fxiaoke-open-api.md"; what that leaves open is in `FxiaokeSwitches`.
"""

from anji_sandbox.fxiaoke.app import FxiaokeCore
from anji_sandbox.fxiaoke.objects import OBJECTS, FieldSpec, ObjectSpec, object_spec
from anji_sandbox.switches import BusinessCodes, FxiaokeLimits, FxiaokeSwitches

__all__ = [
    "OBJECTS",
    "BusinessCodes",
    "FieldSpec",
    "FxiaokeCore",
    "FxiaokeLimits",
    "FxiaokeSwitches",
    "ObjectSpec",
    "object_spec",
]
