"""Texts of a mapping file with fields in them."""

import re
from dataclasses import dataclass

from anji_common.refs import System
from anji_mapper.mapping.ports import Row

__all__ = ["MessageTemplate"]

_NAMED = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """A message to CRM employees once a link's target record is made."""

    to: str
    """Head path of the CRM record (as wished) that holds the employee id."""
    text: str
    """With ``{path}`` of the CRM record's wished head values and ``{erp.path}`` of the ERP's."""

    def rendered(self, crm: Row, erp: Row) -> str:
        """Return what it says about these two heads; what is empty is left out."""

        def value(found: re.Match[str]) -> str:
            head, path = (erp, found[1][4:]) if found[1].startswith("erp.") else (crm, found[1])
            known = head.get(path)
            return "" if known is None else str(known)

        return _NAMED.sub(value, self.text)

    def paths(self, system: System) -> tuple[str, ...]:
        """Return the head paths of one side that the message names."""
        named = _NAMED.findall(self.text)
        if system is System.K3CLOUD:
            return tuple(path[4:] for path in named if path.startswith("erp."))
        return (self.to, *(path for path in named if not path.startswith("erp.")))
