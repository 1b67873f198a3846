"""Calling, put together: the dialer, a voice channel, the surveys and the prompts.

The dialer says which callback is next; what is asked, with which words and over which channel
comes from here.
"""

from collections.abc import Collection
from pathlib import Path
from zoneinfo import ZoneInfo

from app import surveys
from app.wiring import conversation_rules
from config.loading import Loaded
from core.clock import Clock
from core.errors import AuthorError, Place, problem
from core.trunk import Trunk
from dialer.journal import AttemptJournal
from dialer.running import Dialer, DialerRules
from flows.compiler import compile_flow
from flows.program import Program
from flows.reader import SurveyFile, read, read_text
from ivr.channels.contract import DialRequest, VoiceChannel
from ivr.conversation import hold
from ivr.outcome import Outcome
from speech.contract import PromptSource
from storage.batches import flow_versions
from storage.case_fields import fields_of
from storage.claims import Claimed
from storage.database import Database


class Calls:
    """Makes one claimed call after another with the survey that its batch was made with."""

    def __init__(
        self,
        loaded: Loaded,
        database: Database,
        channel: VoiceChannel,
        prompts: PromptSource,
        clock: Clock,
        trunks: Collection[Trunk],
    ) -> None:
        self._database, self._channel, self._prompts = database, channel, prompts
        self._clock, self._loaded = clock, loaded
        self._rules = conversation_rules(loaded)
        self._ring = {trunk.name: trunk.ring_seconds for trunk in trunks}
        self._surveys: dict[int, tuple[Program, Path]] = {}

    async def prepare(self, batches: Collection[int] | None) -> list[surveys.ReadySurvey]:
        """Read the surveys of the batches (None: of all running ones) as they were stored.

        Raises AuthorError where one cannot be had any more as it was.
        """
        async with self._database.read() as session:
            stored = await flow_versions(session, batches)
        found = []
        for version in stored:
            file = self._as_stored(version.name, version.source, version.sha256)
            program = compile_flow(
                file.flow, sha256=file.sha256, transfers=surveys.transfers(self._loaded)
            )
            self._surveys[version.id] = (program, file.folder)
            found.append(surveys.ReadySurvey(file, program))
        return found

    def _as_stored(self, name: str, source: str, sha256: str) -> SurveyFile:
        """Return the survey whose text was stored with the batch, whatever became of its file."""
        path = surveys.files(self._loaded).get(name)
        if path is not None and (now := read(path)).sha256 == sha256:
            return now
        stored = read_text(source, str(path or f"{name}.yaml"))
        if stored.sha256 != sha256:
            raise AuthorError(problem("app-survey-changed", Place(str(path or name)), name=name))
        return stored

    async def __call__(self, claimed: Claimed, journal: AttemptJournal) -> Outcome:
        """Make the call; returns what it came to."""
        candidate = claimed.candidate
        if candidate.flow_version_id not in self._surveys:
            await self.prepare([candidate.batch_id])
        program, folder = self._surveys[candidate.flow_version_id]
        rules = self._loaded.settings.calling
        zone = ZoneInfo(candidate.known.time_zone or rules.time_zone)
        async with self._database.read() as session:
            fields = await fields_of(session, candidate.callback_id, zone)
        request = DialRequest(
            attempt=f"{claimed.attempt_id}",
            number=candidate.known.e164,
            trunk=claimed.trunk,
            extension=candidate.extension,
            ring_seconds=self._ring.get(claimed.trunk, Trunk.ring_seconds),
        )
        return await hold(
            self._channel,
            request,
            program=program,
            fields=fields,
            language=candidate.language or program.flow.languages[0],
            prompts=self._prompts,
            journal=journal,
            clock=self._clock,
            rules=self._rules,
            survey_folder=folder,
        )


def dialer(
    loaded: Loaded,
    database: Database,
    channel: VoiceChannel,
    calls: Calls,
    clock: Clock,
    *,
    batches: Collection[int] | None = None,
    language: str = "zh",
    until_done: bool = True,
) -> Dialer:
    """Return the dialer with the configured rules, trunks and limits."""
    settings = loaded.settings
    rules = DialerRules(
        settings.calling.rules(),
        settings.pacing.rules(),
        settings.retry_table(),
        language,
    )
    return Dialer(
        database,
        clock,
        calls,
        loaded.trunks,
        rules,
        check=channel.check,
        batches=batches,
        until_done=until_done,
    )
