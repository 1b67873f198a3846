"""The files of what is said in a conversation, looked up before they are needed."""

from dataclasses import dataclass
from pathlib import Path

from core.catalogue import text
from core.clock import Clock
from flows.engine import Step
from flows.exchange import PlayFile, SayText
from ivr.playlist import Prompt
from ivr.prompt_length import length_of
from speech.contract import PromptSource

TONE = Path(__file__).parent / "sounds" / "tone.wav"
"""The tone after which an open answer is recorded."""


@dataclass(frozen=True)
class Wordings:
    """Looks up the files of what is to be said. Virtual time stands still meanwhile."""

    prompts: PromptSource
    clock: Clock
    survey_folder: Path
    language: str

    async def prepare(self, opening: Step) -> None:
        """Make sure, before anybody's phone rings, that the first words can be spoken."""
        await self.own("ivr-apology")
        for effect in opening.effects:
            if isinstance(effect, SayText | PlayFile):
                await self.prompt(effect)

    async def own(self, key: str) -> Prompt:
        """Return the product's own words in the call's language."""
        return await self.prompt(SayText(text(key, self.language), self.language))

    async def prompt(self, effect: SayText | PlayFile) -> Prompt:
        """Return the prompt of one effect."""
        with self.clock.hold():
            if isinstance(effect, SayText):
                path = await self.prompts.spoken(effect.text, effect.language)
            else:
                path = await self.prompts.recorded(self.survey_folder / effect.file)
        return Prompt(path, length_of(path), effect.interrupted_by, effect.skipped_by)

    async def tone(self) -> Prompt:
        """Return the tone that an open answer is spoken after."""
        with self.clock.hold():
            path = await self.prompts.recorded(TONE)
        return Prompt(path, length_of(path))
