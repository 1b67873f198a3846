import pytest

from dialer.number_kind import kind_of_number

MOBILE = "+8613800138000"


@pytest.mark.parametrize(
    "number",
    [
        "+86110",
        "+86119",
        "+86120",
        "+86122",
        "+8612345",
        "+8695588",
        "+86400810000",
        "+8610110",
        "+864008100000",
        "+868008100000",
        "+8675512345",
        "+1911",
        "+18005551234",
    ],
)
def test_emergency_and_service_numbers_are_known(number: str) -> None:
    assert kind_of_number(number) != "subscriber"


@pytest.mark.parametrize("number", [MOBILE, "+861012345678", "+8675588888888", "+14155552671"])
def test_people_have_subscriber_numbers(number: str) -> None:
    assert kind_of_number(number) == "subscriber"
