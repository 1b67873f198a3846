"""Calling, put together: the dialer, a voice channel, the surveys and the prompts.

The dialer says which callback is next; what is asked, with which words and over which channel
comes from here.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from app import surveys
from app.cloud import CloudLines
from app.prompt_building import for_survey
from app.vocabulary import hears
from app.wiring import conversation_rules, dialer_rules
from config.loading import Loaded
from core.clock import Clock
from core.errors import AuthorError
from core.plan import VOICE
from core.trunk import Trunk
from dialer.cloud.holding import Wanted
from dialer.incoming.reception import RingBack
from dialer.journal import AttemptJournal
from dialer.running import Dialer
from flows.check.linter import check
from flows.compiler import compile_flow
from flows.engine import resumed, start
from flows.program import Program
from ivr.channels.contract import DialRequest, IncomingCall, VoiceChannel
from ivr.conversation import hold, receive
from ivr.conversation_rules import ConversationRules
from ivr.outcome import Outcome
from speech.contract import PromptSource
from storage.batches import flow_versions
from storage.candidates import Candidate
from storage.case_fields import fields_of, fields_of_batch
from storage.claims import Claimed
from storage.database import Database
from storage.schema import FlowVersion


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
        rules: ConversationRules | None = None,
        *,
        models: Collection[str] | None = None,
        cloud: CloudLines | None = None,
    ) -> None:
        """`rules`: how conversations are held; None: as configured. `models`: the languages that
        have one to hear answers with; None: not known, the channel decides. `cloud`: holds the
        calls of its trunks."""
        self._cloud = cloud
        self._hears = hears(loaded, models)
        self._database, self._channel, self._prompts = database, channel, prompts
        self._clock, self._loaded = clock, loaded
        self._zone = ZoneInfo(loaded.settings.calling.time_zone)
        self._rules = rules or conversation_rules(loaded)
        self._ring = {trunk.name: trunk.ring_seconds for trunk in trunks}
        self._surveys: dict[int, tuple[Program, Path, PromptSource]] = {}
        self._remembered: dict[int, dict[str, Any]] = {}

    async def prepare(self, batches: Collection[int] | None) -> list[surveys.ReadySurvey]:
        """Read the surveys of the batches (None: of all running ones) as they were stored.

        Raises AuthorError where one cannot be had any more as it was, and where one needs what
        the channel cannot do: nobody is called then.
        """
        async with self._database.read() as session:
            stored = await flow_versions(session, batches, VOICE)
        return [self._read(version) for version in stored]

    def _read(self, version: FlowVersion) -> surveys.ReadySurvey:
        file = surveys.as_stored(self._loaded, version.name, version.source, version.sha256)
        problems = check(file, abilities=self._channel.abilities, hears=self._hears)
        faults = [found for found in problems if found.is_error]
        if faults:
            raise AuthorError(*faults)
        program = compile_flow(
            file.flow,
            sha256=file.sha256,
            transfers=surveys.transfers(self._loaded),
            hears=self._hears,
        )
        survey = surveys.ReadySurvey(file, program)
        if self._cloud:
            self._cloud.accept(version)
        prompts = for_survey(self._prompts, survey)
        self._surveys[version.id] = (program, file.folder, prompts)
        return survey

    async def _survey(self, flow_version_id: int) -> tuple[Program, Path, PromptSource]:
        """Return a survey as it was stored. Raises AuthorError where it cannot be held by voice."""
        if flow_version_id not in self._surveys:
            async with self._database.read() as session:
                self._read(await session.get_one(FlowVersion, flow_version_id))
        return self._surveys[flow_version_id]

    async def __call__(self, claimed: Claimed, journal: AttemptJournal) -> Outcome:
        """Make the call; returns what it came to."""
        candidate = claimed.candidate
        program, folder, prompts = await self._survey(candidate.flow_version_id)
        fields = await self._fields(candidate)
        request = DialRequest(
            attempt=self._name(claimed),
            number=candidate.known.e164,
            trunk=claimed.trunk,
            extension=candidate.extension,
            ring_seconds=self._ring.get(claimed.trunk, Trunk.ring_seconds),
        )
        language = candidate.language or program.flow.languages[0]
        if self._cloud and (line := self._cloud.calls.get(claimed.trunk)) is not None:
            no_secret = not candidate.known.key_incident
            return await line.hold(Wanted(claimed, request, fields, language, no_secret), journal)
        return await hold(
            self._channel,
            request,
            program=program,
            fields=fields,
            language=language,
            prompts=prompts,
            journal=journal,
            clock=self._clock,
            rules=self._rules,
            survey_folder=folder,
            may_leave_message=not candidate.known.key_incident,
            left=claimed.left,
        )

    async def answer(
        self,
        call: IncomingCall,
        claimed: Claimed,
        journal: AttemptJournal,
        left: dict[str, Any] | None,
    ) -> Outcome:
        """Answer somebody who rings us with his survey, at the question where he `left` it.

        Raises AuthorError where the survey cannot be held by voice: nothing was said then.
        """
        candidate = claimed.candidate
        program, folder, prompts = await self._survey(candidate.flow_version_id)
        opening = resumed(program, left)
        if opening is None:
            language = candidate.language or program.flow.languages[0]
            opening = start(program, fields=await self._fields(candidate), language=language)
        return await receive(
            call,
            self._name(claimed),
            candidate.known.e164,
            abilities=self._channel.abilities,
            opening=opening,
            program=program,
            prompts=prompts,
            journal=journal,
            clock=self._clock,
            rules=self._rules,
            survey_folder=folder,
        )

    def _name(self, claimed: Claimed) -> str:
        """Return the attempt's name. Recordings are named after it: a folder a day, so that no
        folder grows without end."""
        return f"{claimed.claimed_at.astimezone(self._zone):%Y-%m-%d}/{claimed.attempt_id}"

    async def _fields(self, candidate: Candidate) -> dict[str, Any]:
        if candidate.callback_id in self._remembered:
            return self._remembered[candidate.callback_id]
        zone = ZoneInfo(candidate.known.time_zone or self._loaded.settings.calling.time_zone)
        async with self._database.read() as session:
            return await fields_of(session, candidate.callback_id, zone)

    async def remember(self, batch_id: int) -> None:
        """Read the fields of all callbacks of a batch at once (rehearsals: cases stay as they
        are, and all of them fit into memory)."""
        zone = ZoneInfo(self._loaded.settings.calling.time_zone)
        async with self._database.read() as session:
            self._remembered = await fields_of_batch(session, batch_id, zone)


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
    name: str | None = None,
    ring_back: RingBack | None = None,
) -> Dialer:
    """Return the dialer with the configured rules, trunks and limits. `name`: of the dialer,
    where it is not the first of this process."""
    return Dialer(
        database,
        clock,
        calls,
        loaded.trunks,
        dialer_rules(loaded, language),
        check=channel.check,
        ring_back=ring_back,
        batches=batches,
        texts_by=tuple(each.name for each in loaded.settings.text_gateways),
        until_done=until_done,
        name=name,
    )
