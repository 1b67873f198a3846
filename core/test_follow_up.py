import pytest

from core.follow_up import FollowUpReason, rank


def test_key_incidents_come_first_then_the_dissatisfied_then_all_others() -> None:
    assert (
        rank("dissatisfied", key_incident=True)
        < rank("key_incident")
        == rank("not_reached", key_incident=True)
        < rank("dissatisfied")
        < rank("unsure")
        == rank("not_reached")
    )


def test_dissatisfaction_presses_more_than_not_being_reached() -> None:
    assert FollowUpReason.DISSATISFIED.pressing < FollowUpReason.NOT_REACHED.pressing


def test_an_unknown_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="boredom"):
        rank("boredom")
