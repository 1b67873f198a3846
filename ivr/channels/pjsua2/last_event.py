"""What pjmedia remembers of the last telephone-event (RFC 4733), so that it can be made to forget.

pjmedia (stream.c, handle_incoming_dtmf, 2.15.1) takes a packet for more of the last event where
the key is the same and the duration no shorter, and reports the end of an event once. The RTP
timestamp, which tells presses apart (RFC 4733, 2.5.1.2), it does not look at: of a second press of
the same key whose end packets alone arrive it would tell nobody. Where the last event is forgotten
after each report, every packet is reported, and `ivr/channels/sip/keys.py` tells the presses apart.

Nothing of this is in pjsua2, so the library's own memory is written to. Its layout is known for one
version only, and looked at before every write: there must stand exactly what was reported just
now. Where it does not, pjmedia is left as it is, and only that rare press is not heard.
"""

import ctypes
import platform

_OFFSETS = {("2.15.1", "x86_64"): 0x127C}
"""Where the fields below stand in a pjmedia_stream, by the version of pjproject and the machine."""
_KEYS = "0123456789*#ABCDR"
"""pjmedia's digitmap: the events 0 to 16 (RFC 4733, 3.2)."""
_DYNAMIC = range(96, 128)
"""Payload types that are agreed upon (RFC 3551, 6)."""
_NONE = -1


class _Fields(ctypes.Structure):
    """Part of struct pjmedia_stream."""

    _fields_ = (
        ("rx_event_pt", ctypes.c_int),
        ("last_dtmf", ctypes.c_int),
        ("last_dtmf_dur", ctypes.c_uint32),
        ("last_dtmf_ended", ctypes.c_int),
        ("rx_dtmf_count", ctypes.c_uint),
    )


class LastEvent:
    """The last event of one stream, from its beginning until it is destroyed."""

    def __init__(self, stream: int, version: str) -> None:
        """`stream`: address of a pjmedia_stream that has just begun; `version`: of pjproject."""
        offset = _OFFSETS.get((version, platform.machine()))
        self._fields: _Fields | None = None
        if offset is None:
            return
        fields = _Fields.from_address(stream + offset)
        nothing = (fields.last_dtmf_dur, fields.last_dtmf_ended, fields.rx_dtmf_count) == (0, 0, 0)
        if fields.rx_event_pt in _DYNAMIC and fields.last_dtmf == _NONE and nothing:
            self._fields = fields

    @property
    def known(self) -> bool:
        """True where it can be forgotten."""
        return self._fields is not None

    def forget(self, key: str, milliseconds: int) -> None:
        """Forget the event, which was reported just now with this key and duration."""
        fields = self._fields
        if fields is None:
            return
        known = 0 <= fields.last_dtmf < len(_KEYS) and fields.last_dtmf_ended in (0, 1)
        if known and (_KEYS[fields.last_dtmf], fields.last_dtmf_dur // 8) == (key, milliseconds):
            fields.last_dtmf = _NONE
        else:
            self._fields = None
