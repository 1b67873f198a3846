"""How a conversation is held, whatever the survey says."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class ConversationRules:
    """How a conversation is held, whatever the survey."""

    recordings: Path
    """Folder of recordings; references in answers and outcomes are relative to it."""
    settle_seconds: float = 0.8
    """Seconds from the answer to our first word; the person says hello meanwhile. Under 2. Where
    the driver tells who picked up, that is waited for instead."""
    pick_up_seconds: float = 15.0
    """Longest wait for a driver to tell who picked up; then it is a person."""
    mailbox_messages: dict[str, str] = field(default_factory=dict)
    """Language -> what is left on a mailbox after its beep. Said as it stands: no case detail can
    get into it. Languages that are not here: a mailbox is hung up on."""
    mailbox_seconds: float = 40.0
    """Longest wait, from the answer, for a mailbox's beep before a message."""
    longest_seconds: float = 300.0
    """Seconds after the answer at which a call is ended politely, wherever the survey is."""
    deaf_seconds: float = 0.4
    """Seconds at the beginning of a question in which a key is a double press of the last one."""
    noise_seconds: float = 0.6
    """What was not understood and is shorter than this was a noise and no answer: a cough, a
    door. Longer speech is asked back."""
    record_calls: bool = False
    """True: the whole call is recorded, one file an attempt. The notice has to say so."""
    transfers: dict[str, str] = field(default_factory=dict)
    """Transfer target of the survey -> number or SIP URI."""
    transfer_seconds: float = 60.0
    """Seconds until a transfer that nobody takes counts as failed."""
    grace_seconds: float = 5.0
    """Seconds that a driver may be late with what it owes: a finished prompt, the end."""
