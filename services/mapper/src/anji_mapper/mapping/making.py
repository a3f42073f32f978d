"""How the ERP's records are made and changed, beyond what their fields hold.

    a push     made from another record, by the vendor's conversion
    reopening  an audited record is taken back, saved and audited again
    giving     base data is given to organisations once it is finished
    files      text files put to a record when it is made

How far a record is taken (`Side.finish`) is told there.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from anji_common.events.commands import Attachment
from anji_mapper.mapping.making_forms import OnOrganisationChanged

__all__ = ["FileTemplate", "Making", "PushRule"]

_NAMED = re.compile(r"\{([^{}]+)\}")
_FORBIDDEN = re.compile(r'[\\/:*?"<>|\x00-\x1f]')
"""What no file's name may hold, on whichever machine people open it."""


@dataclass(frozen=True, slots=True)
class PushRule:
    """Where a record that is made by a push comes from."""

    record: str
    """Head path of the CRM record that refers to what is pushed."""
    rule_id: str = ""
    """The vendor's conversion rule; empty takes the default one."""
    line: tuple[str, str] | None = None
    """(`LinesPair.name`, path inside its CRM rows) that refers to the lines to be pushed; `None`
    pushes all."""


@dataclass(frozen=True, slots=True)
class FileTemplate:
    """A text file; ``{path}`` in name and text stands for the CRM record's value."""

    name: str
    text: str

    @property
    def paths(self) -> tuple[str, ...]:
        """The head paths that it names."""
        return tuple(dict.fromkeys(_NAMED.findall(self.name) + _NAMED.findall(self.text)))

    def filled(self, head: Mapping[str, JsonValue]) -> Attachment:
        """Return the file for one CRM record; what is empty is left out."""

        def value(found: re.Match[str]) -> str:
            known = head.get(found[1])
            return "" if known is None else str(known)

        name = _FORBIDDEN.sub("_", _NAMED.sub(value, self.name))
        text = _NAMED.sub(value, self.text)
        return Attachment(name=name, content=base64.b64encode(text.encode()).decode())


@dataclass(frozen=True, slots=True)
class Making:
    """How the records of one side are made and changed."""

    reopens: bool = False
    """An audited or submitted record is taken back for a change, and taken on again."""
    organisations: tuple[str, ...] = ()
    """The vendor's ids of organisations that get a new record once it is finished."""
    on_organisation_changed: OnOrganisationChanged = "tell"
    """What is done when a linked record moves to another variant."""
    push: PushRule | None = None
    files: tuple[FileTemplate, ...] = ()
