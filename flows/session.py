"""One conversation's state: plain JSON, everything the engine needs to go on.

Each turn works on a copy of its own (`Turn.session`); a session that was handed out is never
changed any more, nor are the mappings within it.

A session belongs to one version of one survey; it can be written after any step and read back
on another machine. Language: `language` is chosen at the start and may be switched by the person
- by an `ask` with the id ``language`` whose value is one of the survey's languages, or by
``set: {language: "'en'"}``; every following text is in the new language.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from core.disposition import Disposition
from core.errors import AuthorError, problem
from core.verdict import Verdict
from flows.program import Program

LANGUAGE = "language"
"""Reserved name of a variable and of a question: switches the language of the conversation."""


class Reason(StrEnum):
    """Why a conversation ended (`EndCall.reason`), where the survey's author gave no reason."""

    SURVEY_END = "survey_end"
    REFUSED = "refused"
    GAVE_UP = "gave_up"
    HUNG_UP = "hung_up"
    TRANSFERRED = "transferred"
    RUNAWAY = "runaway"
    SURVEY_ERROR = "survey_error"


@dataclass(frozen=True)
class Pending:
    """A spoken answer that is being asked back."""

    answer: int
    """Index of the choice or slot; below zero: of a key that works everywhere, counted from -1."""
    raw: str
    confidence: float


@dataclass
class Session:
    """Where a conversation stands."""

    flow: str
    sha256: str
    language: str
    fields: dict[str, Any]
    node: str
    """The step at which it waits, or at which it ended."""
    stack: tuple[str, ...] = ()
    """The `call` steps that are to be gone back to, the innermost last."""
    vars: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Step -> value, label, verdict, score, raw, aspect."""
    tries: int = 0
    """How often the current question was put, repeats on request apart."""
    repeats: int = 0
    silences: int = 0
    invalids: int = 0
    unsures: int = 0
    unclear: str = ""
    """Words at the current question that could not be told apart."""
    pending: Pending | None = None
    unsettled: bool = False
    """True: a question was left with words that could not be told apart."""
    diverted: bool = False
    """True: a key that works everywhere led away from a question that stays unanswered."""
    skipped: bool = False
    """True: a question was left without its answer: given up, or answered without a rating."""
    left: str = ""
    """The step at which the person hung up: where somebody who rings back goes on."""
    left_stack: tuple[str, ...] = ()
    """`stack` as it was there."""
    turns: int = 0
    disposition: Disposition | None = None
    """None until it has ended."""
    verdict: Verdict | None = None
    reason: str = ""

    @property
    def ended(self) -> bool:
        """True when there is nothing more to say."""
        return self.disposition is not None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        plain = dict(self.__dict__)
        plain["stack"] = list(self.stack)
        plain["left_stack"] = list(self.left_stack)
        plain["fields"] = dict(self.fields)
        plain["vars"] = dict(self.vars)
        plain["answers"] = {name: dict(given) for name, given in self.answers.items()}
        plain["pending"] = dict(self.pending.__dict__) if self.pending else None
        plain["disposition"] = self.disposition.value if self.disposition else None
        plain["verdict"] = self.verdict.value if self.verdict else None
        return plain

    def copy(self) -> "Session":
        """Return another session of the same values, for the next turn to change."""
        twin = object.__new__(Session)
        twin.__dict__ = self.__dict__.copy()
        return twin

    @classmethod
    def from_json(cls, stored: Mapping[str, Any], program: Program) -> "Session":
        """Read a session of `program` back. Raises AuthorError for one of another version."""
        refuse_other(program, str(stored.get("flow")), str(stored.get("sha256")))
        values = {name: value for name, value in stored.items() if name in _NAMES}
        values["stack"] = tuple(values.get("stack", ()))
        values["left_stack"] = tuple(values.get("left_stack", ()))
        if values.get("pending"):
            values["pending"] = Pending(**values["pending"])
        if values.get("disposition"):
            values["disposition"] = Disposition(values["disposition"])
        if values.get("verdict"):
            values["verdict"] = Verdict(values["verdict"])
        return cls(**values)


_NAMES = frozenset(f.name for f in fields(Session))


def refuse_other(program: Program, flow: str, sha256: str) -> None:
    """Raise AuthorError where a session was begun with another survey or version of it."""
    if (flow, sha256) != (program.flow.flow, program.sha256):
        raise AuthorError(
            problem(
                "flow-session-of-another",
                flow=program.flow.flow,
                sha256=program.sha256[:12],
                other=flow,
                other_sha256=sha256[:12],
            )
        )
