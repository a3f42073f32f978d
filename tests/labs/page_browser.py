"""A person's browser on the page of a sandbox: opens pages, fills their forms and sends them."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import aiohttp

__all__ = ["Browser"]

_INPUT = re.compile(
    r'<input type="(?:text|hidden)"(?: list="[^"]*")? name="([^"]*)" value="([^"]*)">'
)
_SELECT = re.compile(r'<select name="([^"]*)">(.*?)</select>', re.DOTALL)
_SELECTED = re.compile(r'<option value="([^"]*)" selected>')


class Browser:
    """Opens pages, fills the forms on them and sends them, as HTML says."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.url = url
        self.text = ""
        self.place = ""

    async def open(self, **query: str) -> str:
        async with self.session.get(self.url, params=query) as answer:
            self.text, self.place = await answer.text(), str(answer.url)
        return self.text

    def inputs(self) -> dict[str, str]:
        found = {name: unescape(value) for name, value in _INPUT.findall(self.text)}
        for name, options in _SELECT.findall(self.text):
            selected = _SELECTED.search(options)
            found[name] = unescape(selected[1]) if selected else ""
        return found

    def form_fields(self) -> dict[str, str]:
        """Return what the inputs for the record's fields hold, by field."""
        found = self.inputs().items()
        return {key.removeprefix("field."): each for key, each in found if key[:6] == "field."}

    async def send(self, action: str | None = None, **fields: str) -> str:
        form = self.inputs() | {f"field.{name}": value for name, value in fields.items()}
        assert form["kind"], "the page has a form"
        if action is not None:
            assert f'<button name="action" value="{action}">' in self.text
            form["action"] = action
        async with self.session.post(self.url, data=form) as answer:
            self.text, self.place = await answer.text(), str(answer.url)
        return self.text

    @property
    def record_id(self) -> str:
        return parse_qs(urlsplit(self.place).query)["id"][0]
