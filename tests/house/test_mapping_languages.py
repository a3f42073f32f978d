"""The pages of the shipped link types say the same in English and in Chinese."""

import re
from collections.abc import Iterator, Mapping

import pytest

from anji_mapper.mapping.folder import find_folder
from labs.house import ROOT

PAGES = ROOT / "docs" / "mappings"
SHIPPED = sorted(path.stem for path in find_folder().glob("*.yaml"))
WORDS: Mapping[str, str] = {
    "Who owns what, and why": "归属与原因",
    "Usually adapted": "通常调整",
    "Matching": "匹配",
    "Matched only": "只匹配",
    "Marks": "标记",
    "Lines": "明细行",
    "Left out": "不参与",
    "States": "状态",
    "Write-back": "回写",
    "Doubles": "防重复",
    "Shared": "共享",
    "Message": "消息",
    "Used": "用于",
    "Not mapped": "未映射",
    "Not verified": "未核实",
    "Lead → account → customer.": "线索 → 客户（CRM）→ 客户（ERP）",
}
"""What a paragraph is about, in both languages."""
FLOWS: Mapping[str, str] = {
    "both": "双向",
    "to ERP": "写入 ERP",
    "to CRM": "写入 CRM",
    "on create": "仅新建时",
    "each its own": "各自",
}
HEADS: Mapping[str, str] = {
    "flows": "流向",
    "owner": "主方",
    "why": "原因",
    "CRM line": "CRM 明细",
    "ERP entry": "ERP 分录",
    "CRM plan": "CRM 计划",
    "ERP plan": "ERP 计划",
}
_HAN = re.compile(r"[\u4e00-\u9fff]")
_MUST = ("Who owns what, and why", "Usually adapted")


def english(name: str) -> str:
    return (PAGES / f"{name}.md").read_text()


def chinese(name: str) -> str:
    return (PAGES / f"{name}.zh.md").read_text()


def rows(text: str) -> Iterator[list[str]]:
    """Give the cells of every row of every table, heads too."""
    for line in text.splitlines():
        if line.startswith("| "):
            yield [cell.strip() for cell in line[1:-1].split("|")]


def codes(text: str) -> list[str]:
    return sorted(set(re.findall(r"`([^`]+)`", text)))


def labels(text: str) -> list[str]:
    return re.findall(r"\*\*([^*]+)\*\*", text)


def translated(head: str, cell: str) -> str:
    """Return what a cell of names, flows or owners says in Chinese."""
    if head == "flows":
        parts = [re.sub(r"^if (`[^`]+`)$", r"启用 \1 时", each) for each in cell.split(", ")]
        return "，".join(FLOWS.get(each, each) for each in parts)
    return FLOWS.get(cell, cell).replace(" (not verified)", "（未核实）")


def test_every_page_stands_in_both_languages() -> None:
    there = sorted(path.name for path in PAGES.glob("*.md"))

    assert there == sorted(f"{name}{end}" for name in SHIPPED for end in (".md", ".zh.md"))


@pytest.mark.parametrize("name", SHIPPED)
def test_both_pages_lead_to_each_other(name: str) -> None:
    assert f"[中文]({name}.zh.md)" in english(name)
    assert f"[English]({name}.md)" in chinese(name)


@pytest.mark.parametrize("name", SHIPPED)
def test_both_tables_have_the_same_fields_flows_and_owners(name: str) -> None:
    ours, theirs = list(rows(english(name))), list(rows(chinese(name)))
    head: list[str] = []

    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        if mine[0].startswith("CRM"):
            head = mine
            assert other == [HEADS.get(each, each) for each in head]
        else:
            named = zip(head, mine, other, strict=True)
            assert [(each, got) for each, _, got in named if each != "why"] == [
                (each, translated(each, cell))
                for each, cell in zip(head, mine, strict=True)
                if each != "why"
            ]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_reason_stands_in_both_languages(name: str) -> None:
    for mine, other in zip(rows(english(name)), rows(chinese(name)), strict=True):
        why = other[-1]

        assert (mine[-1] == "") == (why == ""), mine
        assert mine[-1] == "" or _HAN.search(why), mine


@pytest.mark.parametrize("name", SHIPPED)
def test_every_paragraph_stands_in_both_languages(name: str) -> None:
    said = labels(english(name))

    assert [WORDS[each] for each in said] == labels(chinese(name))
    assert set(_MUST) <= set(said)


@pytest.mark.parametrize("name", SHIPPED)
def test_both_pages_name_the_same_fields_settings_and_commands(name: str) -> None:
    assert codes(english(name)) == codes(chinese(name))
