"""One call inside a line process, whichever SIP stack carries it."""

import time
from collections.abc import Callable
from typing import Any

from ivr.channels.sip.filing import Filing
from ivr.channels.sip.keys import KeyFilter
from ivr.channels.sip.leg import Leg, Sound, StackError
from ivr.channels.sip.protocol import Freed, Happened, Place, Recorded, Setup
from ivr.channels.sip.protocol import Sound as PieceOfSound
from ivr.channels.sip.voice import CallVoice

PROBE_SECONDS = 8.0
"""How long an OPTIONS inside a call that has gone silent may stay unanswered."""
COUNT_SECONDS = 2.0
"""How often the packets of a call are counted: reading them costs about 0.1 ms."""
GIVE_UP_SECONDS = 4.0
"""How long the other side may take to confirm a CANCEL or BYE before we call it over."""
KEY_SECONDS = 0.25
"""What it takes to send one RFC 4733 digit, pause included."""


class LineCall:
    """A call and what is being done with it. Held by the line until it is freed."""

    unanswered = "trunk"
    """Who ended a call that was never answered, where it was not us."""

    def __init__(
        self, order: Place, dtmf: str, report: Callable[[Any], None], setup: Setup
    ) -> None:
        """`dtmf`: which keys are heard (`core.trunk.Trunk.dtmf`)."""
        self.order = order
        self.leg: Leg
        """Set by the stack that makes the call."""
        self.filing = Filing(report)
        """What is still to be told; outlives the call by the time its recordings take."""
        self.voice = CallVoice(self._happened, self._said)
        self._silent_seconds = setup.silent_seconds
        self._beep_seconds = setup.beep_seconds
        self._pick_up, self._pick_up_words = setup.pick_up, setup.pick_up_words
        self._dtmf = dtmf
        self._keys = KeyFilter()
        self._ring_until = time.monotonic() + order.ring_seconds
        self._give_up_at = 0.0
        self._answer_at = 0.0
        self.confirmed = False
        """True once the other side has answered (200), though nobody may have been told yet."""
        self._answered = self._rang = False
        self._hang_up_after_playing = False
        self._ended_by = ""
        self._reason = ""
        self._cause = 0
        self._last_sound = 0.0
        self._packets = self._lost = 0
        self._next_count = 0.0
        self._probe_until = 0.0
        self._transferring = False
        self.over = False
        self.freed = False

    # ------------------------------------------------------------------ what the line asks

    def begin(self) -> None:
        """Send the INVITE. Raises StackError."""
        self.leg.invite()

    def stop_recording(self, ask: int) -> None:
        """End the recording of an answer; tell `ask` its length once the file is complete."""
        seconds, path = self.voice.stop_recording()
        self.filing.add(Recorded(ask, seconds), time.monotonic(), path)

    def transfer(self, target: str) -> None:
        """Ask the other side to call `target` (REFER)."""
        if not self._answered or self.over:
            self._happened("transfer_finished", taken=False, reason="not answered")
            return
        self._transferring = True
        try:
            self.leg.refer(target)
        except StackError as error:
            self.transferred(taken=False, reason=f"{error}")

    def hang_up(self, *, after_playing: bool = False, by: str = "us", reason: str = "") -> None:
        """End the call (CANCEL before the answer, BYE after it)."""
        if self.over or self._ended_by:
            return
        if after_playing and self.voice.playing:
            self._hang_up_after_playing = True
            return
        self._ended_by = by
        self._reason = reason
        self._give_up_at = time.monotonic() + GIVE_UP_SECONDS
        self._count()
        try:
            self._leave()
        except StackError:
            self._give_up_at = 0.1

    def _leave(self) -> None:
        self.leg.leave()

    # --------------------------------------------------------------- what the stack tells

    def dialed(self) -> None:
        """The INVITE has left."""
        self._happened("dialed")

    def rings(self, *, early_media: bool) -> None:
        """The other side rings (180), or lets its network be heard (183 with SDP)."""
        if not self._rang:
            self._rang = True
            self._happened("ringing", early_media=early_media)

    def sounds(self, sound: Sound) -> None:
        """Sound flows, or flows another way from now on."""
        self.voice.person = sound
        self._last_sound = time.monotonic()
        if self._pick_up and not self._answered:
            self.voice.hear_first_sounds(words=self._pick_up_words)
        self._maybe_answered()

    def accepted(self) -> None:
        """The other side has answered."""
        self.confirmed = True
        self._maybe_answered()

    def event(self, key: str, timestamp: int, duration: int) -> None:
        """Take one RFC 4733 packet; its RTP timestamp and duration in milliseconds."""
        new = self._keys.event(key, timestamp, duration, time.monotonic())
        if new and self._dtmf in ("auto", "rfc4733"):
            self._pressed(key, "rfc4733")

    def key(self, key: str, source: str) -> None:
        """Take a press that came by INFO or as a tone."""
        if self._dtmf in ("auto", source) and self._keys.press(key, source, time.monotonic()):
            self._pressed(key, source)

    def probed(self, status: int) -> None:
        """The OPTIONS that asked whether the other side lives was answered."""
        if not self._probe_until:
            return
        self._probe_until = 0.0
        if status in (408, 481, 503):
            self.hang_up(by="crash", reason="silent")
        else:
            self._last_sound = time.monotonic()

    def leaves(self, cause: int) -> None:
        """The other side sent BYE, with a Q.850 cause or 0."""
        self._cause = cause
        self.recount()

    def recount(self) -> None:
        """Take over the counts of packets while they can be had."""
        self._count()

    def transferred(self, *, taken: bool, reason: str) -> None:
        """The transfer came to something."""
        if self._transferring:
            self._transferring = False
            self._happened("transfer_finished", taken=taken, reason=reason)

    def ended(self, status: int, reason: str, *, wait: int = 0, cause: int = 0) -> None:
        """The dialog is over, with this final status and so many seconds of Retry-After."""
        self._cause = cause
        self._end(status, reason, wait)
        if not self.freed:
            self.freed = True
            self.filing.add(Freed(self.order.call), time.monotonic())

    def _pressed(self, key: str, source: str) -> None:
        self.voice.person_is_there()
        self._happened("key", key=key, source=source)

    # ------------------------------------------------------------------------ as time goes

    def tick(self, now: float) -> None:
        """Look at what is due."""
        if self.over:
            return
        if self._give_up_at and now >= self._give_up_at:
            self._end(0, "no confirmation", 0)
            return
        if not self.confirmed:
            if now >= self._ring_until and not self._ended_by:
                self.hang_up(by="ring_timeout")
            return
        keys, played = self.voice.tick(now)
        for key in keys:
            self.key(key, "inband")
        if played and self._hang_up_after_playing:
            self.hang_up()
        if self._answer_at and now >= self._answer_at and not self._answered:
            self._now_answered()
        if now >= self._next_count:
            self._next_count = now + COUNT_SECONDS
            self._count()
            self._watch_silence(now)

    def _watch_silence(self, now: float) -> None:
        if self._ended_by:
            return
        if self._probe_until:
            if now >= self._probe_until:
                self.hang_up(by="crash", reason="silent")
        elif self._silent_seconds and now - self._last_sound >= self._silent_seconds:
            self._probe_until = now + PROBE_SECONDS
            try:
                self.leg.ask()
            except StackError:
                self.hang_up(by="crash", reason="silent")

    def _count(self) -> None:
        """Take over how many packets came and how many were lost, while the stream lives."""
        counted = self.leg.count()
        if counted is None:
            return
        packets, self._lost = counted
        if packets != self._packets:
            self._packets = packets
            self._last_sound = time.monotonic()

    # -------------------------------------------------------------------------- the end

    def _maybe_answered(self) -> None:
        if not self.confirmed or self._answered or self._answer_at or self.voice.person is None:
            return
        self._last_sound = time.monotonic()
        if self.order.extension:
            # The person is behind the extension: whoever waits for the answer waits for that.
            self.leg.press(self.order.extension)
            wait = 0.3 + KEY_SECONDS * len(self.order.extension)
            self._answer_at = time.monotonic() + wait
            return
        self._now_answered()

    def _now_answered(self) -> None:
        self._answered = True
        self.voice.answered()
        self._happened("answered")
        tones = self._dtmf == "inband" or (self._dtmf == "auto" and not self.leg.takes_events)
        self.voice.hear(tones=tones, beep_seconds=self._beep_seconds)

    def _end(self, status: int, reason: str, wait: int) -> None:
        if self.over:
            return
        self.over = True
        whole = self.voice.end()
        self.transferred(taken=False, reason=reason)
        by = self._ended_by
        if not by:
            # After the answer a BYE of the other side is 200; anything else is the stack giving
            # up on a dialog (408, 481, 503): the trunk went silent.
            after = "party" if status // 100 == 2 else "crash"
            by = after if self.confirmed else self.unanswered
        if self.confirmed and by in ("us", "party"):
            status = 200
        self._happened(
            "ended",
            file=whole,
            by=by,
            sip_status=status,
            q850_cause=self._cause,
            reason=self._reason or reason,
            retry_after=wait,
            packets_lost=self._lost,
        )

    def dispose(self) -> None:
        """Let go of the stack's side of an ended call."""
        self.voice.person = None
        self.leg.dispose()

    def _said(self, listening: int, pcm: str) -> None:
        self.filing.add(PieceOfSound(self.order.call, listening, pcm), time.monotonic())

    def _happened(
        self, what: str, *, file: str = "", at: float | None = None, **facts: Any
    ) -> None:
        """Tell of an event, once the recording `file` is complete where one belongs to it."""
        message = Happened(self.order.call, what, at or time.time(), facts)
        self.filing.add(message, time.monotonic(), file)
