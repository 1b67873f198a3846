"""One call inside a line process."""

import contextlib
import time
from collections.abc import Callable
from typing import Any

import pjsua2 as pj

from ivr.channels.sip import headers
from ivr.channels.sip.hearing import Hearing
from ivr.channels.sip.keys import KeyFilter
from ivr.channels.sip.protocol import Freed, Happened, Place, Recorded
from ivr.channels.sip.sound import Player, Recording, SilenceWatch

PROBE_SECONDS = 8.0
"""How long an OPTIONS inside a call that has gone silent may stay unanswered."""
COUNT_SECONDS = 2.0
"""How often the packets of a call are counted: reading them costs about 0.1 ms."""
GIVE_UP_SECONDS = 4.0
"""How long the other side may take to confirm a CANCEL or BYE before we call it over."""
KEY_SECONDS = 0.25
"""What pjsua takes to send one RFC 4733 digit, pause included."""


class LineCall(pj.Call):  # type: ignore[misc]
    """A call and what is being done with it. Held by the line until it is freed."""

    def __init__(
        self, account: Any, order: Place, report: Callable[[Any], None], silent_seconds: float
    ) -> None:
        super().__init__(account)
        self.order = order
        self._report = report
        self._silent_seconds = silent_seconds
        self._dtmf = account.trunk.dtmf
        self._keys = KeyFilter()
        self._hearing: Hearing | None = None
        self._person: Any = None
        self._player: Player | None = None
        self._play = 0
        self._answer: Recording | None = None
        self._answer_watch: SilenceWatch | None = None
        self._whole: Recording | None = None
        self._ring_until = time.monotonic() + order.ring_seconds
        self._give_up_at = 0.0
        self._answer_at = 0.0
        self._confirmed = self._answered = self._rang = False
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

    def place(self, uri: str) -> None:
        """Send the INVITE. Raises pjsua2.Error."""
        prm = pj.CallOpParam(True)
        prm.opt.audioCount = 1
        prm.opt.videoCount = 0
        self.makeCall(uri, prm)

    def play(self, play: int, files: list[str]) -> None:
        """Play `files`; what was playing is replaced."""
        self.stop_playing()
        if self._person is None:
            return
        self._play = play
        try:
            player = Player(files)
        except pj.Error as error:
            # A prompt that cannot be played must not leave the person in silence for ever.
            self._happened("play_failed", play=play, reason=error.reason)
            self._happened("prompt_finished", play=play)
            return
        self._player = player
        player.startTransmit(self._person)
        if self._whole:
            self._whole.add(player)

    def stop_playing(self) -> None:
        """Stop at once."""
        if self._player is not None:
            if self._person is not None:
                with contextlib.suppress(pj.Error):  # the call's sound may be gone already
                    self._player.stopTransmit(self._person)
            self._player = None  # its destructor takes it off the bridge and closes its files

    def _played(self) -> None:
        self.stop_playing()
        self._happened("prompt_finished", play=self._play)
        if self._hang_up_after_playing:
            self.hang_up()

    def record(self, path: str, seconds: float, silence: float) -> None:
        """Record the person."""
        if self._person is None:
            return
        self.stop_recording()
        try:
            self._answer = Recording(path, self._person)
        except pj.Error as error:
            self._happened("record_failed", path=path, reason=error.reason)
            self._happened("recording_finished", path=path, seconds=0.0, ended_by="limit")
            return
        self._answer_watch = SilenceWatch(seconds, silence, time.monotonic())

    def stop_recording(self) -> float:
        """End the recording; return its seconds."""
        recording, self._answer, self._answer_watch = self._answer, None, None
        return recording.end() if recording else 0.0

    def record_call(self, path: str) -> None:
        """Record both sides until the end."""
        if self._person is None or self._whole:
            return
        try:
            self._whole = Recording(path, self._person)
        except pj.Error as error:
            self._happened("record_failed", path=path, reason=error.reason)
            return
        if self._player:
            self._whole.add(self._player)

    def transfer(self, target: str) -> None:
        """Ask the other side to call `target` (REFER)."""
        if not self._answered or self.over:
            self._happened("transfer_finished", taken=False, reason="not answered")
            return
        self._transferring = True
        try:
            self.xfer(target, pj.CallOpParam())
        except pj.Error as error:
            self._transfer_done(False, error.reason)

    def hang_up(self, *, after_playing: bool = False, by: str = "us", reason: str = "") -> None:
        """End the call (CANCEL before the answer, BYE after it)."""
        if self.over or self._ended_by:
            return
        if after_playing and self._player is not None:
            self._hang_up_after_playing = True
            return
        self._ended_by = by
        self._reason = reason
        self._give_up_at = time.monotonic() + GIVE_UP_SECONDS
        self._count()
        try:
            self.hangup(pj.CallOpParam())
        except pj.Error:
            self._give_up_at = 0.1

    # --------------------------------------------------------------- what pjsua tells us

    def onCallState(self, prm: Any) -> None:
        info = self.getInfo()
        message = _received(prm)
        if info.state == pj.PJSIP_INV_STATE_CALLING:
            self._happened("dialed")
        elif info.state == pj.PJSIP_INV_STATE_EARLY:
            early = info.lastStatusCode == 183 and headers.has_sdp(message)
            if (info.lastStatusCode == 180 or early) and not self._rang:
                self._rang = True
                self._happened("ringing", early_media=early or headers.has_sdp(message))
        elif info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self._confirmed = True
            self._maybe_answered()
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self._cause = headers.q850_cause(message)
            self._end(info.lastStatusCode, info.lastReason, headers.retry_after(message))
            self._free()

    def onCallSdpCreated(self, prm: Any) -> None:
        prm.sdp.wholeSdp = headers.conventional_events(prm.sdp.wholeSdp)

    def onCallMediaState(self, prm: Any) -> None:  # noqa: ARG002 - pjsua2's name
        info = self.getInfo()  # held: its media are no more once it is collected
        for index, media in enumerate(info.media):
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                self._person = self.getAudioMedia(index)
                self._last_sound = time.monotonic()
                self._maybe_answered()
                return

    def onStreamDestroyed(self, prm: Any) -> None:  # noqa: ARG002 - pjsua2's name
        self._count()

    def onDtmfEvent(self, prm: Any) -> None:
        key = prm.digit.upper()
        if prm.method == pj.PJSUA_DTMF_METHOD_SIP_INFO:
            self.key(key, "info")
            return
        new = self._keys.event(key, prm.timestamp, prm.duration, time.monotonic())
        if new and self._dtmf in ("auto", "rfc4733"):
            self._happened("key", key=key, source="rfc4733")

    def onCallTsxState(self, prm: Any) -> None:
        state = prm.e.body.tsxState
        method = state.tsx.method
        if method == "INFO" and state.tsx.role == pj.PJSIP_ROLE_UAS:
            if state.tsx.state == pj.PJSIP_TSX_STATE_TRYING:
                key = headers.plain_key(_received(prm))
                if key:
                    self.key(key, "info")
        elif method == "OPTIONS" and state.tsx.role == pj.PJSIP_ROLE_UAC and self._probe_until:
            if state.tsx.statusCode >= 200:
                self._probe_until = 0.0
                if state.tsx.statusCode in (408, 481, 503):
                    self.hang_up(by="crash", reason="silent")
                else:
                    self._last_sound = time.monotonic()
        elif (
            method == "BYE"
            and state.tsx.role == pj.PJSIP_ROLE_UAS
            and state.tsx.state == pj.PJSIP_TSX_STATE_TRYING
        ):
            self._cause = headers.q850_cause(_received(prm))
            self._count()

    def onCallTransferStatus(self, prm: Any) -> None:
        if prm.statusCode >= 200 and self._transferring:
            self._transfer_done(prm.statusCode < 300, f"{prm.statusCode} {prm.reason}")

    def key(self, key: str, source: str) -> None:
        """Take a press that came by INFO or as a tone."""
        if self._dtmf in ("auto", source) and self._keys.press(key, source, time.monotonic()):
            self._happened("key", key=key, source=source)

    # ------------------------------------------------------------------------ as time goes

    def tick(self, now: float) -> None:
        """Look at what is due."""
        if self.over:
            return
        if self._give_up_at and now >= self._give_up_at:
            self._end(0, "no confirmation", 0)
            return
        if not self._confirmed:
            if now >= self._ring_until and not self._ended_by:
                self.hang_up(by="ring_timeout")
            return
        if self._player is not None and self._player.finished:
            self._played()
        if self._answer_at and now >= self._answer_at and not self._answered:
            self._now_answered()
        if self._hearing:
            keys, beep = self._hearing.listen(now)
            for key in keys:
                self.key(key, "inband")
            if beep:
                self._happened("machine", sign="beep")
        if self._answer_watch and self._person is not None and self._answer:
            # Each side's level is kept by the conference bridge; a reading costs no sound work.
            verdict = self._answer_watch.verdict(self._person.getRxLevel() / 255, now)
            if verdict:
                path = self._answer.path
                seconds = self.stop_recording()
                self._happened("recording_finished", path=path, seconds=seconds, ended_by=verdict)
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
            prm = pj.CallSendRequestParam()
            prm.method = "OPTIONS"
            try:
                self.sendRequest(prm)
            except pj.Error:
                self.hang_up(by="crash", reason="silent")

    def _count(self) -> None:
        """Take over how many packets came and how many were lost, while the stream lives."""
        try:
            statistics = self.getStreamStat(0)  # held: its parts are no more once it is collected
        except pj.Error:
            return
        received = statistics.rtcp.rxStat
        if received.pkt != self._packets:
            self._packets = received.pkt
            self._last_sound = time.monotonic()
        self._lost = received.loss

    # -------------------------------------------------------------------------- the end

    def _maybe_answered(self) -> None:
        if not self._confirmed or self._answered or self._answer_at or self._person is None:
            return
        self._last_sound = time.monotonic()
        if self.order.extension:
            # The person is behind the extension: whoever waits for the answer waits for that.
            self.dialDtmf(self.order.extension)
            wait = 0.3 + KEY_SECONDS * len(self.order.extension)
            self._answer_at = time.monotonic() + wait
            return
        self._now_answered()

    def _now_answered(self) -> None:
        self._answered = True
        self._happened("answered")
        tones = self._dtmf == "inband" or (self._dtmf == "auto" and not self._events_agreed())
        with contextlib.suppress(pj.Error):
            self._hearing = Hearing(self._person, keys=tones, now=time.monotonic())

    def _events_agreed(self) -> bool:
        """Return True where the other side takes telephone-event (RFC 4733)."""
        stream = self.getStreamInfo(0)
        return 0 < int(stream.audTxEventPt) < 128

    def _transfer_done(self, taken: bool, reason: str) -> None:
        self._transferring = False
        self._happened("transfer_finished", taken=taken, reason=reason)

    def _end(self, status: int, reason: str, wait: int) -> None:
        if self.over:
            return
        self.over = True
        if self._answer:
            path = self._answer.path
            seconds = self.stop_recording()
            self._happened("recording_finished", path=path, seconds=seconds, ended_by="hang_up")
        if self._whole:
            self._whole.end()
            self._whole = None
        self.stop_playing()
        if self._hearing:
            self._hearing.end()
            self._hearing = None
        if self._transferring:
            self._transfer_done(False, reason)
        by = self._ended_by
        if not by:
            # After the answer a BYE of the other side is 200; anything else is pjsua giving up
            # on a dialog (408, 481, 503): the trunk went silent.
            after = "party" if status // 100 == 2 else "crash"
            by = after if self._confirmed else "trunk"
        if self._confirmed and by in ("us", "party"):
            status = 200
        self._happened(
            "ended",
            by=by,
            sip_status=status,
            q850_cause=self._cause,
            reason=self._reason or reason,
            retry_after=wait,
            packets_lost=self._lost,
        )

    def dispose(self) -> None:
        """Delete pjsua's side of an ended call, before its id can be given to another call.

        The id outlives the call in pjsua2, and the destructor hangs up whatever call has the id
        by then: it must not be left to Python to decide when that is.
        """
        self._person = None
        self.__swig_destroy__(self)

    def _free(self) -> None:
        if not self.freed:
            self.freed = True
            self._report(Freed(self.order.call))

    def _happened(self, what: str, **facts: Any) -> None:
        self._report(Happened(self.order.call, what, time.time(), facts))


def _received(prm: Any) -> str:
    """Return the SIP message that an event came with, or an empty string."""
    event = prm.e
    if event.type == pj.PJSIP_EVENT_TSX_STATE:
        if event.body.tsxState.type != pj.PJSIP_EVENT_RX_MSG:
            return ""
        return str(event.body.tsxState.src.rdata.wholeMsg)
    if event.type == pj.PJSIP_EVENT_RX_MSG:
        return str(event.body.rxMsg.rdata.wholeMsg)
    return ""


def recorded(call: LineCall | None, ask: int) -> Recorded:
    """Stop a call's recording and answer `ask`."""
    return Recorded(ask, call.stop_recording() if call else 0.0)
