"""What the sources leave open about K3Cloud, each with a default and what speaks for it.

A switch may be turned while the sandbox runs: the core reads it at each call.
"""

from dataclasses import dataclass
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

    trims_text: bool = True
    """Whether blanks at the ends of a text are cut when it is saved."""

    renumbers_entry_ids: bool = False
    """Whether every save gives all rows of the entities it touches new entry ids."""

    wipes_absent_entities: bool = False
    """Whether IsDeleteEntry also empties entities that the packet does not name at all."""

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
