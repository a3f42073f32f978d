"""What can be set about the ERP."""

from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from anji_common.interest import FieldKind
from anji_common.settings import PartSettings

__all__ = ["K3CloudSettings"]

_PLAIN_WORDS = (
    "date=date,datetime=time,time=time,number=decimal,decimal=decimal,int=decimal,"
    "integer=decimal,flag=boolean,bool=boolean,boolean=boolean"
)


class K3CloudSettings(PartSettings):
    """How to reach one account set (数据中心) of one K3Cloud site.

    The user must belong to Anji alone: what it changes counts as ours.
    """

    model_config = SettingsConfigDict(
        env_prefix="ANJI_K3CLOUD_", frozen=True, extra="forbid", use_attribute_docstrings=True
    )

    url: str
    """Address of the site, ending in ``/k3cloud/``; what is missing of that is put there."""

    acct_id: str
    """Id of the account set."""

    username: str
    """Anji's own user, with the right to call the WebAPI."""

    auth: Literal["signed", "login_by_sign", "login_by_app_secret", "password"] | None = None
    """How calls say who we are. `signed` signs each with the app and needs no login (server patch
    PT136657 or newer); `login_by_sign` and `login_by_app_secret` log in with the app, `password`
    by ValidateUser. `None` is `signed` where an app is set, else `password`."""

    login_sign_hash: Literal["sha256", "sha1"] = "sha256"
    """Of LoginBySign; servers before PT-146911 8.0.0.202205 take ``sha1``."""

    password: SecretStr | None = None
    """For ValidateUser. Five wrong ones lock the user, so a refused one ends the process."""

    app_id: str | None = None
    """A third-party app that is authorised for the user. Preferred: its calls need no login."""

    app_secret: SecretStr | None = None
    """Belongs to `app_id`."""

    lcid: int = 2052
    """Language of the vendor's messages: 2052 simplified Chinese, 1033 English."""

    org_number: str = "0"
    """Organisation of the session; 0 is the user's own."""

    user_id: str | None = None
    """Id of `username` in the ERP. `None` learns it from a login (LoginBySign where an app is
    set, else ValidateUser). Unknown, our own edits look like anybody's, and useless writes
    grow."""

    utc_offset_hours: float = Field(default=8.0, ge=-12, le=14)
    """The server's local time, in which it tells and takes times without a zone."""

    sessions: int = Field(default=4, ge=1, le=20)
    """Calls at the same time: a session is served serially. Kingdee advises 3 to 5. Mass changes,
    snapshots and patrols leave as many as live work has used lately; of several, one at least."""

    session_idle_seconds: float = Field(default=1140.0, gt=0)
    """A session unused for longer is not trusted any more; the server ends it after 20 min."""

    read_timeout_seconds: float = Field(default=60.0, gt=0)
    """For a query, from connecting to the last byte."""

    write_timeout_seconds: float = Field(default=120.0, gt=0)
    """For a call that writes. Keep it below ``ANJI_WRITER_PROCESSING_SECONDS``."""

    metadata_seconds: float = Field(default=3600.0, gt=0)
    """How long a form's description is kept. A field that the tenant adds or takes away is met
    when it is over, or when a query is refused for it."""

    field_types: str = _PLAIN_WORDS
    """What the site's FieldType means for fields whose kind no mapping says: ``type=kind``, with
    commas between. Kinds are ``date``, ``time``, ``decimal``, ``boolean``, ``choice``, ``number``
    (base data) and ``text``. No source shows the types of a real site: `anji k3cloud describe`
    shows those of yours. A field that points to another form is ``number`` without it."""

    operation_service: Literal["ExcuteOperation", "ExecuteOperation"] = "ExcuteOperation"
    """Spelling of the service behind forbid, cancel and close. Kingdee's own SDK has the first;
    one site was seen to take only the second."""

    audits_in_one_call: bool = False
    """Submit and audit with the save itself (IsAutoSubmitAndAudit): one call instead of three.
    What a site does with the save when its audit is refused is not documented; it is looked at."""

    audit_pause_seconds: float = Field(default=0.0, ge=0, le=10)
    """Between a submit and the audit. One production flow needs 3 to 5 s."""

    batch_records: int = Field(default=100, ge=1, le=500)
    """Packets of one BatchSave. No source tells a maximum."""

    poll_seconds: float = Field(default=5.0, gt=0)
    """From the end of one poll of a form to the begin of the next. Calls are free here, but each
    costs the site some work."""

    overlap_seconds: float = Field(default=60.0, ge=2)
    """How far a poll looks back before the last one's end. A save sets the modify date when it
    begins and shows when it ends: longer than any save takes, else its change is missed."""

    patrol_seconds: float | None = Field(default=3600.0, gt=0)
    """From one reading again of all known records to the next. It finds what moves no date: a
    record un-audited, closed, cancelled or deleted; and what was hidden from Anji's user at its
    time. Free, but one query a hundred records (and one more a further entry), and one a page of
    ids. `None`: only by `anji k3cloud probe`."""

    confirm_seconds: float = Field(default=60.0, gt=0)
    """A record that such a round does not find is asked for again after this long, and is gone
    only if it is not there then either. More than a query lags behind a write."""

    most_deletes: int = Field(default=20, ge=1)
    """If more records of one form than this are gone at once, they are held until somebody
    approves: `anji k3cloud approve`."""

    most_deletes_share: float = Field(default=0.02, gt=0, le=1)
    """The same, as a share of all known records of the form; one of several is never held."""

    page_rows: int = Field(default=2000, ge=2, le=10_000)
    """Rows of one query; the site's own maximum is 2,000 unless newer."""

    @field_validator("field_types")
    @classmethod
    def _known_kinds(cls, text: str) -> str:
        _types_from_text(text)
        return text

    @model_validator(mode="after")
    def _one_way_in(self) -> "K3CloudSettings":
        if (self.app_id is None) != (self.app_secret is None):
            msg = "app_id and app_secret belong together"
            raise ValueError(msg)
        if self.app_id is None and self.password is None:
            msg = "either app_id and app_secret, or password"
            raise ValueError(msg)
        if self.app_id is None and self.auth not in (None, "password"):
            msg = f"auth {self.auth} needs app_id and app_secret"
            raise ValueError(msg)
        if self.password is None and self.auth == "password":
            msg = "auth password needs password"
            raise ValueError(msg)
        return self

    @property
    def signs(self) -> bool:
        """Whether every call is signed, so that no login is needed."""
        return self.auth == "signed" or (self.auth is None and self.app_id is not None)

    @property
    def kinds_by_type(self) -> dict[str, FieldKind]:
        """`field_types` as a table: FieldType in lower case → kind."""
        return _types_from_text(self.field_types)

    @property
    def base_url(self) -> str:
        """The address with its ``/k3cloud/``."""
        url = self.url.rstrip("/")
        return f"{url}/" if url.lower().endswith("/k3cloud") else f"{url}/k3cloud/"


def _types_from_text(text: str) -> dict[str, FieldKind]:
    """Return the table of a setting: ``106=decimal, 61=time``.

    Raises:
        ValueError: it is none.
    """
    found: dict[str, FieldKind] = {}
    for part in (each for each in text.split(",") if each.strip()):
        name, equals, kind = part.partition("=")
        if not equals:
            msg = f"{part.strip()!r} is not like type=kind"
            raise ValueError(msg)
        found[name.strip().lower()] = FieldKind(kind.strip())
    return found
