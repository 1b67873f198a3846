"""How a cloud call speaks: by the provider's voice, or by this house's prompts as files.

The files are fetched by the provider without a signature. A prompt may hold a name or a case, so
its address is one that nobody can guess: a code over it, made with the account's secret.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from flows.exchange import ALL_KEYS, PlayFile, SayText
from speech.contract import PromptSource
from speech.reading import read_out

CODE = 32
"""Letters of the code in an address: 128 bits."""


@dataclass(frozen=True)
class CloudVoice:
    """Who speaks and hears a language at the provider."""

    language: str
    """Language of Say, as the provider writes it: ``cmn-CN``."""
    voice: str
    """Voice of Say: ``Polly.Zhiyu``."""
    hears: str = ""
    """Language of the provider's recogniser: ``cmn-Hans-CN``; empty: keys alone."""


@dataclass(frozen=True)
class Spoken:
    """One prompt as it stands in TwiML: words, or a file's address."""

    words: str = ""
    voice: CloudVoice | None = None
    url: str = ""
    interrupted_by: str = ""
    skipped_by: str = ""

    @property
    def interruptible(self) -> bool:
        """True where whatever the person does interrupts it."""
        return all(key in self.interrupted_by for key in ALL_KEYS)


class PromptFiles:
    """The prompts that the provider may fetch."""

    def __init__(self, folder: Path, address: str, secret: str) -> None:
        """`folder`: all prompts lie in it. `address`: public, of the webhook."""
        self._folder, self._address, self._secret = folder.resolve(), address, secret.encode()

    def url(self, file: Path) -> str:
        """Return the address of a prompt."""
        name = file.resolve().relative_to(self._folder).as_posix()
        return f"{self._address}/prompts/{self._code(name)}/{quote(name)}"

    def find(self, code: str, name: str) -> Path | None:
        """Return the file that an address means; None where it is no address of ours."""
        if not hmac.compare_digest(self._code(name).encode(), code.encode()):
            return None
        file = (self._folder / name).resolve()
        return file if file.is_relative_to(self._folder) and file.is_file() else None

    def _code(self, name: str) -> str:
        return hmac.new(self._secret, name.encode(), hashlib.sha256).hexdigest()[:CODE]


class Speaking:
    """Makes what a survey says ready for the provider."""

    def __init__(
        self,
        voices: Mapping[str, CloudVoice],
        prompts: PromptSource,
        files: PromptFiles,
        survey_folder: Path,
        *,
        own_prompts: bool,
    ) -> None:
        """`own_prompts`: words, too, are played as files of this house."""
        self.voices = voices
        self._prompts, self._files, self._folder = prompts, files, survey_folder
        self._own = own_prompts

    async def spoken(self, effect: SayText | PlayFile) -> Spoken:
        """Return one prompt. Raises AuthorError, PermanentError where it cannot be made."""
        keys = (effect.interrupted_by, effect.skipped_by)
        if isinstance(effect, PlayFile):
            file = await self._prompts.recorded(self._folder / effect.file)
        elif self._own or effect.language not in self.voices:
            file = await self._prompts.spoken(effect.text, effect.language)
        else:
            words = read_out(effect.text, effect.language)
            return Spoken(words, self.voices[effect.language], "", *keys)
        return Spoken("", None, self._files.url(file), *keys)
