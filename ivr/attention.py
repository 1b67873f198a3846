"""Attention to speech at one wait: from when on it counts, and whether somebody is speaking.

What began before it counts is not heard to its end, because the rest of a sentence may mean
something else (不满意 heard late is 满意). The channel listens a little longer than that, so that
it knows who was speaking already.
"""

from datetime import datetime, timedelta

from core.clock import Clock
from flows.exchange import Speech, Wait, WaitAnswer
from ivr.channels.contract import Call, Event, SpeechBegan, SpeechHeard
from speech.contract import Grammar

AHEAD_SECONDS = 1.0
"""How long before speech counts the channel begins to listen."""
EAGER_SECONDS = 0.3
"""So much before its end a prompt that is not interrupted may be answered: who knows the question
is quicker than its last sound."""
LONGEST_SECONDS = 20.0
"""After so long without a word from the recogniser nobody is taken to speak any more."""


class Attention:
    """One call's attention to speech."""

    def __init__(self, call: Call, clock: Clock, *, able: bool, noise_seconds: float) -> None:
        """`able`: the channel recognises speech. `noise_seconds`: see `ConversationRules`."""
        self._call, self._clock, self._able = call, clock, able
        self._noise = timedelta(seconds=noise_seconds)
        self._since: datetime | None = None
        self.speaking = False
        """True from the beginning of an utterance that counts until it was recognised."""
        self.latest = 0.0
        """When speaking ends at the latest, in the clock's monotonic seconds."""

    def wanted(self, wait: Wait) -> bool:
        """Say whether speech may answer this wait."""
        return self._able and isinstance(wait, WaitAnswer) and wait.listen

    @property
    def open(self) -> bool:
        """True while the channel listens."""
        return self._since is not None

    async def begin(self, wait: WaitAnswer, seconds: float = 0.0) -> None:
        """Let the channel listen; what is said counts from `seconds` from now on."""
        if not self.open:
            await self._call.listen(Grammar(wait.language, wait.phrases))
        self._since = self._clock.now() + timedelta(seconds=seconds)
        self.speaking = False

    async def end(self) -> None:
        """Listen no more: what is being said or recognised is dropped."""
        self.speaking = False
        if self.open:
            self._since = None
            await self._call.stop_listening()

    def take(self, event: Event) -> Speech | None:
        """Take an event; return what was said where it tells that."""
        if isinstance(event, SpeechBegan) and self._counts(event.at):
            self.speaking = True
            self.latest = self._clock.monotonic() + LONGEST_SECONDS
        elif isinstance(event, SpeechHeard) and self._counts(event.began_at):
            self.speaking = False
            if event.text or event.ended_at - event.began_at >= self._noise:
                return Speech(event.text, event.confidence)
        return None

    def give_up(self) -> None:
        """Nothing came of what somebody began to say."""
        self.speaking = False

    def _counts(self, began: datetime) -> bool:
        return self._since is not None and began >= self._since
