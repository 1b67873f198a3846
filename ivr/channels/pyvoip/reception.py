"""Received packets put in order, as one sound without end. Pure.

pyVoIP writes what comes into a file in memory at the place that the timestamp names: a stream
that begins anew (early media, a transfer at the other side) fills gigabytes, one that is late is
read as noise. Here packets wait for those before them, a little while.
"""

PACKET = 160
"""Codes of 20 ms."""
FIRST = 3 * PACKET
"""Codes that are gathered before the sound begins: so much may packets be late."""
MOST = 15 * PACKET
"""Codes kept at most: the other side's clock is faster."""
MOST_AHEAD = 4
"""Packets that may overtake one before it counts as lost."""
_STRANGE = 1000
"""A jump of so many packets is another stream."""


class Reception:
    """The person's sound."""

    def __init__(self, silence: bytes) -> None:
        """`silence`: the code of silence."""
        self._silence = silence
        self._ready = bytearray()
        self._flows = False
        self._source = 0
        self._expected: int | None = None
        self._ahead: dict[int, bytes] = {}
        self._length = PACKET
        self.received = 0
        """Packets that came."""
        self.lost = 0
        """Packets that did not."""

    def put(self, source: int, sequence: int, codes: bytes) -> None:
        """Take a packet: its SSRC, its sequence number, its G.711 codes (none: no sound)."""
        self.received += 1
        if self._expected is None or source != self._source:
            self._begin(source, sequence)
        ahead = (sequence - (self._expected or 0)) & 0xFFFF
        if _STRANGE < ahead < 0x10000 - _STRANGE:
            self._begin(source, sequence)
            ahead = 0
        if ahead >= 0x8000:
            return  # late, or once more
        if codes:
            self._length = len(codes)
        self._ahead[ahead] = codes
        while 0 in self._ahead or len(self._ahead) > MOST_AHEAD:
            self._next()

    def _begin(self, source: int, sequence: int) -> None:
        self._source, self._expected = source, sequence
        self._ahead.clear()

    def _next(self) -> None:
        """Take over the next packet, or go without it."""
        if 0 in self._ahead:
            self._ready += self._ahead.pop(0)
        else:
            self.lost += 1
            self._ready += self._silence * self._length
        self._ahead = {ahead - 1: codes for ahead, codes in self._ahead.items()}
        self._expected = ((self._expected or 0) + 1) & 0xFFFF

    def take(self, behind: int = 0) -> bytes:
        """Return the next 20 ms, as codes. `behind`: so many more are taken at once, because we
        were held up: what came meanwhile is not too much."""
        if not self._flows and len(self._ready) < FIRST:
            return self._silence * PACKET
        self._flows = True
        if len(self._ready) > MOST + behind * PACKET:
            del self._ready[: len(self._ready) - FIRST]
        if len(self._ready) < PACKET and self._ahead:
            self._next()  # better a gap than a wait
        taken = bytes(self._ready[:PACKET])
        del self._ready[:PACKET]
        if len(taken) < PACKET:
            self._flows = False
            taken += self._silence * (PACKET - len(taken))
        return taken
