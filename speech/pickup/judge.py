"""Who picked up: decided from speech and pauses, tones, words and keys, with their times. Pure.

A person says a word or two and waits. A mailbox or an assistant speaks on without a pause, says
what such machines say, or beeps. A fax whistles. A carrier's announcement says why nobody answers,
before the answer (on early media) or after answering the call itself. Whatever is not sure is a
person: nobody who says hello is hung up on to be rid of some mailboxes.

Times are seconds on one axis of the caller's choice (of the sound, or of a clock).
"""

import math
from dataclasses import dataclass

from speech.contract import Announcement, PickedUpBy
from speech.pickup.lists import Said, Speaker


@dataclass(frozen=True)
class Tuning:
    """What the judge goes by; times in seconds."""

    after_greeting: float = 0.65
    """Quiet after a short greeting that makes a person. Under 2, or people hang up."""
    short_greeting: float = 2.2
    """A greeting no longer than this is a person's."""
    after_long: float = 1.3
    """Quiet after a longer greeting: a mailbox may go on, or beep."""
    words_wait: float = 1.0
    """Longest wait, after a greeting, for its words to be recognised."""
    long_greeting: float = 6.0
    """Speech without a pause of `after_greeting` that makes a machine. People are shorter."""
    silence: float = 2.0
    """Silence after the answer that is taken for a person who waits for us."""
    tone_wait: float = 2.6
    """Wait for what a steady tone comes to: a beep counts a second after its end."""
    latest: float = 12.0
    """After so long, whatever was heard, it is a person."""


@dataclass(frozen=True)
class PickedUp:
    """The decision."""

    by: PickedUpBy
    sign: str
    """As in `PickUpDecided`."""


@dataclass(frozen=True)
class Announced:
    """A carrier's announcement was heard."""

    announcement: Announcement
    words: str
    """The phrase, or the tone that told."""


Judgement = PickedUp | Announced

_RING = 5.8
"""Seconds from one ring to the next, and some more."""
_TONES = {"ced": "ced", "cng": "cng"}
_ANNOUNCING = {"busy": Announcement.BUSY, "congestion": Announcement.BUSY}
"""Tones that say what an announcement says. Congestion of the network is busy, too: call again
soon."""


class PickUpJudge:
    """Judges one call. Feed it what is heard; ask `judge` then, and again at `due`.

    `hears_words`: a recogniser listens, so that words follow each piece of speech.
    """

    def __init__(self, tuning: Tuning | None = None, *, hears_words: bool = False) -> None:
        self._tuning = tuning or Tuning()
        self._hears_words = hears_words
        self._answered: float | None = None
        self._decided = False
        self._announced: set[Announcement] = set()
        self._news: list[Judgement] = []
        self._greeting_began: float | None = None
        self._speaking = False
        self._heard_until = 0.0
        """Until when speech under way was heard: no news is no speech."""
        self._quiet_since = 0.0
        self._words_due = 0
        """Pieces of speech whose words are not known yet."""
        self._tone_until = 0.0
        self._information_tones: float | None = None

    # ------------------------------------------------------------------------ what is heard

    def answered(self, at: float) -> None:
        """The call was answered: what was heard before was the network."""
        self._answered = self._quiet_since = at
        self._greeting_began, self._speaking, self._words_due = None, False, 0
        self._tone_until = 0.0
        self._information_tones = None
        self._announced.clear()

    def began(self, at: float) -> None:
        """Somebody begins to speak."""
        self._speaking, self._heard_until = True, at
        pause = at - self._quiet_since
        if self._greeting_began is None or pause >= self._tuning.after_greeting:
            self._greeting_began = at

    def goes_on(self, until: float) -> None:
        """They are still speaking at `until`."""
        if self._speaking:
            self._heard_until = max(self._heard_until, until)

    def ended(self, at: float) -> None:
        """They stopped; where a recogniser listens, `words` follows."""
        self._speaking, self._quiet_since = False, at
        self._words_due += self._hears_words

    def words(self, said: Said | None, *, last: bool = True) -> None:
        """Take what words mean; `last`: they end a piece of speech (else it still goes on)."""
        if last:
            self._words_due = max(0, self._words_due - 1)
        if said is None:
            return
        if said.announcement is not None:
            self._announce(said.announcement, said.phrase)
        elif self._answered is not None and said.by is Speaker.MACHINE:
            self._decide(PickedUpBy.MACHINE, "phrase")

    def tone(self, name: str, at: float) -> None:
        """Take a sign of `speech.pickup.tones`, or ``beep`` of `speech.beep`."""
        if name in _ANNOUNCING:
            self._announce(_ANNOUNCING[name], name)
        elif name == "sit":
            self._information_tones = at
        elif self._answered is None:
            return
        elif name in _TONES:
            self._decide(PickedUpBy.FAX, _TONES[name])
        elif name == "beep":
            self._decide(PickedUpBy.MACHINE, "beep")
        elif name == "ringback":
            # A switchboard took the call and rings on: the next ring, or somebody, comes.
            self._tone_until = at + _RING
            self._quiet_since = max(self._quiet_since, at)
        else:
            self._tone_until = max(self._tone_until, at + self._tuning.tone_wait)

    def key(self) -> None:
        """A key was pressed: a person."""
        if self._answered is not None:
            self._decide(PickedUpBy.PERSON, "key")

    # ------------------------------------------------------------------------- what it comes to

    def judge(self, now: float) -> list[Judgement]:
        """Return what has become clear since the last time; `PickedUp` once only."""
        self._look(now)
        news, self._news = self._news, []
        return news

    def due(self) -> float | None:
        """Return when to ask again though nothing was heard; None: only then."""
        sit = self._information_tones
        moments = [sit + _AFTER_TONES] if sit is not None else []
        if self._answered is not None and not self._decided and not self._announced_end:
            moments.append(min(self._due(), self._answered + self._tuning.latest))
        return min(moments) if moments else None

    def _due(self) -> float:
        tuning = self._tuning
        if self._greeting_began is None:
            moment = self._quiet_since + tuning.silence
        elif self._speaking:
            return math.inf  # what goes on is told
        else:
            moment = self._quiet_since + self._patience(self._quiet_since - self._greeting_began)
        return max(moment, self._tone_until)

    def _patience(self, spoken: float) -> float:
        """Return how long to wait after a greeting of `spoken` seconds."""
        tuning = self._tuning
        patience = tuning.after_greeting if spoken <= tuning.short_greeting else tuning.after_long
        return max(patience, tuning.words_wait) if self._words_due else patience

    def _look(self, now: float) -> None:
        tuning = self._tuning
        sit = self._information_tones
        if sit is not None and now >= sit + _AFTER_TONES and not self._announced:
            self._information_tones = None
            self._announce(Announcement.UNREACHABLE, "sit")
        if self._decided or self._answered is None or self._announced_end:
            return
        if now >= self._answered + tuning.latest:
            self._decide(PickedUpBy.PERSON, "unsure")
        elif self._speaking:
            began = self._greeting_began
            if began is not None and self._heard_until - began >= tuning.long_greeting:
                self._decide(PickedUpBy.MACHINE, "long_greeting")
        elif now < self._due():
            return
        elif self._greeting_began is None:
            self._decide(PickedUpBy.SILENCE, "silence")
        elif self._quiet_since - self._greeting_began <= tuning.short_greeting:
            self._decide(PickedUpBy.PERSON, "short_greeting")
        else:
            self._decide(PickedUpBy.PERSON, "unsure")

    @property
    def _announced_end(self) -> bool:
        """True where an announcement said that nobody will speak."""
        return bool(self._announced - {Announcement.FORWARDED})

    def _decide(self, by: PickedUpBy, sign: str) -> None:
        if not self._decided and not self._announced_end:
            self._decided = True
            self._news.append(PickedUp(by, sign))

    def _announce(self, announcement: Announcement, words: str) -> None:
        if self._decided or announcement in self._announced:
            return
        self._announced.add(announcement)
        self._news.append(Announced(announcement, words))


_AFTER_TONES = 6.0
"""Seconds after information tones in which the announcement's words may still say more."""
