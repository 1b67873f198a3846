"""Which recogniser hears which language: chosen from the settings and the models added."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from config.loading import Loaded
from core.errors import AuthorError, Place, Problem, problem
from flows.model import Flow
from speech.contract import Ear, Grammar, Recogniser, Utterance
from speech.models.folder import ModelFolder
from speech.recognition.local import VoskRecogniser
from speech.recognition.remote import RemoteRecogniser


@dataclass(frozen=True)
class Hearing:
    """What hears each language."""

    models: dict[str, Path]
    names: dict[str, str]
    """Language -> the model's or server's name, as it is kept with what was heard."""
    servers: dict[str, str]
    problems: tuple[Problem, ...] = ()
    """Settings that name what is not there, and languages with a choice that nobody made."""

    @property
    def languages(self) -> frozenset[str]:
        """Languages that can be heard."""
        return frozenset(self.models) | frozenset(self.servers)


def model_folder(loaded: Loaded) -> ModelFolder:
    """Return the models of this machine."""
    return ModelFolder(loaded.data / "models")


def chosen(loaded: Loaded) -> Hearing:
    """Choose a model or a server for each language. Raises AuthorError for unreadable models."""
    settings, folder = loaded.settings.speech, model_folder(loaded)
    added = {model.name: model for model in folder.list()}
    names: dict[str, str] = dict(settings.servers)
    problems: list[Problem] = []
    for language, name in settings.models.items():
        if name in added:
            names[language] = name
        else:
            place = loaded.document.place(("speech", "models", language))
            known = ", ".join(added) or "-"
            problems.append(problem("speech-model-missing", place, name=name, known=known))
    for language in {model.language for model in added.values()}:
        if language in settings.models or language in settings.servers:
            continue
        own = [model.name for model in added.values() if model.language == language]
        if len(own) == 1:
            names[language] = own[0]
        else:
            place = Place(loaded.document.file)
            problems.append(
                problem("speech-model-choice", place, language=language, names=", ".join(own))
            )
    models = {
        language: folder.path(name)
        for language, name in names.items()
        if language not in settings.servers
    }
    return Hearing(models, names, dict(settings.servers), tuple(problems))


def spoken_languages(flow: Flow) -> frozenset[str]:
    """Return the languages in which a survey takes spoken answers."""
    return frozenset(flow.languages) if flow.speech.enabled else frozenset()


def faults(loaded: Loaded, wanted: Iterable[str]) -> tuple[Problem, ...]:
    """Return what is wrong with hearing the languages `wanted`, before a batch starts.

    A language that nothing can hear is refused, unless the operator wrote that its surveys are
    to be asked by keys (`speech: without_model: keys`): then it is a warning.
    """
    if not loaded.settings.speech.by_voice:
        return ()
    hearing = chosen(loaded)
    keys = loaded.settings.speech.without_model == "keys"
    code, severity = ("speech-by-keys", "warning") if keys else ("speech-unheard", "error")
    unheard = sorted(set(wanted) - hearing.languages)
    return hearing.problems + tuple(
        problem(code, severity=severity, language=language) for language in unheard
    )


def accept(loaded: Loaded, flows: Iterable[Flow]) -> tuple[Problem, ...]:
    """Return the warnings of surveys that are about to be asked by keys alone.

    Raises AuthorError where one cannot be heard and the operator did not say that keys will do.
    """
    wanted = {language for flow in flows for language in spoken_languages(flow)}
    found = faults(loaded, wanted) if wanted else ()
    if errors := [fault for fault in found if fault.is_error]:
        raise AuthorError(*errors)
    return found


def recogniser(loaded: Loaded) -> Recogniser | None:
    """Return the recogniser of all languages that can be heard; None where there is none.

    Raises AuthorError where the settings name what is not there.
    """
    hearing, settings = chosen(loaded), loaded.settings.speech
    if hearing.problems:
        raise AuthorError(*hearing.problems)
    parts: list[Recogniser] = []
    if hearing.models:
        parts.append(VoskRecogniser(hearing.models, threads=settings.threads or None))
    if hearing.servers:
        words = {
            language: loaded.path(file)
            for language, file in settings.server_words.items()
            if language in hearing.servers
        }
        parts.append(RemoteRecogniser(hearing.servers, vocabularies=words))
    return parts[0] if len(parts) == 1 else Recognisers(parts) if parts else None


class Recognisers:
    """Several recognisers, each with its languages. Implements `speech.contract.Recogniser`."""

    def __init__(self, parts: Iterable[Recogniser]) -> None:
        self._by_language = {language: part for part in parts for language in part.languages}
        self.languages = frozenset(self._by_language)

    async def start(self) -> None:
        """Start them. Raises PermanentError where one cannot be started; none is left then."""
        try:
            for part in self._parts():
                await part.start()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """End them."""
        for part in self._parts():
            await part.close()

    def listen(self, grammar: Grammar) -> Ear:
        """Begin an utterance. Raises LookupError for a language that nothing here hears."""
        return self._by_language[grammar.language].listen(grammar)

    async def unknown_words(self, language: str, phrases: tuple[str, ...]) -> frozenset[str]:
        """Return the words of `phrases` that the language's model cannot recognise."""
        return await self._by_language[language].unknown_words(language, phrases)

    async def transcribe(self, path: Path, language: str) -> Utterance:
        """Take dictation of a WAV file, behind all who are speaking just now."""
        return await self._by_language[language].transcribe(path, language)

    def _parts(self) -> list[Recogniser]:
        return list(dict.fromkeys(self._by_language.values()))
