"""How far ahead a dialer claims: as long as a claim takes, and as far as those beside it do."""

from dialer.starting import Lead

HORIZON = 0.025


def test_it_follows_how_long_claims_take() -> None:
    lead = Lead()
    lead.took(0.2)
    risen = lead.seconds
    assert 0.05 < risen <= 0.2
    lead.took(0.0)
    assert 0.0 < lead.seconds < risen


def test_it_keeps_up_with_others() -> None:
    lead = Lead()
    lead.keep_up(100.6, 100.0, HORIZON)
    assert abs(lead.seconds - 0.575) < 1e-6
    lead.keep_up(100.7, 100.4, HORIZON)  # claimed at 100.2 or so: not so far ahead any more
    assert abs(lead.seconds - 0.575) < 1e-6


def test_its_own_starts_are_nobody_to_keep_up_with() -> None:
    lead = Lead()
    lead.claimed(100.6)
    lead.keep_up(100.6, 100.0, HORIZON)
    assert lead.seconds == 0.0


def test_a_start_in_the_far_future_is_not_followed_there() -> None:
    lead = Lead()
    lead.keep_up(160.0, 100.0, HORIZON)
    assert lead.seconds == Lead.MOST
