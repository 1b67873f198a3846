"""What the calls of a cloud trunk are held with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from core.rules import CallingRules
from dialer.terms import DialerRules
from flows.program import Program
from ivr.cloud.provider import TwilioVoice
from ivr.cloud.speaking import PromptFiles, Speaking
from ivr.cloud.twiml import Handing
from ivr.conversation_rules import ConversationRules


@dataclass(frozen=True)
class CloudSurvey:
    """A survey as a cloud trunk holds it."""

    program: Program
    speaking: Speaking


CloudSurveys = Callable[[int], Awaitable[CloudSurvey]]
"""(flow version) -> the survey, as it was stored with its batch. Raises AuthorError where the
trunk cannot hold it."""


@dataclass(frozen=True)
class CloudLine:
    """One trunk at the provider."""

    trunk: str
    caller_id: str
    address: str
    """Public address of its webhook, without slash at the end."""
    provider: TwilioVoice
    files: PromptFiles
    surveys: CloudSurveys
    conversation: ConversationRules
    rules: DialerRules
    who_picked_up: bool = True
    """True: the provider is asked to find out."""
    texts_by: tuple[str, ...] = ()
    """Text gateways that carry what surveys send, the first one that works; empty: none."""

    @property
    def calling(self) -> CallingRules:
        """The rules of calling."""
        return self.rules.calling

    @property
    def handing(self) -> Handing:
        """How calls are handed to a person."""
        rules = self.conversation
        return Handing(rules.transfers, self.caller_id, rules.transfer_seconds)

    def url(self, token: str, what: str) -> str:
        """Return the public address of one thing that the provider tells of a call."""
        return f"{self.address}/calls/{token}/{what}"
