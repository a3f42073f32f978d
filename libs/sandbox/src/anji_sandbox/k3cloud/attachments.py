"""AttachmentUpload and AttachmentDownLoad: files at a record or one of its rows, in parts.

The first part makes the file and tells its `FileId`, each further part names it, the last one says
`IsLast`. A download gives parts from `StartIndex` on.
Source: reference "k3cloud-webapi.md", section 2.2. How long a part of a download is, is open.
"""

import base64
import binascii
import hashlib

from anji_sandbox.k3cloud.answers import Json, result, status
from anji_sandbox.k3cloud.body import Call, lowered
from anji_sandbox.k3cloud.codes import Code, Refusal, unknown_form
from anji_sandbox.k3cloud.context import Context
from anji_sandbox.k3cloud.values import true_text

__all__ = ["download", "upload"]

_FILES = "k3cloud files"
_NO_ROW = ("", "0", "-1")


def upload(context: Context, call: Call) -> Json:
    """Answer AttachmentUpload for one part.

    Raises:
        Refusal: the part is no base64, or the record, row or file does not exist.
    """
    data = lowered(call.data())
    part = _part(data.get("sendbyte"))
    file_id = str(data.get("fileid") or "").strip()
    store = context.records.store
    if file_id:
        found = _file(context, file_id)
        if found["is_whole"]:
            raise Refusal(Code.NOT_OPERABLE, f"文件[“{file_id}”]已上传完成", None)
    else:
        found = _new_file(context, data)
        file_id = hashlib.md5(f"file/{store.next_number(_FILES)}".encode()).hexdigest()  # noqa: S324 - an id
    content = base64.b64decode(found["content"]) + part
    whole = true_text(data.get("islast", True))
    told = {**found, "content": base64.b64encode(content).decode(), "is_whole": whole}
    store.put(_FILES, file_id, told)
    return result(status([], (), ok=True), FileId=file_id)


def download(context: Context, call: Call) -> Json:
    """Answer AttachmentDownLoad for the part that begins at StartIndex.

    Raises:
        Refusal: there is no such file, or not so far.
    """
    data = lowered(call.data())
    found = _file(context, str(data.get("fileid") or "").strip())
    text = str(data.get("startindex") or 0)
    content = base64.b64decode(found["content"])
    start = int(text) if text.isdecimal() else -1
    if not 0 <= start <= len(content):
        raise Refusal(Code.PARAMETER, "data 数据包中的参数 StartIndex 格式错误", None)
    end = min(start + context.switches.attachment_part_bytes, len(content))
    return result(
        status([], (), ok=True),
        StartIndex=end,
        IsLast=end == len(content),
        FileSize=len(content),
        FileName=found["name"],
        FilePart=base64.b64encode(content[start:end]).decode(),
        Message="",
    )


def _part(sent: object) -> bytes:
    try:
        found = base64.b64decode(str(sent or ""), validate=True)
    except binascii.Error as exc:
        raise Refusal(Code.PARAMETER, "data 数据包中的参数 SendByte 格式错误", None) from exc
    if not found:
        raise Refusal(Code.PARAMETER, "data 数据包中的参数 SendByte 的值不能为空", None)
    return found


def _file(context: Context, file_id: str) -> Json:
    found = context.records.store.get(_FILES, file_id)
    if found is None:
        raise Refusal(Code.NOT_FOUND, f"文件[“{file_id}”]不存在", None)
    return found


def _new_file(context: Context, data: Json) -> Json:
    form_id, record_id = str(data.get("formid") or ""), str(data.get("interid") or "").strip()
    form = context.records.forms.find(form_id)
    if form is None:
        raise unknown_form(form_id)
    records = context.records.of(form)
    record = records.by_id.get(int(record_id)) if record_id.isdecimal() else None
    if record is None:
        raise Refusal(Code.NOT_FOUND, f"内码值[“{record_id}”]不存在", None)
    row_id, entry = str(data.get("entryinterid") or "").strip(), str(data.get("entrykey") or "")
    entity = form.entities.get(entry.strip().lower())
    if row_id not in _NO_ROW:
        rows = () if entity is None else record["rows"].get(entity.key, ())
        if not any(str(row["id"]) == row_id for row in rows):
            text = f"单据体实体【{entry}】分录内码[“{row_id}”]不存在"
            raise Refusal(Code.NOT_FOUND, text, None)
    return {
        "form": form.form_id,
        "record": record["id"],
        "row": 0 if row_id in _NO_ROW else int(row_id),
        "name": str(data.get("filename") or ""),
        "alias": str(data.get("aliasfilename") or ""),
        "user": context.user_id,
        "content": "",
        "is_whole": False,
    }
