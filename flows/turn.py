"""One turn at work: the state that changes between an input and the next wait.

The only mutable thing of the engine; it is made from a session at the start of a turn and turned
into the next session at its end. Steps (flows/steps/) speak to it: say this, go there, save this
answer, end the call.
"""

from typing import Any

from core.catalogue import text as catalogue_text
from core.disposition import Disposition
from core.verdict import Verdict, worst
from flows.compiler import wording
from flows.exchange import ALL_KEYS, Effect, EndCall, PlayFile, SaveAnswer, SayText
from flows.program import EdgeKind, Node, Program
from flows.scope import scope_of
from flows.session import LANGUAGE, Reason, Session
from flows.template import TemplateFault, expression
from flows.template import text as template_text
from flows.values import Text

DEEPEST = 20
"""Parts called within parts."""
Walked = tuple[str, EdgeKind, str]
"""An edge that was taken: node, kind, label."""


class BrokenSurvey(Exception):
    """Something in the survey cannot be performed; ends the call politely."""


class Turn:
    """What happens between one input and the next wait."""

    def __init__(self, program: Program, session: Session) -> None:
        self.program = program
        self.flow = program.flow
        self.session = session
        """This turn's own: steps change it until the turn hands it out."""
        self.effects: list[Effect] = []
        self.walked: list[Walked] = []
        self.silent = False
        """True after a hang-up: nothing is said any more."""
        self.moved = False
        """True once another step (or the same one anew) was gone to."""

    # ------------------------------------------------------------------------------- words

    @property
    def node(self) -> Node:
        """The step that is being performed. Raises BrokenSurvey for an unknown name."""
        try:
            return self.program.nodes[self.session.node]
        except KeyError:
            raise BrokenSurvey(self.session.node) from None

    def render(self, words: Text, **more: Any) -> str:
        """Return `words` in the conversation's language, filled in. Raises BrokenSurvey."""
        source = wording(words, self.session.language, self.flow)
        if "{" not in source:
            return source
        try:
            return template_text(source, self.session.language)(
                {**scope_of(self.program, self.session), **more}
            )
        except TemplateFault as fault:
            raise BrokenSurvey(str(fault)) from None

    def evaluate(self, source: str) -> Any:
        """Return the value of an expression. Raises BrokenSurvey."""
        try:
            return expression(source, self.session.language)(scope_of(self.program, self.session))
        except TemplateFault as fault:
            raise BrokenSurvey(str(fault)) from None

    def say(self, words: Text, *, answers: bool = False, skippable: bool = False) -> None:
        """Speak `words`; `answers`: every key interrupts and counts; `skippable`: only skips."""
        self.speak(self.render(words), answers=answers, skippable=skippable)

    def say_own(self, key: str, *, answers: bool = False) -> None:
        """Speak the product's own words (a catalogue key)."""
        self.speak(catalogue_text(key, self.session.language), answers=answers)

    def speak(self, words: str, *, answers: bool = False, skippable: bool = False) -> None:
        """Speak finished words."""
        if words.strip() and not self.silent:
            cut, skip = self._keys(answers=answers, skippable=skippable)
            self.effects.append(SayText(words, self.session.language, cut, skip))

    def play(self, file: str, words: str, *, skippable: bool) -> None:
        """Play a recorded file."""
        if not self.silent:
            cut, skip = self._keys(answers=False, skippable=skippable)
            self.effects.append(PlayFile(file, self.session.language, words, cut, skip))

    def _keys(self, *, answers: bool, skippable: bool) -> tuple[str, str]:
        if answers:
            return ALL_KEYS, ""
        return self.program.global_keys, self.program.other_keys if skippable else ""

    # -------------------------------------------------------------------------------- ways

    def took(self, kind: EdgeKind, label: str = "") -> None:
        """Note that an edge of the present step was taken."""
        self.walked.append((self.session.node, kind, label))

    def go(self, target: str | None) -> None:
        """Go on at `target`, or behind the present step where it is None."""
        if target is None:
            self.go_on()
            return
        stack = self.session.stack
        node = self.program.nodes.get(target)
        if node is None:
            raise BrokenSurvey(target)
        # A goto may leave parts: only the calls that led into the target's part stay open.
        while stack and self._called(stack[-1]) != node.part:
            stack = stack[:-1]
        self._move(target, stack)

    def go_on(self) -> None:
        """Go on behind the present step: to the next one, out of the part, or to the end."""
        session, node = self.session, self.node
        while node.next is None:
            if not session.stack:
                self.end(Disposition.COMPLETED, reason=Reason.SURVEY_END)
                return
            session.node, session.stack = session.stack[-1], session.stack[:-1]
            node = self.node
            self.took(EdgeKind.NEXT)
        self._move(node.next, session.stack)

    def call(self, part: str) -> None:
        """Walk into a part, to come back behind the present step."""
        if len(self.session.stack) >= DEEPEST:
            raise BrokenSurvey(part)
        first = self.program.parts.get(part)
        if first is None:
            if part not in self.flow.parts:
                raise BrokenSurvey(part)
            self.took(EdgeKind.NEXT)
            self.go_on()  # an empty part
            return
        self._move(first, (*self.session.stack, self.session.node))

    def _move(self, node: str, stack: tuple[str, ...]) -> None:
        self.session.node = node
        self.session.stack = stack
        self.moved = True

    def _called(self, caller: str) -> str:
        return getattr(self.program.nodes[caller].step, "call", "")

    # ----------------------------------------------------------------------------- answers

    def save(self, answer: SaveAnswer) -> None:
        """Keep an answer, in the session and by effect."""
        kept = {
            "value": answer.value,
            "label": answer.label,
            "verdict": answer.verdict.value if answer.verdict else None,
            "score": answer.score,
            "raw": answer.raw,
            "aspect": answer.aspect,
        }
        self.session.answers = {**self.session.answers, answer.step: kept}
        self.effects.append(answer)
        if answer.step == LANGUAGE:
            self.switch_language(answer.value)

    def switch_language(self, language: object) -> None:
        """Speak `language` from now on, where the survey has it."""
        if isinstance(language, str) and language in self.flow.languages:
            self.session.language = language

    @property
    def rated(self) -> bool:
        """True where something was rated."""
        return any(
            given["verdict"] not in (None, Verdict.UNSURE.value)
            or given["score"] is not None
            or (given["aspect"] is not None and given["verdict"] is None)
            for given in self.session.answers.values()
        )

    @property
    def doubtful(self) -> bool:
        """True where words at some question could not be told apart."""
        session = self.session
        return bool(session.unsettled or session.unclear or session.pending)

    @property
    def unfinished(self) -> Disposition:
        """What a call that ends before its questions came to.

        `partial` where something was rated, and where something was said that could not be told
        apart: a person decides what it meant. `broke_off` where there is nothing to go by.
        """
        heard = self.rated or self.doubtful
        return Disposition.PARTIAL if heard else Disposition.BROKE_OFF

    def verdict(self) -> Verdict | None:
        """Return the verdict of what was answered: aspect `overall`, else the worst given.

        Where words at some question could not be told apart, it is `unsure` at best.
        """
        given = [answer for answer in self.session.answers.values() if answer["verdict"]]
        overall = [answer for answer in given if answer["aspect"] == "overall"]
        verdicts = {answer["verdict"] for answer in overall or given}
        return worst(verdicts | {Verdict.UNSURE} if self.doubtful else verdicts)

    def end(
        self, disposition: Disposition, *, verdict: Verdict | None = None, reason: str = ""
    ) -> None:
        """End the call; without a `verdict`, that of the answers."""
        session = self.session
        session.disposition = disposition
        session.verdict = verdict or self.verdict()
        session.reason = str(reason)
        # Nothing waits behind the last words, so no key may cut them short.
        self.effects = [_in_full(effect) for effect in self.effects]
        self.effects.append(EndCall(disposition, session.verdict, session.reason))


def _in_full(effect: Effect) -> Effect:
    """Return a prompt that no key cuts short."""
    if isinstance(effect, SayText):
        return SayText(effect.text, effect.language)
    if isinstance(effect, PlayFile):
        return PlayFile(effect.file, effect.language, effect.text)
    return effect
