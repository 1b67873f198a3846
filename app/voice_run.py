"""The calls of `huifang run` and `huifang serve`: the dialer with its lines and its prompts."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass

from app import recognisers
from app.answering import ring_back
from app.beside import beside
from app.calling import Calls, dialer
from app.cloud import CloudLines
from app.context import complaints
from app.lines import Lines
from app.prompt_building import prepare
from app.surveys import ReadySurvey
from app.wiring import on_the_line, prompt_cache, sip_trunks, transcribing
from config.loading import Loaded
from core.clock import Clock
from dialer.running import Dialer
from ivr.channels.contract import VoiceChannel
from speech.contract import Recogniser
from storage.database import Database


@dataclass(frozen=True)
class Voice:
    """All that calls need; nothing of it is started yet."""

    dialer: Dialer
    surveys: int
    """Surveys of its batches that are held by voice."""
    admit: Callable[[Collection[int]], Awaitable[int]]
    """Reads and checks the surveys of further batches and makes their prompts, as `prepared` did;
    returns how many. Raises AuthorError."""
    _known: Loaded
    _database: Database
    _clock: Clock
    _channel: VoiceChannel
    _hears: Recogniser | None

    @contextlib.asynccontextmanager
    async def on_the_line(self) -> AsyncIterator[None]:
        """Start the lines, what hears for them and what writes down afterwards; end them all.

        Raises PermanentError where no line can be started, or a model cannot be loaded.
        """
        writing = transcribing(self._known, self._database, self._hears, self._clock)
        async with (
            on_the_line(self._known, self._channel, self._hears),
            beside(writing.run()) if writing else contextlib.nullcontext(),
        ):
            yield


async def prepared(
    known: Loaded,
    database: Database,
    clock: Clock,
    batches: Collection[int] | None,
    words: str,
    *,
    until_done: bool,
    further: Iterable[ReadySurvey] = (),
    name: str | None = None,
    cloud: CloudLines | None = None,
) -> Voice:
    """Read and check the surveys of the batches (None: of all running ones), make their prompts
    and those of the `further` ones; says which spoken answers nothing here can hear.

    `batches` may grow while calls are made; see `Voice.admit`. `name`: of the dialer, where it is
    not the first of this process. `cloud`: the lines of a cloud provider, whose webhooks are
    served. Raises AuthorError where something of it cannot be had: nobody is called then.
    """
    hears = recognisers.recogniser(known)
    channel, prompts = Lines(known, hears, cloud), prompt_cache(known)
    models = hears.languages if hears else ()
    calls = Calls(
        known, database, channel, prompts, clock, known.trunks, models=models, cloud=cloud
    )
    by_sip = bool(sip_trunks(known))  # elsewhere the provider speaks and hears

    async def admit(batches: Collection[int] | None, further: Iterable[ReadySurvey] = ()) -> int:
        ready = [*further, *await calls.prepare(batches)]
        if by_sip:
            for warning in recognisers.accept(known, (survey.file.flow for survey in ready)):
                complaints.print(warning.sentence(words), style="yellow", markup=False)
        if by_sip or (cloud and cloud.plays_files):
            for survey in ready:
                await prepare(prompts, survey)
        return len(ready)

    surveys = await admit(batches, further)
    calling = dialer(
        known,
        database,
        channel,
        calls,
        clock,
        batches=batches,
        language=words,
        until_done=until_done,
        name=name,
        ring_back=ring_back(known, channel, calls, prompts, clock),
    )
    return Voice(calling, surveys, admit, known, database, clock, channel, hears)
