"""Talking with who rings us: his survey, or a sentence in his language."""

from typing import Any, cast

from app.calling import Calls
from app.ring_back import ring_back_rules, words_of
from config.loading import Loaded
from core.clock import Clock
from core.disposition import Disposition
from core.errors import AuthorError
from core.welcome import Welcome
from dialer.incoming.reception import RingBack
from dialer.journal import AttemptJournal
from ivr import sentence
from ivr.channels.contract import Ability, IncomingCall, ReceivingChannel, VoiceChannel
from ivr.outcome import Outcome
from speech.contract import PromptSource
from storage.claims import Claimed

TO_STRANGERS = ("zh", "en")
"""Languages in which somebody is spoken to whose own is not known, one after the other."""


class Answers:
    """`dialer.incoming.reception.Answering` over the configured surveys and words."""

    def __init__(self, loaded: Loaded, calls: Calls, prompts: PromptSource, clock: Clock) -> None:
        self.words = words_of(loaded)
        self._calls, self._prompts, self._clock = calls, prompts, clock

    async def survey(
        self,
        call: IncomingCall,
        claimed: Claimed,
        journal: AttemptJournal,
        session: dict[str, Any] | None,
    ) -> Outcome:
        """Hold the survey; where it cannot be held by voice, a person is promised."""
        try:
            return await self._calls.answer(call, claimed, journal, session)
        except AuthorError as error:
            await self.sentence(call, Welcome.PERSON, claimed.candidate.language)
            # `unknown` leads to a person, whatever the table of retries says.
            why = error.problems[0].code
            return Outcome(Disposition.UNKNOWN, self._clock.now(), reason=why)
        finally:
            await call.hang_up()

    async def sentence(self, call: IncomingCall, welcome: Welcome, language: str) -> None:
        """Say how things are, and hang up."""
        spoken = [language] if language else TO_STRANGERS
        said = [(self.words(welcome, each), each) for each in spoken]
        await sentence.say(call, said, prompts=self._prompts, clock=self._clock)


def ring_back(
    loaded: Loaded, channel: VoiceChannel, calls: Calls, prompts: PromptSource, clock: Clock
) -> RingBack | None:
    """Return what the dialer takes calls with; None where the channel takes none."""
    if Ability.INCOMING not in channel.abilities:
        return None
    receiving = cast(ReceivingChannel, channel)  # its ability says so
    answers = Answers(loaded, calls, prompts, clock)
    return RingBack(receiving.incoming, answers, ring_back_rules(loaded))
