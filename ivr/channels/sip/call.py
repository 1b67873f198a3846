"""One call inside a line process."""

import time
from collections.abc import Callable
from typing import Any

import pjsua2 as pj

from ivr.channels.sip import headers
from ivr.channels.sip.filing import Filing
from ivr.channels.sip.information import answer_ok
from ivr.channels.sip.keys import KeyFilter
from ivr.channels.sip.last_event import LastEvent
from ivr.channels.sip.protocol import Freed, Happened, Place, Recorded, Setup, Sound
from ivr.channels.sip.voice import CallVoice

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
        self, account: Any, order: Place, report: Callable[[Any], None], setup: Setup
    ) -> None:
        super().__init__(account)
        self.order = order
        self._account = account
        account.calls += 1
        self.filing = Filing(report)
        """What is still to be told; outlives the call by the time its recordings take."""
        self.voice = CallVoice(self._happened, self._said)
        self._silent_seconds = setup.silent_seconds
        self._beep_seconds = setup.beep_seconds
        self._pick_up, self._pick_up_words = setup.pick_up, setup.pick_up_words
        self._dtmf = account.trunk.dtmf
        self._keys = KeyFilter()
        self._last_event: LastEvent | None = None
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
            self.xfer(target, pj.CallOpParam())
        except pj.Error as error:
            self._transfer_done(False, error.reason)

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
                self.voice.person = self.getAudioMedia(index)
                self._last_sound = time.monotonic()
                if self._pick_up and not self._answered:
                    self.voice.hear_first_sounds(words=self._pick_up_words)
                self._maybe_answered()
                return

    def onStreamCreated(self, prm: Any) -> None:
        version = pj.Endpoint.instance().libVersion().full
        self._last_event = LastEvent(int(prm.stream), version)

    def onStreamDestroyed(self, prm: Any) -> None:  # noqa: ARG002 - pjsua2's name
        self._last_event = None  # its memory is gone
        self._count()

    def onDtmfEvent(self, prm: Any) -> None:
        key = prm.digit.upper()
        if prm.method == pj.PJSUA_DTMF_METHOD_SIP_INFO:
            self.key(key, "info")
            return
        if self._last_event:
            self._last_event.forget(key, prm.duration)
        new = self._keys.event(key, prm.timestamp, prm.duration, time.monotonic())
        if new and self._dtmf in ("auto", "rfc4733"):
            self._pressed(key, "rfc4733")

    def onCallTsxState(self, prm: Any) -> None:
        state = prm.e.body.tsxState
        method = state.tsx.method
        if method == "INFO" and state.tsx.role == pj.PJSIP_ROLE_UAS:
            if state.tsx.state == pj.PJSIP_TSX_STATE_TRYING:
                key = headers.plain_key(_received(prm))
                if key:
                    answer_ok(state)
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
            self._pressed(key, source)

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
        if not self._confirmed:
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
        if not self._confirmed or self._answered or self._answer_at or self.voice.person is None:
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
        self.voice.answered()
        self._happened("answered")
        tones = self._dtmf == "inband" or (self._dtmf == "auto" and not self._events_agreed())
        self.voice.hear(tones=tones, beep_seconds=self._beep_seconds)

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
        whole = self.voice.end()
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
            file=whole,
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
        self.voice.person = None
        self._account.calls -= 1
        self.__swig_destroy__(self)

    def _free(self) -> None:
        if not self.freed:
            self.freed = True
            self.filing.add(Freed(self.order.call), time.monotonic())

    def _said(self, listening: int, pcm: str) -> None:
        self.filing.add(Sound(self.order.call, listening, pcm), time.monotonic())

    def _happened(
        self, what: str, *, file: str = "", at: float | None = None, **facts: Any
    ) -> None:
        """Tell of an event, once the recording `file` is complete where one belongs to it."""
        message = Happened(self.order.call, what, at or time.time(), facts)
        self.filing.add(message, time.monotonic(), file)


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
