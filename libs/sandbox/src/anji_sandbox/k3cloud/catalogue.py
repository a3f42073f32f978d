"""Every form of an account set: the standard ones, and what a tenant added as data.

A definition is JSON with the names of `FormText`, such as ``{"form_id": "ABCD_Visit", "title":
"拜访", "key": "FID", "number": "FBillNo", "text": "FBillNo text 单据编号"}``. One with the id of a
form that is there adds fields to it, and needs only `form_id` and `text`.
Source: reference "k3cloud-webapi.md", sections 4 and 4.1 (custom fields differ per tenant).
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from anji_sandbox.k3cloud import base_forms, bill_forms, money_forms, more_base_forms
from anji_sandbox.k3cloud.forms import Form, FormText, read_form
from anji_sandbox.store import Store

__all__ = ["STANDARD", "Forms"]

STANDARD: Mapping[str, FormText] = {
    source.form_id: source
    for source in (
        base_forms.CUSTOMER,
        more_base_forms.CONTACT,
        base_forms.MATERIAL,
        bill_forms.ORDER,
        bill_forms.NOTICE,
        bill_forms.OUTBOUND,
        bill_forms.RETURN,
        money_forms.RECEIPT,
        money_forms.RECEIVABLE,
        more_base_forms.INVENTORY,
        more_base_forms.OPERATE_LOG,
        more_base_forms.EMPLOYEE,
        more_base_forms.OPERATOR,
        base_forms.ORGANISATION,
        more_base_forms.STOCK,
        base_forms.CURRENCY,
        base_forms.USER,
    )
}
_DEFINED = "k3cloud forms"
_READ = {form_id: read_form(source) for form_id, source in STANDARD.items()}


class Forms:
    """The forms of one account set."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.version = 0
        """Rises with every definition."""
        self._forms: dict[str, Form] = dict(_READ)
        self._by_lower: dict[str, Form] = {}
        for document in store.all(_DEFINED):
            form = read_form(FormText(**document))
            self._forms[form.form_id] = form
        self._index()

    def __iter__(self) -> Iterator[Form]:
        return iter(self._forms.values())

    def get(self, target: str) -> Form | None:
        """Return the form that a reference names, or `None` for base data that is not kept."""
        return self._forms.get(target)

    def standard(self, source: FormText) -> Form:
        """Return a standard form as this tenant has it."""
        return self._forms[source.form_id]

    def find(self, form_id: str) -> Form | None:
        """Return the form of this id, whatever its case, or `None`."""
        return self._by_lower.get(form_id.strip().lower())

    def define(self, document: object) -> Form:
        """Add a form, or fields to one, and keep that.

        Raises:
            ValueError: the definition is not in the form that is told above.
        """
        source = self._source(document)
        form = read_form(source)
        self._store.put(_DEFINED, form.form_id, asdict(source))
        self._forms[form.form_id] = form
        self._index()
        self.version += 1
        return form

    def _source(self, document: object) -> FormText:
        known = {each.name for each in fields(FormText)}
        if not isinstance(document, dict) or not set(document) <= known:
            msg = f"a form is a map with some of: {', '.join(sorted(known))}"
            raise ValueError(msg)
        given: dict[str, Any] = document
        if not all(isinstance(value, str | bool) for value in given.values()):
            msg = "everything in a form is text or true or false"
            raise ValueError(msg)
        there = self.find(str(given.get("form_id", "")))
        if there is not None:
            text = f"{there.source.text}\n[]\n{given.get('text', '')}"
            return replace(there.source, text=text)
        try:
            return FormText(**given)
        except TypeError as exc:
            msg = f"a new form needs form_id, title, key, number and text: {exc}"
            raise ValueError(msg) from exc

    def _index(self) -> None:
        self._by_lower = {form_id.lower(): form for form_id, form in self._forms.items()}
