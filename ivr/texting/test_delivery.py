"""Delivery reports end in dispositions."""

from datetime import UTC, datetime

import pytest

from core.disposition import Disposition
from ivr.texting.contract import DeliveryReport, DeliveryState
from ivr.texting.delivery import disposition_of, disposition_of_refusal


@pytest.mark.parametrize(
    ("state", "error", "wanted"),
    [
        (DeliveryState.DELIVERED, "", None),
        (DeliveryState.ENROUTE, "", None),
        (DeliveryState.UNKNOWN, "30005", None),
        (DeliveryState.EXPIRED, "EXPIRED", Disposition.UNREACHABLE),
        (DeliveryState.UNDELIVERABLE, "", Disposition.UNREACHABLE),
        (DeliveryState.UNDELIVERABLE, "30005", Disposition.INVALID_NUMBER),
        (DeliveryState.UNDELIVERABLE, "001", Disposition.INVALID_NUMBER),
        (DeliveryState.UNDELIVERABLE, "MK:0001", Disposition.INVALID_NUMBER),
        (DeliveryState.UNDELIVERABLE, "027", Disposition.UNREACHABLE),
        (DeliveryState.UNDELIVERABLE, "BLACK_LIST", Disposition.REJECTED),
        (DeliveryState.REJECTED, "30007", Disposition.FAILED),
        (DeliveryState.REJECTED, "", Disposition.FAILED),
    ],
)
def test_a_report_ends_in_a_disposition(
    state: DeliveryState, error: str, wanted: Disposition | None
) -> None:
    report = DeliveryReport("1", state, datetime(2026, 3, 1, tzinfo=UTC), error)
    assert disposition_of(report) is wanted


def test_so_does_a_refusal_for_good() -> None:
    assert disposition_of_refusal("21610", permanent=True) is Disposition.REFUSED
    assert disposition_of_refusal("21211", permanent=True) is Disposition.INVALID_NUMBER
    assert disposition_of_refusal("0x0000000B", permanent=True) is Disposition.INVALID_NUMBER
    assert disposition_of_refusal("isv.MOBILE_NUMBER_ILLEGAL", permanent=True) is (
        Disposition.INVALID_NUMBER
    )
    assert disposition_of_refusal("anything", permanent=True) is Disposition.FAILED
    assert disposition_of_refusal("20429", permanent=False) is None
