"""The lines of the cloud provider, put together: API, surveys, prompts, webhooks, recordings."""

import contextlib
from collections.abc import AsyncIterator
from functools import partial

from app import surveys
from app.beside import beside
from app.prompt_building import for_survey
from app.ring_back import ring_back_rules, words_of
from app.webhooks import hook_address
from app.wiring import conversation_rules, dialer_rules, with_texts
from config.loading import Loaded
from config.sections.trunks import TwilioTrunkSettings
from core.clock import Clock
from core.errors import AuthorError, Problem, problem
from core.trunk import Trunk
from dialer.cloud.holding import CloudCalls
from dialer.cloud.hook import CloudHook
from dialer.cloud.orphans import Orphans
from dialer.cloud.receiving import Receives
from dialer.cloud.recordings import Recordings
from dialer.cloud.terms import CloudLine, CloudSurvey
from dialer.pacing import limits_of
from flows.check.linter import check
from flows.compiler import compile_flow
from ivr.channels.contract import TrunkHealth
from ivr.cloud.provider import ABILITIES, TwilioVoice
from ivr.cloud.speaking import CloudVoice, PromptFiles, Speaking
from ivr.twilio.signed import SignedRequests
from ivr.webhook import Webhook
from speech.prompts import PromptCache
from storage.database import Database
from storage.schema import FlowVersion


class CloudLines:
    """All cloud trunks of this house. Nothing is started before `open`."""

    def __init__(
        self, loaded: Loaded, database: Database, clock: Clock, prompts: PromptCache, words: str
    ) -> None:
        """Raises AuthorError where the provider could not reach this house."""
        self._loaded, self._database, self._clock = loaded, database, clock
        self._prompts, self._words = prompts, words
        self.calls: dict[str, CloudCalls] = {}
        """By trunk."""
        self.hooks: dict[str, Webhook] = {}
        """By trunk; to be served."""
        self._surveys: dict[tuple[str, int], CloudSurvey] = {}
        problems: list[Problem] = []
        for index, settings in enumerate(loaded.settings.trunks):
            if not isinstance(settings, TwilioTrunkSettings):
                continue
            if not hook_address(loaded, settings.name, settings.public_url):
                place = loaded.document.place(("trunks", index))
                problems.append(problem("cloud-url-missing", place, name=settings.name))
                continue
            self._add(settings, loaded.trunks[index])
        if problems:
            raise AuthorError(*problems)

    def __bool__(self) -> bool:
        return bool(self.calls)

    @property
    def plays_files(self) -> bool:
        """True where a line speaks with the prompts of this house."""
        return any(settings.prompts == "own" for settings in self._settings())

    def _add(self, settings: TwilioTrunkSettings, trunk: Trunk) -> None:
        loaded = self._loaded
        address = hook_address(loaded, settings.name, settings.public_url)
        line = CloudLine(
            trunk.name,
            trunk.caller_id,
            address,
            TwilioVoice(trunk.name, trunk.username, trunk.password, trunk.uri),
            PromptFiles(loaded.data / "prompts", address, trunk.password),
            partial(self._survey, settings),
            conversation_rules(loaded),
            dialer_rules(loaded, self._words),
            who_picked_up=loaded.settings.pick_up.listen,
            texts_by=tuple(each.name for each in loaded.settings.text_gateways),
        )
        calls = CloudCalls(self._database, self._clock, line)
        signed = SignedRequests(trunk.username, trunk.password)
        self.calls[trunk.name] = calls
        self.hooks[trunk.name] = CloudHook(
            self._database,
            self._clock,
            line,
            signed,
            ended=calls.tell,
            receives=self._receives(settings) if settings.takes_calls else None,
        )

    def _receives(self, settings: TwilioTrunkSettings) -> Receives:
        return Receives(
            ring_back_rules(self._loaded),
            words_of(self._loaded),
            _voices(settings),
            limits_of(self._loaded.trunks, self._loaded.settings.pacing.rules()),
        )

    def accept(self, version: FlowVersion) -> None:
        """Make a survey ready for every line. Raises AuthorError where one cannot hold it."""
        for settings in self._settings():
            self._surveys[settings.name, version.id] = self._read(settings, version)

    def _settings(self) -> list[TwilioTrunkSettings]:
        trunks = self._loaded.settings.trunks
        return [each for each in trunks if isinstance(each, TwilioTrunkSettings)]

    async def _survey(self, settings: TwilioTrunkSettings, flow_version: int) -> CloudSurvey:
        known = self._surveys.get((settings.name, flow_version))
        if known is not None:
            return known
        async with self._database.read() as session:
            version = await session.get_one(FlowVersion, flow_version)
        self.accept(version)
        return self._surveys[settings.name, flow_version]

    def _read(self, settings: TwilioTrunkSettings, version: FlowVersion) -> CloudSurvey:
        file = surveys.as_stored(self._loaded, version.name, version.source, version.sha256)
        by_voice = self._loaded.settings.speech.by_voice
        hears = frozenset(
            language for language, voice in settings.voices.items() if voice.hears and by_voice
        )
        able = with_texts(self._loaded, ABILITIES)
        faults = [one for one in check(file, abilities=able, hears=hears) if one.is_error]
        if faults:
            raise AuthorError(*faults)
        transfers = surveys.transfers(self._loaded)
        program = compile_flow(file.flow, sha256=file.sha256, transfers=transfers, hears=hears)
        survey = surveys.ReadySurvey(file, program)
        files = self.calls[settings.name].line.files
        speaking = Speaking(
            _voices(settings),
            for_survey(self._prompts, survey),
            files,
            file.folder,
            own_prompts=settings.prompts == "own",
        )
        return CloudSurvey(program, speaking)

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Be ready to ask the provider."""
        for calls in self.calls.values():
            await calls.line.provider.start()
        try:
            yield
        finally:
            for calls in self.calls.values():
                await calls.line.provider.close()

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Be ready to call; beside, bring recordings in and end calls that nobody awaits."""
        work = [
            each(self._database, self._clock, calls.line).run()
            for calls in self.calls.values()
            for each in (Orphans, Recordings)
        ]
        async with self.connected(), contextlib.AsyncExitStack() as stack:
            for one in work:
                await stack.enter_async_context(beside(one))
            yield

    async def check(self) -> list[TrunkHealth]:
        """Ask the provider for the account of each line; nobody is called."""
        return [await calls.line.provider.check() for calls in self.calls.values()]


def _voices(settings: TwilioTrunkSettings) -> dict[str, CloudVoice]:
    return {
        language: CloudVoice(voice.language, voice.voice, voice.hears)
        for language, voice in settings.voices.items()
    }
