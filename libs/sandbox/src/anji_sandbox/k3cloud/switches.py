"""What the sources leave open about K3Cloud, each with a default and what speaks for it.

A switch may be turned while the sandbox runs: the core reads it at each call.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["K3CloudSwitches"]


@dataclass(slots=True)
class K3CloudSwitches:
    """The behaviours that no source settles."""

    audit_moves_modify_date: bool = False
    """Whether Submit, Audit, UnAudit and CancelAssign set FModifyDate (a sample: no)."""

    operations_move_modify_date: bool = False
    """Whether Forbid, Enable, Cancel and closing set FModifyDate; no source, as for the audit."""

    empty_modify_date_on_create: bool = False
    """Whether a record nobody changed since it was made has no FModifyDate (seen on PRD_PPBOM)."""

    time_granularity_ms: int = 1
    """What the dates of creates, edits and audits are cut to. Samples have milliseconds; 1000
    makes ties within a second."""

    save_seconds: float = 0.0
    """How long before it shows a save or audit began: its dates are of its beginning. No source
    tells how long one takes; a query finds it only when it is over."""

    trims_text: bool = True
    """Whether blanks at the ends of a text are cut when it is saved."""

    renumbers_entry_ids: bool = False
    """Whether every save gives all rows of the entities it touches new entry ids."""

    renumbers_untouched_entities: bool = False
    """Whether it gives them to the rows of all other entities too, also a save of the head."""

    wipes_absent_entities: bool = False
    """Whether IsDeleteEntry also empties entities that the packet does not name at all."""

    wipes_absent_rows_below: bool = False
    """Whether IsDeleteEntry also empties, in rows that the packet names, the rows below that it
    does not name."""

    submitted_is_editable: bool = True
    """Whether a bill in approval (B) can be saved; the sources only refuse audited ones."""

    audited_base_data_is_editable: bool = False
    """Whether audited customers and materials can be saved; bills never can."""

    references_must_be_audited: bool = False
    """Whether a bill may only name base data that is audited."""

    partial_batch_fails: bool = True
    """Whether IsSuccess is false when some packets of a call failed and others did not."""

    answers_entry_ids: bool = True
    """Whether SuccessEntitys carry EntryIds, as newer servers do."""

    max_limit: int = 2000
    """Rows of one query at most; older pages say 2000, current ones 10000. Cut without a word."""

    session_idle_seconds: float = 1200.0
    """A session ends after this long without a call; 20 minutes, others say 30."""

    session_lost_shape: Literal["object", "list", "bare"] = "object"
    """How calls other than the two queries say that the session is lost."""

    lock_after_failures: int = 5
    """Wrong passwords in a row that lock a user."""

    lock_seconds: float = 1800.0
    """How long a locked user stays locked, counted from the last failure."""

    checks_api_signature: bool = False
    """Whether X-Api-Signature is verified too; sites probably verify only the X-Kd headers."""

    user_may_use_webapi: bool = True
    """Whether the users are on the WebAPI allow-list; logins say so if not."""

    licence_warning: bool = False
    """Whether a good login carries the notice of a licence that ends soon, without session id."""

    login_sign_algorithm: Literal["sha256", "sha1"] = "sha256"
    """How LoginBySign is signed; SHA-1 on servers before PT-146911."""

    sessions_per_user: int | None = None
    """How many sessions of one user live; the oldest ends for a new one. No end is known."""

    data_centers_shape: Literal["list", "object", "zipped", "empty"] = "list"
    """How the account sets are listed; `zipped` is base64 of gzip. All four were seen."""

    view_without_session: Literal["refuse", "empty"] = "refuse"
    """What View answers without a session; one source saw an empty object."""

    compresses_answers: bool = False
    """Whether answers are gzip, as a header says, for callers that accept it."""

    call_seconds: float = 0.0
    """How long each call takes; calls of one session are served one after another."""

    async_seconds: float = 1.0
    """How long a call that was begun is told to be running."""

    calls_per_minute: int | None = None
    """More calls than these are refused with MsgCode 14; no limit is documented."""

    forbidden_forms: tuple[str, ...] = ()
    """Forms that the caller has no permission for (MsgCode 2)."""

    hidden_organisations: tuple[str, ...] = ()
    """Organisations, by number, whose records queries leave out without a word, as data rights by
    organisation do."""

    firewall_texts: tuple[str, ...] = ()
    """Texts in a body that a firewall before the site stops."""

    attachment_part_bytes: int = 4_194_304
    """How much of a file one download tells; open."""

    checks_stock: bool = False
    """Whether an outbound may not take more than lies in stock, unless the call says
    STK_InvCheckResult or ignores interactions."""

    outbound_makes_receivable: bool = False
    """Whether the audit of an outbound makes and audits a receivable, told in SuccessMessages."""

    most_packets: int | None = None
    """More packets in one BatchSave are refused; no limit is documented."""

    batch_is_one_transaction: bool = False
    """Whether one refused packet of a BatchSave takes all others back."""

    order_matters: bool = False
    """Whether an order whose entries stand before its finance part in the packet is refused, but
    with IsAutoAdjustField or without ValidateFlag; seen on SAL_Quotation."""

    longest_texts: Mapping[str, int] = field(default_factory=dict)
    """How long texts may be, by ``FormId.Key``; no length is documented."""

    model_keys_mind_case: bool = False
    """Whether a packet's keys must be spelled as the metadata spell them."""

    manual_numbers: Literal["allow", "ignore", "refuse"] = "allow"
    """What a new record's own number does: it is taken, the coding rule's is, or the packet is
    refused; a tenant's coding rule decides."""

    custom_fields: Literal["learn", "refuse"] = "learn"
    """What a packet's custom field that no form defines does: it is there from then on, or it is
    an unknown key, as on a tenant that lacks it."""

    over_limit: Literal["cut", "refuse", "honour"] = "cut"
    """What a query's Limit above `max_limit` does."""

    unhandled_as_http_500: bool = False
    """Whether an unknown service is HTTP 500 rather than a ``response_error:`` body."""

    person_may_use_app: bool = False
    """Whether the app authorises the person too, and not only the integration user."""

    checks_allocation: bool = True
    """Whether a bill may name customers and materials of its own organisation only."""

    unknown_references: Literal["refuse", "drop"] = "refuse"
    """A number that does not exist; `drop` leaves the field empty unless the packet says
    IsVerifyBaseDataField."""

    filters_by_reference: bool = True
    """Whether a filter may use dotted names such as FCustId.FNumber; one source says no."""

    masked_fields: tuple[str, ...] = ()
    """Fields, as ``FormId.Key``, that queries answer with ``***``, as prices were seen."""

    absent_fields: tuple[str, ...] = ()
    """Fields, as ``FormId.Key``, that this tenant lacks, to see what a missing one does."""
