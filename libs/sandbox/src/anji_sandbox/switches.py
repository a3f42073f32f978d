"""What the vendors' documents leave open, as data with defaults; tests flip them.

A default is the choice that public clients are seen to live with, else the one that hides nothing.
Switches may be turned while a sandbox runs, by ``/_switches`` too; a restart has the defaults.
Source: reference "fxiaoke-open-api.md", sections 8 and 9, unless a field says otherwise. The
switches of the ERP are in `anji_sandbox.k3cloud`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

__all__ = ["BusinessCodes", "FxiaokeLimits", "FxiaokeSwitches"]


@dataclass(slots=True)
class BusinessCodes:
    """Numeric codes of business refusals: none is published, so each can be set.

    The default 32000 is the table's "parameter error"; 30027 its "no such employee".
    """

    required_missing: int = 32000
    """A required field is empty, or a list of ids is."""
    unknown_field: int = 32000
    """A field that the object does not have."""
    wrong_type: int = 32000
    """A value that its field cannot hold."""
    unknown_object: int = 32000
    """An object that the tenant does not have, or whose feature is off."""
    not_found: int = 32000
    """A record that is not there."""
    unknown_employee: int = 30027
    """An owner or member who is no employee."""
    not_normal: int = 32000
    """The record is voided, in review or in change, and the call wants a normal one."""
    not_voided: int = 32000
    """A delete or recover of a record that is not voided."""
    locked: int = 32000
    """An edit of a locked record."""
    unique: int = 32000
    """A value that another record holds in a unique field."""
    no_permission: int = 32000
    """A record that the caller may not see, or may not do this with."""
    bad_query: int = 32000
    """Filters, orders, limit or offset that cannot be read."""
    preset_path: int = 32000
    """A custom object on a preset path."""
    bad_body: int = 15002
    """A body that is no JSON object, or lacks `data`."""
    duplicate: int = 32000
    """A hit of a duplicate rule."""
    in_pool: int = 32000
    """A record in a public pool, which nobody may hand over before it is taken."""
    token_overuse: int = 30004
    """Too many token calls in a minute, or two at once."""
    call_overuse: int = 30004
    """14001 in the older table."""


@dataclass(frozen=True, slots=True)
class FxiaokeLimits:
    """How many calls the CRM takes. Source: reference section 6.3 `[docs]`."""

    calls_per_window: int = 100
    """Per interface (path); 60 in 2021."""
    window_seconds: float = 20.0
    """How long a call counts for its interface."""
    tokens_per_minute: int = 10
    """Token calls, of both styles together."""
    daily_calls: int = 100_000
    """All interfaces together, one bought pack by default. 0 means that no pack was bought."""
    day_zone_hours: float = 8.0
    """The day's pack is new at 00:00 of this offset from UTC; presumably Beijing's."""


@dataclass(slots=True)
class FxiaokeSwitches:
    """How the sandbox CRM behaves where the reference says "open"."""

    codes: BusinessCodes = field(default_factory=BusinessCodes)

    page_cap: int = 100
    """The largest `limit`; 1000, 500 and 200 were seen in older years."""
    over_page_cap: Literal["clamp", "refuse"] = "clamp"
    """A `limit` above the cap; the answer tells the limit that was used."""
    uneven_offset: Literal["accept", "refuse"] = "refuse"
    """An `offset` that is no multiple of the limit that was used."""
    most_filters: int | None = None
    """More `filters` in one query are refused."""
    most_filter_values: int | None = None
    """More `field_values` in one filter are refused."""
    total_by_default: bool = True
    """A true `total` when the caller does not say; one client stops after page one without."""
    voided_in_query: bool = True
    """Whether queries find voided records."""
    query_lag_seconds: float = 0.0
    """How late a write shows in queries; `get` is always fresh."""
    query_lag_by_object: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Another lag for some objects: a head may show before its lines, or after."""
    deleted_records: Literal["vanish", "marked"] = "vanish"
    """`marked`: they stay, with `is_deleted` true, and cannot be changed."""
    hidden_objects: frozenset[str] = frozenset()
    """Objects the callers may not see: queries are empty, no error. In a real tenant
    PersonnelObj is such by default."""
    own_records_only: frozenset[str] = frozenset()
    """Employees, such as ``1001``, who see and change only the records that they own; queries
    leave out the others silently. Nobody by default: an integration user is an admin."""
    companions: bool = True
    """`get`, and queries without a projection, tell ``__r`` and ``__l`` beside references,
    employees and departments. A projection gets what it names."""
    currency_sums: Literal["stored", "computed"] = "stored"
    """Amounts of an order that are sums of other records (paid, invoiced): what was written, or
    the sum at each read. Fields of type `count` are always computed."""
    inactive_objects: frozenset[str] = frozenset()
    """Objects whose feature is off: listed with `isActive` false, refused elsewhere."""

    long_ids: bool = False
    """New records get 32 hex digits, as older ones in real tenants have, not 24."""
    owner_required: bool = True
    """On create of a head; lines take their head's owner."""
    owner_on_update: Literal["ignore", "refuse"] = "refuse"
    """An update with another owner; the same owner is always taken silently."""
    unknown_fields: Literal["ignore", "refuse", "store"] = "refuse"
    """A given field that the object does not have; one that ends in ``__c`` is always stored."""
    wrong_types: Literal["refuse", "store"] = "refuse"
    """A value that its field cannot hold, such as text for a number."""
    unknown_options: Literal["refuse", "store"] = "store"
    """A value of a select field that is none of the options which describe tells."""
    check_references: bool = False
    """Refuse an id of a reference that does not exist."""
    unique_fields: frozenset[str] = frozenset()
    """Such as ``AccountObj.erp_id__c``: the tenant made the field unique."""
    duplicate_rules: frozenset[str] = frozenset()
    """Such as ``AccountObj.name``: the tenant's duplicate rule. On a custom object it is asked
    only with `checkDuplicateSearch`."""
    duplicates_on_preset: Literal["refuse", "ignore"] = "refuse"
    """Whether a create of a preset object asks the rule; `optionInfo.isDuplicateSearch` false
    switches it off."""
    most_lines: int | None = None
    """More `details` rows in one call are refused."""
    most_body_bytes: int | None = None
    """A longer body is refused."""
    numbers_as_text: bool = True
    """Numbers are told as text, as documented, or as JSON numbers."""
    custom_on_preset_path: Literal["accept", "refuse"] = "refuse"
    """A custom object on the path of preset ones."""
    custom_create_tells_id: bool = True
    """A custom create answers `dataId`: the documents do not say so, all clients read it."""
    third_trace_id_required: bool = False
    """A call of the new style without `thirdTraceId` is refused."""
    token_seconds: float = 0.0
    """How long a token call takes; another one meanwhile is refused as over-use, for the vendor
    forbids concurrent ones."""
    refused_calls_count: bool = False
    """Calls refused for the rate limit fill the window too, and count for the day."""
    time_granularity_ms: int = 1
    """What `last_modified_time` is cut to; 1000 makes ties within a second."""

    detail_ids_in_answer: bool = False
    """With `includeDetailIds`: a top-level ``detailIds`` by object. Its real form is open, so a
    client cannot rely on it."""
    details_on_update: Literal["ignore", "merge", "replace"] = "ignore"
    """`merge`: rows with `_id` change, others are new; `replace`: and absent ones go."""
    line_change_touches_head: bool = False
    """A written line raises its head's `last_modified_time`."""
    void_takes_lines: bool = True
    """Voiding a head voids its lines, and recovering it recovers them."""
    void_raises_time: bool = True
    """Also for recover and lock."""
    change_owner_raises_time: bool = True
    """A change of owner raises `last_modified_time`; pools too."""
    edit_of_voided: Literal["accept", "refuse"] = "refuse"
    """An update of a voided record."""
    edit_in_review: Literal["accept", "refuse"] = "accept"
    """An update of a record that is `under_review` or `in_change`."""
    approval_objects: frozenset[str] = frozenset()
    """Objects with an approval flow: created with `triggerApprovalFlow` true (the default of the
    API) they stay `under_review` until ``approvalTask/action`` or a person ends it."""
    approval_of_updates: Literal["none", "hold"] = "none"
    """`hold`: an update of such an object with `triggerApprovalFlow` true leaves the record
    `in_change` with its old values until it is agreed to; its lines are left alone."""
    workflow_changes: Mapping[str, Mapping[str, object]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    """By object, what a workflow writes into a record after a create or update with
    `triggerWorkFlow` true (the default of the API), as the system user ``-10000``."""
    lead_transfer_tells_ids: bool = False
    """The answer of ``leads/transfer`` tells what was made, as `data` by object."""

    callback_retry_seconds: float = 60.0
    """In the vendor's own sample it is minutes."""
    callback_retries: int = 3
    """How often an event is sent again that was not answered well."""
    callback_own_writes: bool = True
    """Writes of the integration user fire too."""
    callback_lines: bool = True
    """Changes of lines are told as well as those of heads."""
    callback_objects: frozenset[str] | None = None
    """Objects whose changes are told; all by default. Which can be chosen is open."""
    callback_on_delete: bool = False
    """A delete is told."""
    callback_lost_share: float = 0.0
    """Share of the events that never arrive."""
    callback_doubled_share: float = 0.0
    """Share of the events that are sent twice."""
    callback_late_share: float = 0.0
    """Share of the events that are sent late."""
    callback_late_seconds: float = 5.0
    """How late a late one is sent; later ones overtake it."""
    event_types: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """`eventType` by action (create, update, invalid, recover, changeOwner, delete); "update",
    the only one ever shown, where absent."""
