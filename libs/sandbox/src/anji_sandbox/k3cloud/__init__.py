"""A sandbox 金蝶云星空 (K3Cloud) as faithful to its WebAPI as the public sources allow.

`K3CloudCore` is all that others use; it takes a request and returns an answer. What each module
claims about the real system is in `reference/k3cloud-webapi.md`; where that page says "open",
the behaviour is a switch with a documented default.
"""

from anji_sandbox.k3cloud.app import K3CloudCore
from anji_sandbox.k3cloud.switches import K3CloudSwitches

__all__ = ["K3CloudCore", "K3CloudSwitches"]
