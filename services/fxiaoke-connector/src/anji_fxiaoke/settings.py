"""What can be set about the CRM."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from anji_common.settings import PartSettings

__all__ = ["HOSTS", "FxiaokeSettings"]

HOSTS = {
    "fxiaoke": "open.fxiaoke.com",
    "hwcloud": "open-hwcloud.fxiaoke.com",
    "ale": "open-ale.fxiaoke.com",
    "hws": "open-hws.fxiaoke.com",
    "ksc": "open-ksc.sharecrm.com",
    "na": "open-na.sharecrm.com",
}
"""Cloud → host of its open API. Source: docs/vendors/fxiaoke.md, section 1.5."""


class FxiaokeSettings(PartSettings):
    """How to reach one tenant (企业) of Fxiaoke through one self-built app.

    The acting employee must belong to Anji alone: what it changes counts as ours.
    """

    model_config = SettingsConfigDict(
        env_prefix="ANJI_FXIAOKE_", frozen=True, extra="forbid", use_attribute_docstrings=True
    )

    cloud: Literal["fxiaoke", "hwcloud", "ale", "hws", "ksc", "na"] | None = None
    """Which of the vendor's clouds the tenant lives in; nothing but people can tell. `fxiaoke` is
    ``open.fxiaoke.com``, where most are."""

    url: str | None = None
    """Base address, in place of `cloud`: for a proxy, the sandbox, or a cloud that is new."""

    auth_style: Literal["corp", "oauth"] = "corp"
    """How calls prove who they are: `corp` by a corpAccessToken in the body, as most integrations
    do; `oauth` by a Bearer token in the headers. Values look the same in both."""

    app_id: str
    """``FSAID_…``, from the admin console."""

    app_secret: SecretStr
    """Belongs to `app_id`."""

    permanent_code: SecretStr
    """The tenant's consent to the app."""

    open_user_id: str | None = None
    """``FSUID_…``, the employee that every call acts as. Give it the role of a CRM administrator:
    what it may not see is missing from answers without an error."""

    mobile: str | None = None
    """That employee's mobile number, in place of `open_user_id`, which is then looked up once at
    each start."""

    user_id: str | None = None
    """That employee's number in the CRM, such as ``1000``; needed where `auth_style` is
    `oauth`."""

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

    callback_url: str | None = None
    """The whole public address that the console has for callbacks; only `anji fxiaoke check` uses
    it, to see whether it leads here."""

    callback_window_seconds: float = Field(default=600.0, gt=0)
    """A callback that was sent longer ago, or so far in the future, is refused as a replay."""

    publishes: Literal["mapped", "all"] = "mapped"
    """Which fields a change carries: those that mappings name, or `all` that the tenant describes.
    Fields that the CRM computes anew at each look are published anew each time."""

    metadata_seconds: float = Field(default=86_400.0, gt=0)
    """How long the tenant's description of an object is kept: each costs a call, and a field that
    gets another type is read in the old way that long."""

    poll_seconds: float = Field(default=5.0, gt=0)
    """Between two polls of one object while callbacks do not come. Each costs a call, and one more
    for each kind of lines: at 5 s, four objects of which two have lines use 103,680 calls a day,
    more than one bought pack."""

    most_poll_seconds: float = Field(default=60.0, gt=0)
    """The same while callbacks come and polls find nothing that these had not told. Without them
    polls of a quiet object become fewer, too, up to this: the first change after a quiet while
    waits a tenth of it."""

    overlap_seconds: float = Field(default=30.0, gt=0)
    """How far polls look back: more than the query index ever lags behind a write. What was read
    whole in that time is not read again unless it moved."""

    gather_seconds: float = Field(default=0.2, ge=0)
    """How long callbacks gather before one query reads all their records: each query is paid."""

    steady_gather_seconds: float = Field(default=1.0, ge=0)
    """The least pause between two such queries of one object while callbacks come without end,
    unless a hundred wait: without it five changes a second use up `calls_per_window` in half of
    its time, and wait for the other half."""

    lines_lag_seconds: float = Field(default=0.9, ge=0)
    """How late lines show in queries. A document with lines that is younger is read again before
    it is published; an older one that moved less than this before it was read is published, and
    looked at once more when the lines have followed: all such documents of an object by one query,
    and one for each kind of lines, for every hundred. What a callback brings is read late enough
    for one look, unless the tenant tells whole seconds. 0: no second look."""

    patrol_seconds: float | None = Field(default=86_400.0, gt=0)
    """From one reading again of all known records to the next. It finds removed lines and deleted
    records, which no date tells, and what was hidden from Anji's employee at its time; it costs
    two calls, and one for each kind of lines, for every hundred records. `None`: only by
    `anji fxiaoke probe`."""

    confirm_seconds: float = Field(default=60.0, gt=0)
    """A record that such a round does not find is asked for again after this long, and is gone
    only if it is not there then either. More than a query lags behind a write."""

    most_deletes: int = Field(default=20, ge=1)
    """If more records of one object than this are gone at once, they are held until somebody
    approves: `anji fxiaoke approve`."""

    most_deletes_share: float = Field(default=0.02, gt=0, le=1)
    """The same, as a share of all known records of the object; one of several is never held."""

    calls_per_window: int = Field(default=100, ge=1)
    """Calls of one interface within `window_seconds`, over all processes that use the account.
    Fxiaoke's own limit; tenants with a database of their own have bought more."""

    window_seconds: float = Field(default=20.0, gt=0)
    """See `calls_per_window`."""

    calls_per_day: int | None = Field(default=100_000, ge=1)
    """The bought packs of 100,000 calls; begins anew at midnight in Beijing. `None`: unlimited."""

    tell_calls_seconds: float = Field(default=2.0, gt=0, le=60)
    """How often a process tells the others what it has called, and hears what they have. Each time
    is a record of ``fxiaoke.calls.v1``; what is called meanwhile the others do not know yet."""

    bulk_reserve: float = Field(default=0.3, ge=0, lt=1)
    """The part of all these that bulk work (snapshots, patrols, mass changes, read or written)
    leaves to live traffic. Of the window it uses what live traffic leaves, spread evenly, and has
    this part of it also where live traffic (polls are) would leave it less."""

    write_reserve: float = Field(default=0.1, ge=0, lt=1)
    """The part of the day's calls that is kept for writes and what belongs to them: when reads
    have used all others, what is known is still carried out."""

    source_part: float = Field(default=0.6, gt=0, lt=1)
    """The source's part of interfaces that source and writer both call (queries), where they are
    separate processes; the writer has the rest. A process that is both uses all."""

    budget_share: float = Field(default=1.0, gt=0, le=1)
    """The part of `calls_per_window` that this installation may use; leave the rest to other
    integrations of the tenant. Its processes divide it by the partitions that each owns."""

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

    locked: Literal["refuse", "wait", "override"] = "refuse"
    """What becomes of a change to a record that somebody has locked: `refuse` shows the CRM's
    words at the link, `wait` tries again a few times first, `override` changes it all the same
    (preset objects: unlock, change, lock)."""

    clears_with: Literal["null", "empty"] = "null"
    """What empties a field: null, or an empty text. The documents do not say which one works; see
    it at one field of your tenant."""

    messages: Literal["text", "composite"] = "text"
    """Messages to people as plain text, or with a title and a link to the record."""

    message_link: Literal["encoded", "plain"] = "encoded"
    """How that link (``fs://CRM/udobj?…``) spells the record: the documents do not say."""

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        wrong = []
        if (self.cloud is None) == (self.url is None):
            wrong.append("either cloud or url")
        if self.open_user_id is None and self.mobile is None:
            wrong.append("either open_user_id or mobile")
        if self.auth_style == "oauth" and self.user_id is None:
            wrong.append("auth_style oauth needs user_id")
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    @property
    def base_url(self) -> str:
        """The address that calls go to."""
        return self.url if self.cloud is None else f"https://{HOSTS[self.cloud]}"  # type: ignore[return-value]  # one of the two is set
