"""Scenario files: scripted people and what their conversations must come to.

`NAME.scenarios.yaml` beside the survey `NAME.yaml`:

    scenarios:
      - name: 不满意并说明原因
        fields: {name: 张三}        # left out: the examples of the survey's fields
        language: zh                # left out: the survey's first
        inputs:
          - key: 3
          - recording: 6            # seconds; 0: nothing was said
          - silence
          - speech: 满意
            confidence: 0.6         # left out: 1
          - digits: "2026"
          - transfer: taken         # or: failed
          - hang_up
        expect:
          disposition: completed
          verdict: dissatisfied
          reason: survey_end        # left out: not looked at
          answers: {attitude: 不满意}
          transcript:               # lines, or parts of them, in this order; with exact: true all
            - 请说明原因
          exact: false
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from core.disposition import Disposition
from core.errors import AuthorError, Place, problem
from core.verdict import Verdict
from flows.declarations import Part
from flows.exchange import (
    HungUp,
    Input,
    Keys,
    Recorded,
    Silence,
    Speech,
    TransferEnded,
)
from flows.faults import faults
from flows.reasons import reason
from flows.source import parse

Digits = Annotated[str, BeforeValidator(lambda value: str(value)), Field(pattern=r"^[0-9*#]+$")]


class Given(Part):
    """One input of a scripted person; exactly one of its settings, `confidence` apart."""

    key: Digits | None = None
    """A key, or all digits of a number."""
    digits: Digits | None = None
    """The same, for numbers."""
    speech: str | None = None
    """Words."""
    confidence: float = Field(default=1.0, ge=0, le=1)
    """How sure the recogniser is of them."""
    recording: float | None = Field(default=None, ge=0)
    """Seconds of a recorded answer."""
    transfer: Literal["taken", "failed"] | None = None
    """How a transfer went."""
    silence: bool | None = None
    """Nothing, until the time-out."""
    hang_up: bool | None = None
    """The person hangs up."""

    @model_validator(mode="before")
    @classmethod
    def _word(cls, value: Any) -> Any:
        return {value: True} if value in ("silence", "hang_up") else value

    def input(self) -> Input:
        """Return the engine's input."""
        if self.key is not None or self.digits is not None:
            return Keys(self.key or self.digits or "")
        if self.speech is not None:
            return Speech(self.speech, self.confidence)
        if self.recording is not None:
            return Recorded("scenario.wav" if self.recording else "", self.recording)
        if self.transfer is not None:
            return TransferEnded(self.transfer == "taken", "")
        return HungUp() if self.hang_up else Silence()


class Expected(Part):
    """What a conversation must come to; what is left out is not looked at."""

    disposition: Disposition | None = None
    """How it ended."""
    verdict: Verdict | Literal["none"] | None = None
    """Its verdict; ``none``: there must be none."""
    reason: str | None = None
    """Why it ended."""
    answers: dict[str, str] | None = None
    """All answers: step -> stored value (left out: not looked at)."""
    transcript: list[str] = Field(default_factory=list)
    """Lines of the transcript, or parts of them, in their order."""
    exact: bool = False
    """True: `transcript` is the whole transcript, line for line."""


class Scenario(Part):
    """One scripted conversation."""

    name: str
    """What happens in it."""
    fields: dict[str, Any] = Field(default_factory=dict)
    """Fields of the case that differ from the examples."""
    language: str | None = None
    """Language of the conversation."""
    inputs: list[Given]
    """What the person does, in order."""
    expect: Expected = Expected()
    """What it must come to."""


class ScenarioFile(Part):
    """A file of scenarios."""

    flow: str | None = None
    """The survey's file beside this one; left out: the same name without ``.scenarios``."""
    scenarios: list[Scenario] = Field(min_length=1)
    """The scenarios."""


def scenarios_beside(survey: Path) -> Path:
    """Return where the scenarios of a survey lie."""
    return survey.with_name(survey.name.removesuffix(".yaml") + ".scenarios.yaml")


def read_scenarios(path: Path) -> ScenarioFile:
    """Read a scenario file. Raises AuthorError with every fault and its place."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise AuthorError(
            problem("flow-unreadable", Place(str(path)), path=path, reason=reason(error))
        ) from error
    source = parse(text, str(path))
    try:
        return ScenarioFile.model_validate(source.data)
    except ValidationError as error:
        raise AuthorError(*faults(error, source, ScenarioFile)) from None
