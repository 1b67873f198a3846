"""The house's side of a spoken answer: the sound of an utterance goes to the recogniser.

What of it was nothing to the recogniser is kept for a moment and put before the next utterance:
whoever hesitates after 不 says 满意 as an utterance of its own, and only both together are meant.
"""

import asyncio
import base64
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from core.errors import TransientError
from ivr.channels.contract import Event, SpeechBegan, SpeechHeard
from speech.contract import Ear, Grammar, Recogniser, Utterance

log = logging.getLogger(__name__)

HESITATION_SECONDS = 1.0
"""So soon after a short utterance that meant nothing the next one goes on with it."""
SHORT_SECONDS = 1.5
PATIENCE_SECONDS = 5.0
"""How long an answer of the recogniser is waited for."""
NOTHING = Utterance("", 0.0)
_BYTES = 16000
"""Bytes of a second: 8,000 samples of 16 bit."""


class _Said:
    """One utterance: its sound, and the ear that it is fed to."""

    def __init__(self, began: datetime) -> None:
        self.began = self.ended = began
        self.pcm = bytearray()
        self.ear: Ear | None = None
        self._fed = 0

    def feed(self) -> None:
        """Give the ear what it does not have yet."""
        if self.ear is not None and self._fed < len(self.pcm):
            self.ear.feed(bytes(self.pcm[self._fed :]))
            self._fed = len(self.pcm)

    def listen(self, ear: Ear | None) -> None:
        """Let another ear listen, from the beginning."""
        if self.ear is not None:
            self.ear.close()
        self.ear, self._fed = ear, 0
        self.feed()


class Understanding:
    """What one call's person says. `tell` takes the events."""

    def __init__(self, recogniser: Recogniser, tell: Callable[[Event], None]) -> None:
        self._recogniser, self._tell = recogniser, tell
        self._grammar: Grammar | None = None
        self._numbers = 0
        self.listening = 0
        """Number of the listening under way; 0: nobody listens."""
        self._said: _Said | None = None
        """The utterance under way."""
        self._before: _Said | None = None
        """The last utterance, where it meant nothing."""
        self._finishing: asyncio.Task[None] | None = None
        self._later: list[Event] = []
        """Events behind the one that is being recognised."""

    def listen(self, grammar: Grammar) -> bool:
        """Listen for `grammar`. Return True where the line is to be told the new number.

        A language without a model is not listened for: keys go on.
        """
        if grammar.language not in self._recogniser.languages:
            log.warning("no model for %s: keys only", grammar.language)
            return False
        self._grammar = grammar
        if self.listening:
            if self._said is not None:
                self._said.listen(self._ear())
            return False
        self._numbers += 1
        self.listening = self._numbers
        return True

    def stop(self) -> None:
        """Drop what is being said or recognised."""
        self.listening = 0
        self._grammar = self._before = None
        self._later.clear()
        if self._finishing is not None:
            self._finishing.cancel()
            self._finishing = None
        if self._said is not None:
            self._said.listen(None)
            self._said = None

    def began(self, listening: int, at: datetime) -> None:
        """An utterance begins."""
        if listening != self.listening or not listening:
            return
        self._said = _Said(at)
        self._pass_on(SpeechBegan(at))
        if self._finishing is None:
            self._open(self._said)

    def sound(self, listening: int, pcm: str) -> None:
        """It goes on. `pcm`: base64."""
        if listening == self.listening and self._said is not None:
            self._said.pcm += base64.b64decode(pcm)
            self._said.feed()

    def ended(self, listening: int, at: datetime) -> None:
        """It is over: find out what was said."""
        said, self._said = self._said, None
        if listening != self.listening or said is None:
            return
        said.ended = at
        work = self._finish(said, listening, self._finishing)
        self._finishing = asyncio.create_task(work)

    def _ear(self) -> Ear | None:
        if self._grammar is None:
            return None
        try:
            return self._recogniser.listen(self._grammar)
        except (TransientError, LookupError) as error:
            log.warning("nothing can be recognised: %s", error)
            return None

    def _open(self, said: _Said) -> None:
        """Begin to recognise, together with what was said in hesitation before."""
        before, self._before = self._before, None
        if before is not None:
            gap = (said.began - before.ended).total_seconds()
            if 0 <= gap < HESITATION_SECONDS:
                said.pcm[:0] = before.pcm
        said.listen(self._ear())

    async def _finish(
        self, said: _Said, listening: int, before: "asyncio.Task[None] | None"
    ) -> None:
        if before is not None:
            await asyncio.wait({before})
        if said.ear is None:
            self._open(said)
        heard = NOTHING
        try:
            if said.ear is not None:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    heard = await said.ear.finish()
        except (TransientError, TimeoutError) as error:
            log.warning("an utterance was lost by the recogniser: %s", error or "too late")
            said.listen(None)
        except asyncio.CancelledError:
            said.listen(None)
            raise
        if self.listening != listening:
            return
        if not heard.text and len(said.pcm) < SHORT_SECONDS * _BYTES:
            self._before = said
        self._tell(
            SpeechHeard(heard.text, heard.confidence, said.began, said.ended, datetime.now(UTC))
        )
        later, self._later = self._later, []
        for event in later:
            self._tell(event)
        if self._finishing is asyncio.current_task():
            self._finishing = None
        if self._said is not None and self._said.ear is None:
            self._open(self._said)

    def _pass_on(self, event: Event) -> None:
        """Tell an event, but never before the one that is being recognised."""
        if self._finishing is None:
            self._tell(event)
        else:
            self._later.append(event)
