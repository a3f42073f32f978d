"""What can be set about the CRM."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["FxiaokeSettings"]


class FxiaokeSettings(BaseSettings):
    """How to reach one tenant (企业) of Fxiaoke through one self-built app.

    The acting employee must belong to Anji alone: what it changes counts as ours.
    """

    model_config = SettingsConfigDict(
        env_prefix="ANJI_FXIAOKE_", frozen=True, extra="forbid", use_attribute_docstrings=True
    )

    url: str
    """Base address: ``https://open.fxiaoke.com``, or that of the tenant's cloud."""

    app_id: str
    """``FSAID_…``, from the admin console."""

    app_secret: SecretStr
    """Belongs to `app_id`."""

    permanent_code: SecretStr
    """The tenant's consent to the app."""

    open_user_id: str
    """``FSUID_…``, the employee that every call acts as. Give it the role of a CRM administrator:
    what it may not see is missing from answers without an error."""

    corp_id: str | None = None
    """``FSCID_…``. `None` takes the one that comes with the token; another one stops the start."""

    enterprise_account: str | None = None
    """Callbacks of any other account are refused. `None` does not look."""

    callback_aes_key: SecretStr | None = None
    """As the console shows it: base64 of 32 bytes. `None`: no callbacks are taken, changes are
    found by polling alone."""

    callback_host: str = "127.0.0.1"
    """Where callbacks are listened for; put a proxy with TLS before it."""

    callback_port: int = Field(default=0, ge=0, le=65535)
    """Port for callbacks; 0 takes any free one, and the log tells which."""

    callback_window_seconds: float = Field(default=600.0, gt=0)
    """A callback that was sent longer ago, or so far in the future, is refused as a replay."""

    poll_seconds: float = Field(default=5.0, gt=0)
    """Between two polls of one object while callbacks do not come. Each costs a call, and one more
    for each kind of lines: at 5 s, four objects of which two have lines use 103,680 calls a day,
    more than one bought pack."""

    most_poll_seconds: float = Field(default=60.0, gt=0)
    """The same while callbacks come and polls find nothing that these had not told."""

    overlap_seconds: float = Field(default=30.0, gt=0)
    """How far polls look back: more than the query index ever lags behind a write. What was read
    whole in that time is not read again unless it moved."""

    gather_seconds: float = Field(default=0.2, ge=0)
    """How long callbacks gather before one query reads all their records: each query is paid."""

    lines_lag_seconds: float = Field(default=1.0, ge=0)
    """A document with lines that is younger than this is read again before it is published, as
    its lines may not all be there to be queried."""

    calls_per_window: int = Field(default=100, ge=1)
    """Calls of one interface within `window_seconds`, over all processes that use the account.
    Fxiaoke's own limit; tenants with a database of their own have bought more."""

    window_seconds: float = Field(default=20.0, gt=0)
    """See `calls_per_window`."""

    calls_per_day: int | None = Field(default=100_000, ge=1)
    """The bought packs of 100,000 calls; begins anew at midnight in Beijing. `None`: unlimited."""

    bulk_reserve: float = Field(default=0.3, ge=0, lt=1)
    """The part of all these that snapshots leave to live traffic."""

    budget_share: float = Field(default=1.0, gt=0, le=1)
    """The part of these limits that this process may use. Where source and writer are separate
    processes, or there are several of each, give each its part; together at most 1."""

    concurrent_writes: int = Field(default=4, ge=1, le=50)
    """Calls that write at the same time, per partition."""

    read_timeout_seconds: float = Field(default=30.0, gt=0)
    """For a query, from connecting to the last byte."""

    write_timeout_seconds: float = Field(default=60.0, gt=0)
    """For a call that writes. Keep it below ``ANJI_WRITER_PROCESSING_SECONDS``."""

    triggers_workflow: bool = False
    """Whether what Anji writes starts the tenant's workflows (`triggerWorkFlow`)."""

    triggers_approval: bool = False
    """Whether it starts approvals (`triggerApprovalFlow`); a record under review is no order."""
