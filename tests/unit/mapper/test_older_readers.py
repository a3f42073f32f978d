"""Changes of a source that has an older mapping: what it did not read is no blank."""

from labs.link_lab import CRM, ERP, LinkLab


def test_a_change_without_a_field_that_is_mapped_by_now_clears_nothing() -> None:
    lab = LinkLab()
    erp_id = lab.linked()
    lab.edit(ERP, erp_id, FTEL="2")
    lab.read(ERP, erp_id)
    lab.edit(CRM, "001", name="Bob")
    found = lab.take(CRM, "001")
    old = {path: value for path, value in (found.data or {}).items() if path != "tel"}

    lab.publish(found.model_copy(update={"data": old}))
    lab.rest()

    assert {command.values.get("FTEL", "-") for command in lab.sent} == {"1", "-"}
    assert lab.vendors[ERP].records[erp_id]["FTEL"] == "2"
    assert lab.vendors[CRM].records["001"]["tel"] == "2"
