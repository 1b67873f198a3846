"""Writing down what people said to open questions: after their calls, one recording at a time.

Runs beside `huifang run` and as `huifang transcribe`. The recogniser does it at low priority, so
that calls under way do not suffer; whatever is cut off is taken up again later.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import structlog

from core.clock import Clock
from core.errors import HuifangError, TransientError
from dialer.identity import is_of_this_machine
from speech.contract import Recogniser
from storage.database import Database
from storage.transcripts import MOST_TRIES, Waiting, give_back, settle, take_next, without_model

LOOK = 5.0
"""Seconds between two looks for recordings while none waits."""

_HAN_GAP = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")

log = structlog.get_logger(__name__)


class Transcribing:
    """Writes recordings of one database down; `tally` counts what became of them."""

    def __init__(
        self,
        database: Database,
        transcriber: Recogniser,
        recordings: Path,
        clock: Clock,
        *,
        models: Mapping[str, str] | None = None,
    ) -> None:
        """`models`: names of the models by language, kept with what they heard."""
        self._database, self._transcriber, self._clock = database, transcriber, clock
        self._recordings, self._models = recordings, dict(models or {})
        self._elsewhere: set[int] = set()
        self.tally: Counter[str] = Counter()

    async def run(self) -> None:
        """Write down whatever comes, until cancelled. A database that fails is tried again."""
        while True:
            try:
                while await self.one():
                    pass
            except HuifangError as error:
                log.warning("transcribing_waits", problem=error.sentences("en")[0])
            await self._clock.sleep(LOOK)

    async def rest(self) -> None:
        """Write down all that wait now."""
        async with self._database.write() as session:
            self.tally["no_model"] += await without_model(session, self._transcriber.languages)
        while await self.one():
            pass

    async def one(self) -> bool:
        """Write down one recording; False where none waits that this machine can hear."""
        async with self._database.write() as session:
            waiting = await take_next(
                session,
                languages=self._transcriber.languages,
                now=self._clock.now(),
                elsewhere=self._elsewhere,
            )
        if waiting is None:
            return False
        try:
            await self._write_down(waiting)
        except asyncio.CancelledError:
            await asyncio.shield(self._give_back(waiting))
            raise
        return True

    async def _write_down(self, waiting: Waiting) -> None:
        path = (self._recordings / waiting.recording).resolve()
        if not (path.is_relative_to(self._recordings.resolve()) and path.is_file()):
            if is_of_this_machine(waiting.dialer):
                await self._settle(waiting, "missing", reason=waiting.recording[:300])
            else:
                self._elsewhere.add(waiting.id)
                await self._give_back(waiting)
            return
        try:
            heard = await self._transcriber.transcribe(path, waiting.language)
        except HuifangError as error:
            again = isinstance(error, TransientError) and waiting.tries < MOST_TRIES
            why = error.sentences("en")[0][:300] if error.problems else type(error).__name__
            await self._settle(waiting, "waiting" if again else "failed", reason=why)
            return
        await self._settle(
            waiting,
            "done",
            text=_HAN_GAP.sub("", heard.text),
            words=[
                {
                    "text": word.text,
                    "start": round(word.start, 2),
                    "end": round(word.end, 2),
                    "confidence": round(word.confidence, 3),
                }
                for word in heard.words
            ],
            model=self._models.get(waiting.language, ""),
            reason="",
            done_at=self._clock.now(),
        )

    async def _settle(self, waiting: Waiting, state: str, **values: object) -> None:
        async with self._database.write() as session:
            await settle(session, waiting.id, state, **values)
        self.tally[state] += 1

    async def _give_back(self, waiting: Waiting) -> None:
        async with self._database.write() as session:
            await give_back(session, waiting.id)
