"""Reads every form of request body that clients of K3Cloud send.

Source: reference "k3cloud-webapi.md", sections 1.2 and 9. The Content-Type says nothing: the Java
SDK sends ``applicatin/json``. JSON is tried first, then urlencoded fields.
"""

from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qs

import orjson

from anji_sandbox.k3cloud.codes import Code, Refusal

__all__ = ["Call", "Json", "MalformedBodyError", "lowered", "read_body"]

Json = dict[str, Any]


class MalformedBodyError(Exception):
    """A body that no form of section 1.2 fits."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call, whichever way its body was written."""

    fields: Json = field(default_factory=dict)
    """The body's own keys, in lower case."""
    parameters: tuple[object, ...] = ()
    """The positional form, if it was used."""

    def text(self, name: str, position: int) -> str:
        """Return a plain argument by name or position, or an empty text."""
        if self.parameters:
            found = self.parameters[position] if position < len(self.parameters) else None
        else:
            found = self.fields.get(name)
        return "" if found is None else str(found)

    def form_id(self) -> str:
        """Return the form, from its own field, the parameters or the data."""
        if self.parameters:
            first = self.parameters[0]
            if isinstance(first, str) and not first.lstrip().startswith("{"):
                return first
        elif found := self.fields.get("formid"):
            return str(found)
        return str(lowered(self.data()).get("formid") or "")

    def form_hint(self) -> str:
        """Return the form where it can be told, else an empty text; refuses nothing."""
        try:
            return self.form_id()
        except Refusal:
            return ""

    def data(self) -> Json:
        """Return the data packet.

        Raises:
            Refusal: there is none, or it is no JSON object.
        """
        found = self._last_packet() if self.parameters else self.fields.get("data")
        if isinstance(found, str) and found.strip():
            try:
                found = orjson.loads(found)
            except orjson.JSONDecodeError as exc:
                raise Refusal(Code.PARAMETER, f"接口参数 data 格式错误：{exc}", None) from exc
        if not isinstance(found, dict) or not found:
            raise Refusal(Code.PARAMETER, "接口参数 data 不能为空", None)
        return found

    def _last_packet(self) -> object:
        for each in reversed(self.parameters):
            if isinstance(each, dict) or (isinstance(each, str) and each.lstrip()[:1] == "{"):
                return each
        return None


def lowered(packet: Json) -> Json:
    """Return the packet with keys in lower case."""
    return {key.lower(): value for key, value in packet.items()}


def read_body(body: bytes) -> Call:
    """Return the call that a body holds; an empty body is a call without arguments.

    Raises:
        MalformedBodyError: a bare array, or neither JSON nor urlencoded.
    """
    if not body.strip():
        return Call()
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        fields = _urlencoded(body)
        if not fields:
            msg = "neither JSON nor urlencoded"
            raise MalformedBodyError(msg) from exc
        return _call(fields)
    if not isinstance(document, dict):
        msg = "Additional text found in JSON string after finishing deserializing object."
        raise MalformedBodyError(msg)
    return _call(cast("Json", document))


def _call(document: Json) -> Call:
    fields = lowered(document)
    parameters = fields.pop("parameters", ())
    if isinstance(parameters, str):
        try:
            parameters = orjson.loads(parameters)
        except orjson.JSONDecodeError as exc:
            msg = "parameters is no JSON array"
            raise MalformedBodyError(msg) from exc
    if not isinstance(parameters, list | tuple):
        parameters = (parameters,)
    return Call(fields, tuple(parameters))


def _urlencoded(body: bytes) -> Json:
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        return {}
    return {name: values[-1] for name, values in fields.items()}
