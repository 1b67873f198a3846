"""The dialog of one call, as pjsua2 has it."""

from collections.abc import Callable
from typing import Any

import pjsua2 as pj

from ivr.channels.pjsua2.information import answer_ok
from ivr.channels.pjsua2.last_event import LastEvent
from ivr.channels.pjsua2.sound import PersonSound
from ivr.channels.sip import headers
from ivr.channels.sip.call import LineCall
from ivr.channels.sip.leg import StackError


class PjsuaLeg(pj.Call):  # type: ignore[misc]
    """Tells `call` what pjsua2 tells. `account` is the trunk's, `uri` who is called; `id` is
    pjsua's of a call that came in."""

    def __init__(
        self, account: Any, call: LineCall, uri: str = "", id: int = pj.PJSUA_INVALID_ID
    ) -> None:
        super().__init__(account, id)
        self._account = account
        account.calls += 1
        self._call, self._uri = call, uri
        self._asked = False
        self._last_event: LastEvent | None = None

    # ------------------------------------------------------------------ what the call asks

    def invite(self) -> None:
        prm = pj.CallOpParam(True)
        prm.opt.audioCount = 1
        prm.opt.videoCount = 0
        _do(lambda: self.makeCall(self._uri, prm))

    def respond(self, status: int) -> None:
        prm = pj.CallOpParam(True)
        prm.opt.audioCount = 1
        prm.opt.videoCount = 0
        prm.statusCode = status
        _do(lambda: self.answer(prm))

    def leave(self) -> None:
        _do(lambda: self.hangup(pj.CallOpParam()))

    def ask(self) -> None:
        prm = pj.CallSendRequestParam()
        prm.method = "OPTIONS"
        self._asked = True
        _do(lambda: self.sendRequest(prm))

    def refer(self, target: str) -> None:
        _do(lambda: self.xfer(target, pj.CallOpParam()))

    def press(self, keys: str) -> None:
        self.dialDtmf(keys)

    @property
    def takes_events(self) -> bool:
        stream = self.getStreamInfo(0)
        return 0 < int(stream.audTxEventPt) < 128

    def count(self) -> tuple[int, int] | None:
        try:
            statistics = self.getStreamStat(0)  # held: its parts are no more once it is collected
        except pj.Error:
            return None
        received = statistics.rtcp.rxStat
        return int(received.pkt), int(received.loss)

    def dispose(self) -> None:
        """Delete pjsua's side of an ended call, before its id can be given to another call.

        The id outlives the call in pjsua2, and the destructor hangs up whatever call has the id
        by then: it must not be left to Python to decide when that is.
        """
        self._account.calls -= 1
        self.__swig_destroy__(self)

    # --------------------------------------------------------------- what pjsua tells us

    def onCallState(self, prm: Any) -> None:
        info = self.getInfo()
        message = _received(prm)
        if info.state == pj.PJSIP_INV_STATE_CALLING:
            self._call.dialed()
        elif info.state == pj.PJSIP_INV_STATE_EARLY:
            early = info.lastStatusCode == 183 and headers.has_sdp(message)
            if info.lastStatusCode == 180 or early:
                self._call.rings(early_media=early or headers.has_sdp(message))
        elif info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self._call.accepted()
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self._call.ended(
                info.lastStatusCode,
                info.lastReason,
                wait=headers.retry_after(message),
                cause=headers.q850_cause(message),
            )

    def onCallSdpCreated(self, prm: Any) -> None:
        prm.sdp.wholeSdp = headers.conventional_events(prm.sdp.wholeSdp)

    def onCallMediaState(self, prm: Any) -> None:  # noqa: ARG002 - pjsua2's name
        info = self.getInfo()  # held: its media are no more once it is collected
        for index, media in enumerate(info.media):
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                self._call.sounds(PersonSound(self.getAudioMedia(index)))
                return

    def onStreamCreated(self, prm: Any) -> None:
        version = pj.Endpoint.instance().libVersion().full
        self._last_event = LastEvent(int(prm.stream), version)

    def onStreamDestroyed(self, prm: Any) -> None:  # noqa: ARG002 - pjsua2's name
        self._last_event = None  # its memory is gone
        self._call.recount()

    def onDtmfEvent(self, prm: Any) -> None:
        key = prm.digit.upper()
        if prm.method == pj.PJSUA_DTMF_METHOD_SIP_INFO:
            self._call.key(key, "info")
        else:
            if self._last_event:
                self._last_event.forget(key, prm.duration)
            self._call.event(key, prm.timestamp, prm.duration)

    def onCallTsxState(self, prm: Any) -> None:
        state = prm.e.body.tsxState
        method = state.tsx.method
        served = (
            state.tsx.role == pj.PJSIP_ROLE_UAS and state.tsx.state == pj.PJSIP_TSX_STATE_TRYING
        )
        if method == "INFO" and served:
            key = headers.plain_key(_received(prm))
            if key:
                answer_ok(state)
                self._call.key(key, "info")
        elif method == "OPTIONS" and state.tsx.role == pj.PJSIP_ROLE_UAC and self._asked:
            if state.tsx.statusCode >= 200:
                self._asked = False
                self._call.probed(state.tsx.statusCode)
        elif method == "BYE" and served:
            self._call.leaves(headers.q850_cause(_received(prm)))

    def onCallTransferStatus(self, prm: Any) -> None:
        if prm.statusCode >= 200:
            taken = prm.statusCode < 300
            self._call.transferred(taken=taken, reason=f"{prm.statusCode} {prm.reason}")


def _do(asked: Callable[[], Any]) -> None:
    """Ask pjsua2. Raises StackError in its words."""
    try:
        asked()
    except pj.Error as error:
        raise StackError(error.reason) from error


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
