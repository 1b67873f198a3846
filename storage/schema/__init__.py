"""The tables. States are whole words of the glossary; rules that must never break are constraints.

The way of a party: case -> callback (in a batch) -> attempts -> answers -> follow-up item or
write-back. Changing a table means a migration in storage/migrations (tested against this file).
"""

from storage.schema.base import Base
from storage.schema.callbacks import (
    Answer,
    Attempt,
    Batch,
    Callback,
    Command,
    DialerState,
    FlowVersion,
    TrunkState,
)
from storage.schema.cases import (
    Branch,
    Case,
    CaseParty,
    CaseTag,
    DoNotCall,
    DoNotCallEvent,
    Import,
    ImportConflict,
    Officer,
    Party,
    PartyNumber,
    Unit,
)
from storage.schema.cloud_calls import CloudCall, CloudRecording
from storage.schema.incoming import IncomingCall
from storage.schema.notices import Notice, StandingTrouble
from storage.schema.outcomes import (
    FollowUpEvent,
    FollowUpItem,
    ScheduleRun,
    WriteBack,
)
from storage.schema.texts import TextConversation, TextGatewayState, TextMessage, TextPart
from storage.schema.transcripts import Transcript

__all__ = [
    "Answer",
    "Attempt",
    "Base",
    "Batch",
    "Branch",
    "Callback",
    "Case",
    "CaseParty",
    "CaseTag",
    "CloudCall",
    "CloudRecording",
    "Command",
    "DialerState",
    "DoNotCall",
    "DoNotCallEvent",
    "FlowVersion",
    "FollowUpEvent",
    "FollowUpItem",
    "Import",
    "ImportConflict",
    "IncomingCall",
    "Notice",
    "Officer",
    "Party",
    "PartyNumber",
    "ScheduleRun",
    "StandingTrouble",
    "TextConversation",
    "TextGatewayState",
    "TextMessage",
    "TextPart",
    "Transcript",
    "TrunkState",
    "Unit",
    "WriteBack",
]
