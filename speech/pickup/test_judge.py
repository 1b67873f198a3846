"""Who picked up, decided from what was heard when; sounds are tried in test_ear.py."""

from speech.contract import Announcement, PickedUpBy
from speech.pickup.judge import Announced, Judgement, PickedUp, PickUpJudge
from speech.pickup.lists import Said, Speaker

PERSON = PickedUp(PickedUpBy.PERSON, "short_greeting")


class Call:
    """A call whose judge is asked whenever it wants to be."""

    def __init__(self, *, hears_words: bool = False) -> None:
        self.judge = PickUpJudge(hears_words=hears_words)
        self.told: list[tuple[float, Judgement]] = []

    def until(self, now: float) -> "Call":
        while (due := self.judge.due()) is not None and due <= now:
            news = self.judge.judge(due)
            self.told += [(round(due, 2), one) for one in news]
            if not news:
                break
        self.told += [(now, one) for one in self.judge.judge(now)]
        return self

    def speech(self, began: float, ended: float) -> "Call":
        self.until(began).judge.began(began)
        self.until(min(ended + 0.4, ended + 0.4)).judge.ended(ended)
        return self.until(ended + 0.4)

    def answered(self, at: float = 0.0) -> "Call":
        self.judge.answered(at)
        return self


def said(by: Speaker, announcement: Announcement | None = None) -> Said:
    return Said(by, "…", announcement)


def test_a_short_greeting_and_quiet_is_a_person_soon() -> None:
    call = Call().answered().speech(0.6, 1.3).until(10)
    assert call.told == [(1.95, PERSON)]


def test_a_short_pause_goes_on_with_the_greeting() -> None:
    call = Call().answered().speech(0.6, 1.0).speech(1.45, 2.0).until(10)
    assert call.told == [(2.65, PERSON)]


def test_silence_is_a_person_who_waits() -> None:
    call = Call().answered(3.0).until(10)
    assert call.told == [(5.0, PickedUp(PickedUpBy.SILENCE, "silence"))]


def test_who_speaks_on_without_a_pause_is_a_machine() -> None:
    call = Call().answered()
    call.judge.began(0.5)
    call.judge.goes_on(6.4)
    assert call.until(6.8).told == []
    call.judge.goes_on(6.5)
    assert call.until(6.9).told == [(6.9, PickedUp(PickedUpBy.MACHINE, "long_greeting"))]


def test_what_is_no_longer_told_is_no_long_greeting() -> None:
    """A line process that hangs does not make a machine of a person."""
    call = Call().answered()
    call.judge.began(0.5)
    assert call.until(20).told == [(12.0, PickedUp(PickedUpBy.PERSON, "unsure"))]


def test_a_longer_greeting_is_waited_for_a_little_and_is_a_person() -> None:
    call = Call().answered().speech(0.5, 4.0).until(10)
    assert call.told == [(5.3, PickedUp(PickedUpBy.PERSON, "unsure"))]


def test_after_a_pause_the_greeting_begins_anew() -> None:
    """Somebody who talks behind the person, or a second sentence, makes no machine."""
    call = Call().answered().speech(0.5, 3.5)
    call.until(4.3).judge.began(4.3)
    call.judge.goes_on(9.0)
    assert call.until(9.0).told == []


def test_a_beep_after_a_greeting_is_a_mailbox() -> None:
    call = Call().answered().speech(0.5, 4.0)
    call.judge.tone("steady", 4.1)
    call.until(6.0).judge.tone("beep", 6.0)
    assert call.until(10).told == [(10, PickedUp(PickedUpBy.MACHINE, "beep"))]


def test_a_tone_that_comes_to_nothing_delays_only() -> None:
    call = Call().answered().speech(0.5, 1.2)
    call.judge.tone("steady", 1.3)
    assert call.until(10).told == [(3.9, PERSON)]


def test_fax() -> None:
    for tone in ("ced", "cng"):
        call = Call().answered()
        call.judge.tone(tone, 1.0)
        assert call.until(1.5).told == [(1.5, PickedUp(PickedUpBy.FAX, tone))]


def test_a_key_is_a_person_whatever_is_heard() -> None:
    call = Call().answered()
    call.judge.began(0.5)
    call.judge.key()
    call.judge.tone("beep", 3.0)
    assert [one for _, one in call.until(20).told] == [PickedUp(PickedUpBy.PERSON, "key")]


def test_words_of_a_machine() -> None:
    call = Call(hears_words=True).answered().speech(0.4, 2.0)
    call.judge.words(said(Speaker.MACHINE))
    assert call.until(2.5).told == [(2.5, PickedUp(PickedUpBy.MACHINE, "phrase"))]


def test_words_are_waited_for_but_not_long() -> None:
    call = Call(hears_words=True).answered().speech(0.4, 1.4).until(10)
    assert call.told == [(2.4, PERSON)]
    call = Call(hears_words=True).answered().speech(0.4, 1.4)
    call.judge.words(None)
    assert call.until(10).told == [(2.05, PERSON)]


def test_an_announcement_on_early_media() -> None:
    call = Call(hears_words=True).speech(1.0, 4.0)
    call.judge.words(said(Speaker.CARRIER, Announcement.VACANT))
    call.judge.words(said(Speaker.CARRIER, Announcement.VACANT))
    assert call.until(4.5).told == [(4.5, Announced(Announcement.VACANT, "…"))]
    assert call.judge.due() is None


def test_before_the_answer_nobody_picks_up() -> None:
    call = Call().speech(1.0, 3.0)
    call.judge.tone("beep", 5.0)
    call.judge.words(said(Speaker.MACHINE))
    call.judge.began(6.0)
    assert call.until(40).told == []
    assert call.answered(40.0).until(50).told == [(42.0, PickedUp(PickedUpBy.SILENCE, "silence"))]


def test_an_announcement_after_the_answer_leaves_nobody_to_decide() -> None:
    call = Call(hears_words=True).answered().speech(0.3, 3.0)
    call.judge.words(said(Speaker.CARRIER, Announcement.SWITCHED_OFF))
    assert call.until(4.3).until(60).told == [(4.3, Announced(Announcement.SWITCHED_OFF, "…"))]


def test_a_forwarded_call_goes_on() -> None:
    call = Call(hears_words=True).speech(0.3, 2.0)
    call.judge.words(said(Speaker.CARRIER, Announcement.FORWARDED))
    call.until(3.0).answered(8.0).speech(8.5, 9.0).until(20)
    assert [one for _, one in call.told] == [Announced(Announcement.FORWARDED, "…"), PERSON]


def test_busy_tones_tell_at_once_and_information_tones_wait_for_words() -> None:
    call = Call()
    call.judge.tone("busy", 3.0)
    assert call.until(5).told == [(5, Announced(Announcement.BUSY, "busy"))]
    call = Call()
    call.judge.tone("sit", 1.0)
    assert call.until(20).told == [(7.0, Announced(Announcement.UNREACHABLE, "sit"))]
    call = Call()
    call.judge.tone("sit", 1.0)
    call.judge.words(said(Speaker.CARRIER, Announcement.VACANT))
    assert [one for _, one in call.until(20).told] == [Announced(Announcement.VACANT, "…")]


def test_ringing_behind_the_answer_is_waited_out_but_not_for_ever() -> None:
    call = Call().answered()
    for at in (0.5, 5.5, 10.5):
        call.until(at + 0.2).judge.tone("steady", at)
        call.until(at + 1.0).judge.tone("ringback", at)
    assert call.until(20).told == [(12.0, PickedUp(PickedUpBy.PERSON, "unsure"))]
