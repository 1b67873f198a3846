"""Surveys by text message, put together: the worker, the gateways, the surveys in writing."""

from collections.abc import Collection, Sequence

from app import surveys
from app.plans import callers
from app.ring_back import ring_back_rules
from config.loading import Loaded
from core.clock import Clock
from core.errors import AuthorError
from core.plan import SMS
from dialer.texting.terms import TextingRules
from dialer.texting.worker import TextWorker
from flows.program import Program
from flows.simulator import examples
from ivr.texting.checking import faults
from ivr.texting.contract import TextGateway
from ivr.texting.language import WRITTEN_LANGUAGES, written_language
from ivr.texting.written import written_program
from storage.batches import flow_versions
from storage.database import Database
from storage.schema import FlowVersion


class TextSurveys:
    """The surveys of batches by text, in writing, each as it was stored with its batch."""

    def __init__(self, loaded: Loaded, database: Database) -> None:
        self._loaded, self._database = loaded, database
        self._programs: dict[int, Program] = {}

    async def prepare(self, batches: Collection[int] | None) -> int:
        """Read the surveys of these batches (None: of all running ones); returns how many.

        Raises AuthorError where one cannot be held by text message: nobody is written to then.
        """
        async with self._database.read() as session:
            stored = await flow_versions(session, batches, SMS)
        for version in stored:
            self._programs[version.id] = self._read(version)
        return len(stored)

    async def __call__(self, flow_version: int) -> Program:
        """Return one survey."""
        if flow_version not in self._programs:
            async with self._database.read() as session:
                version = await session.get_one(FlowVersion, flow_version)
            self._programs[flow_version] = self._read(version)
        return self._programs[flow_version]

    def _read(self, version: FlowVersion) -> Program:
        file = surveys.as_stored(self._loaded, version.name, version.source, version.sha256)
        program = written_program(file.flow, sha256=file.sha256)
        wrong = [each for each in faults(file, examples(program)) if each.is_error]
        if wrong:
            raise AuthorError(*wrong)
        return program


def texting_rules(loaded: Loaded, language: str) -> TextingRules:
    """Return the configured rules of surveys by text message."""
    settings = loaded.settings
    return TextingRules(
        settings.calling.rules(),
        settings.pacing.rules(),
        settings.retry_table(),
        language,
        expire_after=settings.texting.expire_after,
        remind_after=settings.texting.remind_after,
        late_within=settings.texting.late_within,
        send_tries=settings.texting.send_tries,
        notices=notices(loaded),
        ring_back=ring_back_rules(loaded) if settings.ring_back.texts else None,
    )


def notices(loaded: Loaded) -> dict[str, str]:
    """Return the advance notice in every language, with the numbers that people will see."""
    shipped = {name: written_language(name).advance_notice for name in WRITTEN_LANGUAGES}
    words = shipped | loaded.settings.texting.advance_notice
    numbers = ", ".join(callers(loaded))
    return {name: text.replace("{number}", numbers) for name, text in words.items()}


def text_worker(
    loaded: Loaded,
    database: Database,
    programs: TextSurveys,
    gateways: Sequence[TextGateway],
    clock: Clock,
    *,
    batches: Collection[int] | None = None,
    language: str = "zh",
    until_done: bool = True,
) -> TextWorker:
    """Return the worker with the configured rules and gateways."""
    return TextWorker(
        database,
        clock,
        gateways,
        programs,
        texting_rules(loaded, language),
        batches=batches,
        until_done=until_done,
    )
