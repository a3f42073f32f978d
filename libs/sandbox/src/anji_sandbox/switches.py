"""What the vendors' documents leave open, as data with defaults; tests flip them.

A default is the choice that public clients are seen to live with, else the one that hides nothing.
Source: reference "fxiaoke-open-api.md", sections 8 and 9, unless a field says otherwise. The
switches of the ERP are in `anji_sandbox.k3cloud`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

__all__ = ["BusinessCodes", "FxiaokeLimits", "FxiaokeSwitches"]


@dataclass(frozen=True, slots=True)
class BusinessCodes:
    """Numeric codes of business refusals: none is published, so each can be set.

    The default 32000 is the table's "parameter error"; 30027 its "no such employee".
    """

    required_missing: int = 32000
    unknown_field: int = 32000
    wrong_type: int = 32000
    unknown_object: int = 32000
    not_found: int = 32000
    unknown_employee: int = 30027
    not_normal: int = 32000
    """The record is voided, in review or in change, and the call wants a normal one."""
    not_voided: int = 32000
    locked: int = 32000
    unique: int = 32000
    no_permission: int = 32000
    bad_query: int = 32000
    preset_path: int = 32000
    """A custom object on a preset path."""
    bad_body: int = 15002
    """A body that is no JSON object, or lacks `data`."""
    token_overuse: int = 30004
    call_overuse: int = 30004
    """14001 in the older table."""


@dataclass(frozen=True, slots=True)
class FxiaokeLimits:
    """How many calls the CRM takes. Source: reference section 6.3 `[docs]`."""

    calls_per_window: int = 100
    """Per interface (path); 60 in 2021."""
    window_seconds: float = 20.0
    tokens_per_minute: int = 10
    daily_calls: int = 100_000
    """All interfaces together, one bought pack by default; resets at 00:00 Beijing time. 0 means
    that no pack was bought."""


@dataclass(frozen=True, slots=True)
class FxiaokeSwitches:
    """How the sandbox CRM behaves where the reference says "open"."""

    codes: BusinessCodes = field(default_factory=BusinessCodes)

    page_cap: int = 100
    over_page_cap: Literal["clamp", "refuse"] = "clamp"
    """A `limit` above the cap; the answer tells the limit that was used."""
    uneven_offset: Literal["accept", "refuse"] = "refuse"
    """An `offset` that is no multiple of the limit that was used."""
    total_by_default: bool = True
    """A true `total` when the caller does not say; one client stops after page one without."""
    voided_in_query: bool = True
    query_lag_seconds: float = 0.0
    """How late a write shows in queries; `get` is always fresh."""
    hidden_objects: frozenset[str] = frozenset()
    """Objects the callers may not see: queries are empty, no error. In a real tenant
    PersonnelObj is such by default."""

    long_ids: bool = False
    """New records get 32 hex digits, as older ones in real tenants have, not 24."""
    owner_required: bool = True
    """On create of a head; lines take their head's owner."""
    owner_on_update: Literal["ignore", "refuse"] = "refuse"
    """An update with another owner; the same owner is always taken silently."""
    unknown_fields: Literal["ignore", "refuse", "store"] = "refuse"
    wrong_types: Literal["refuse", "store"] = "refuse"
    check_references: bool = False
    """Refuse an id of a reference that does not exist."""
    unique_fields: frozenset[str] = frozenset()
    """Such as ``AccountObj.erp_id__c``: the tenant made the field unique."""
    numbers_as_text: bool = True
    custom_on_preset_path: Literal["accept", "refuse"] = "refuse"
    custom_create_tells_id: bool = True
    third_trace_id_required: bool = False
    refused_calls_count: bool = False
    """Calls refused for the rate limit fill the window too."""

    detail_ids_in_answer: bool = False
    """With `includeDetailIds`: a top-level ``detailIds`` by object. Its real form is open, so a
    client cannot rely on it."""
    details_on_update: Literal["ignore", "merge", "replace"] = "ignore"
    """`merge`: rows with `_id` change, others are new; `replace`: and absent ones go."""
    line_change_touches_head: bool = False
    """A written line raises its head's `last_modified_time`."""
    void_takes_lines: bool = True
    void_raises_time: bool = True
    """Also for recover and lock."""
    change_owner_raises_time: bool = True
    edit_of_voided: Literal["accept", "refuse"] = "refuse"
    approval_objects: frozenset[str] = frozenset()
    """Objects with an approval flow: created with `triggerApprovalFlow` true (the default of the
    API) they stay `under_review`."""

    callback_retry_seconds: float = 60.0
    """In the vendor's own sample it is minutes."""
    callback_retries: int = 3
    callback_own_writes: bool = True
    """Writes of the integration user fire too."""
    callback_lines: bool = True
    callback_on_delete: bool = False
    callback_lost_share: float = 0.0
    callback_doubled_share: float = 0.0
    callback_late_share: float = 0.0
    callback_late_seconds: float = 5.0
    """How late a late one is sent; later ones overtake it."""
    event_types: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """`eventType` by action (create, update, invalid, recover, changeOwner, delete); "update",
    the only one ever shown, where absent."""
