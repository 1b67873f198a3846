"""The house's side of who picked up: what the line hears goes to the judge, speech to the
recogniser, and what becomes clear is told as events of the call.
"""

import asyncio
import base64
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.errors import TransientError
from ivr.channels.contract import AnnouncementHeard, Event, PickUpDecided
from speech.contract import Ear, PickedUpBy, Recogniser
from speech.pickup.judge import Announced, PickUpJudge, Tuning
from speech.pickup.lists import PhraseList, Said

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 10.0
"""How long an answer of the recogniser is waited for."""
CONCLUDE_SECONDS = 2.0
"""How long the end of a call waits for the words that tell why."""
PIECE_SECONDS = 4.0
"""Speech without a pause is recognised in pieces of this length: a machine does not stop."""
OVERLAP_SECONDS = 1.5
"""Of one piece at the beginning of the next: no phrase is cut in two."""
_BYTES = 16000
"""Bytes of a second: 8,000 samples of 16 bit."""


@dataclass(frozen=True)
class PickUpRules:
    """How a driver finds out who picked up."""

    tuning: Tuning = field(default_factory=Tuning)
    phrases: tuple[PhraseList, ...] = ()
    """What is recognised, in each language that the recogniser has a model for."""


class _Piece:
    """Speech being recognised by the ears of all languages."""

    def __init__(self, ears: list[tuple[PhraseList, Ear]]) -> None:
        self.ears = ears
        self.pcm = bytearray()

    def feed(self, pcm: bytes) -> None:
        self.pcm += pcm
        for _, ear in self.ears:
            ear.feed(pcm)

    def close(self) -> None:
        for _, ear in self.ears:
            ear.close()


class PickUp:
    """Finds out who picked up one call. `tell` takes the events; `known`: it is known."""

    def __init__(
        self,
        rules: PickUpRules,
        recogniser: Recogniser | None,
        tell: Callable[[Event], None],
        known: Callable[[], None],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock`: seconds since 1970; a recording has its own."""
        self._time = clock
        self._recogniser, self._tell, self._known = recogniser, tell, known
        languages = recogniser.languages if recogniser else frozenset[str]()
        self._lists = [one for one in rules.phrases if one.language in languages]
        self._judge = PickUpJudge(rules.tuning, hears_words=bool(self._lists))
        self._answered = False
        self._piece: _Piece | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self.by: PickedUpBy | None = None
        """Who picked up; None: not known yet."""
        self.sign = ""

    # ------------------------------------------------------------------------ what is heard

    def heard(self, sign: str, at: datetime) -> None:
        """Take what the line heard: speech that begins, goes on or ends, or a tone."""
        if self.by is not None:
            return
        moment = at.timestamp()
        if sign == "began":
            self._judge.began(moment)
            self._piece = self._listen()
        elif sign == "goes_on":
            self._judge.goes_on(moment)
        elif sign == "ended":
            self._judge.ended(moment)
            piece, self._piece = self._piece, None
            self._recognise(piece, last=True)
        else:
            self._judge.tone(sign, moment)
        self._look()

    def sound(self, pcm: str) -> None:
        """A piece of what is said. `pcm`: base64."""
        if self._piece is None:
            return
        self._piece.feed(base64.b64decode(pcm))
        if len(self._piece.pcm) > PIECE_SECONDS * _BYTES:
            before, self._piece = self._piece, self._listen()
            if self._piece is not None:
                self._piece.feed(bytes(before.pcm[-int(OVERLAP_SECONDS * _BYTES) :]))
            self._recognise(before, last=False)

    def answered(self, at: datetime) -> None:
        """The call was answered: what was heard before was the network."""
        self._answered = True
        self._drop()
        self._judge.answered(at.timestamp())
        self._look()

    def key(self) -> None:
        """A key was pressed."""
        self._judge.key()
        self._look()

    def beep(self, at: datetime) -> bool:
        """A mailbox's beep was heard. False where that is news to a conversation under way."""
        if self.by is None:
            self._judge.tone("beep", at.timestamp())
            self._look()
            return True
        return self.sign == "beep"

    @property
    def unfinished(self) -> bool:
        """True where the network said something before the answer that is not understood yet."""
        speaks = self._piece is not None or bool(self._tasks)
        return speaks and not self._answered and self.by is None

    async def conclude(self) -> None:
        """The call ended before the answer: understand the network's last words."""
        piece, self._piece = self._piece, None
        if piece is not None:
            self._recognise(piece, last=True)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CONCLUDE_SECONDS)

    def look(self) -> None:
        """Time has passed: tell what is clear by now."""
        if self.by is None:
            self._look()

    async def recognised(self) -> None:
        """Wait until all speech that has ended is recognised."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def close(self) -> None:
        """The call is over."""
        self._drop()
        if self._timer is not None:
            self._timer.cancel()

    # ------------------------------------------------------------------------------- words

    def _listen(self) -> _Piece | None:
        if self._recogniser is None:
            return None
        try:
            return _Piece([(one, self._recogniser.listen(one.grammar)) for one in self._lists])
        except (TransientError, LookupError) as error:
            log.warning("first words cannot be recognised: %s", error)
            return None

    def _recognise(self, piece: _Piece | None, *, last: bool) -> None:
        if piece is None or not piece.ears:
            self._judge.words(None, last=last)
            return
        task = asyncio.create_task(self._understand(piece, last=last))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _understand(self, piece: _Piece, *, last: bool) -> None:
        """Find out what was said; `last`: it has ended."""
        said: Said | None = None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                for phrases, ear in piece.ears:
                    heard = await ear.finish()
                    said = said or phrases.said(heard.words, answered=self._answered)
        except (TransientError, TimeoutError) as error:
            log.warning("first words were lost by the recogniser: %s", error or "too late")
            piece.close()
        except asyncio.CancelledError:
            piece.close()
            raise
        self._judge.words(said, last=last)
        self._look()

    def _drop(self) -> None:
        """Forget what is being said or recognised."""
        if self._piece is not None:
            self._piece.close()
            self._piece = None
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()

    # --------------------------------------------------------------------- what it comes to

    def _look(self) -> None:
        """Tell what is clear by now, and look again when more may be."""
        now = self._time()
        for news in self._judge.judge(now):
            at = datetime.fromtimestamp(now, UTC)
            if isinstance(news, Announced):
                self._tell(AnnouncementHeard(news.announcement, at, news.words))
            else:
                self.by, self.sign = news.by, news.sign
                self._tell(PickUpDecided(news.by, at, news.sign))
                self._drop()
                self._known()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._judge.due()
        if due is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, due - now) + 0.005, self._look)
