"""Delivery reports end in dispositions."""

import pytest

from core.disposition import Disposition
from ivr.texting.contract import DeliveryState
from ivr.texting.delivery import disposition_of, says_invalid_number


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
    assert disposition_of(state, error) is wanted


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("21610 Attempt to send to unsubscribed recipient", Disposition.REFUSED),
        ("21211", Disposition.INVALID_NUMBER),
        ("0x0000000B Invalid Destination Address", Disposition.INVALID_NUMBER),
        ("isv.MOBILE_NUMBER_ILLEGAL", Disposition.INVALID_NUMBER),
        ("anything", Disposition.FAILED),
        ("", Disposition.FAILED),
    ],
)
def test_so_does_a_refusal_for_good(code: str, wanted: Disposition) -> None:
    assert disposition_of("refused", code) is wanted
    assert says_invalid_number(code) is (wanted is Disposition.INVALID_NUMBER)


def test_what_a_gateway_knows_of_its_own_counts() -> None:
    invalid = disposition_of("undeliverable", "77", invalid_number=True)
    assert invalid is Disposition.INVALID_NUMBER
    assert disposition_of("delivered", "", invalid_number=True) is None
