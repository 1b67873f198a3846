"""What one step of the engine is in writing: the messages to send, and what they end with. Pure.

What is said up to a wait is one message: the words joined, the question, its options as
``1 满意`` line by line, and how to answer. `text` steps are messages of their own; the last words
of an `end` are the closing message.
"""

import re
from dataclasses import dataclass

from flows.engine import Step
from flows.exchange import EndCall, PlayFile, SayText, SendMessage, WaitAnswer, WaitRecording
from flows.model import Ask, Book
from flows.program import Program
from flows.session import Session
from flows.steps.expected import NO, YES
from flows.turn import Turn
from ivr.texting.language import WrittenLanguage, written_language

QUESTION, TEXT, CLOSING = "question", "survey_text", "closing"


@dataclass(frozen=True)
class Message:
    """One text message."""

    purpose: str
    """``question``, ``survey_text`` or ``closing``."""
    text: str


def messages_of(program: Program, step: Step) -> tuple[Message, ...]:
    """Return the messages that `step` comes to, in their order."""
    session = step.session
    language = written_language(session.language)
    said: list[str] = []
    found: list[Message] = []
    for effect in step.effects:
        if isinstance(effect, SayText | PlayFile) and effect.text.strip():
            said.append(language.written(" ".join(effect.text.split())).strip())
        elif isinstance(effect, SendMessage):
            found.append(Message(TEXT, effect.text.strip()))
    words = _joined(said, language)
    if isinstance(step.wait, WaitAnswer | WaitRecording):
        words = _question(program, session, step.wait, words, language)
        found.append(Message(QUESTION, words))
    elif words and any(isinstance(effect, EndCall) for effect in step.effects):
        found.append(Message(CLOSING, words))
    return tuple(found)


def _joined(said: list[str], language: WrittenLanguage) -> str:
    return language.between.join(words for words in said if words)


def _question(
    program: Program,
    session: Session,
    wait: WaitAnswer | WaitRecording,
    words: str,
    language: WrittenLanguage,
) -> str:
    if isinstance(wait, WaitRecording):
        return _with_hint([words], language.open, words, language)
    options = options_of(program, session)
    if not options:
        return _with_hint([words], language.number, words, language)
    if not _named(words, [key for key, _ in options if key]):
        numbered = all(key for key, _ in options)
        hint = language.options if numbered else language.options_unnumbered
        lines = [f"{key} {label}".strip() for key, label in options]
        return "\n".join(line for line in (words, *lines, hint) if line)
    return words


def _with_hint(lines: list[str], hint: str, words: str, language: WrittenLanguage) -> str:
    said = language.replying in words.casefold()
    return "\n".join(line for line in (*lines, "" if said else hint) if line)


def options_of(program: Program, session: Session) -> list[tuple[str, str]]:
    """Return (key, label) of what answers the question at which `session` waits."""
    language = written_language(session.language)
    if session.pending is not None:
        return [(YES, language.yes), (NO, language.no)]
    turn = Turn(program, session)
    step = turn.node.step
    if isinstance(step, Ask):
        return [(choice.key or "", turn.render(choice.label)) for choice in step.choices]
    if isinstance(step, Book):
        return [(slot.key, turn.render(slot.label)) for slot in step.slots]
    return []


def _named(words: str, keys: list[str]) -> bool:
    """Return whether `words` name every key by themselves, as a number standing alone."""
    return bool(keys) and all(
        re.search(rf"(?<![0-9]){re.escape(key)}(?![0-9])", words) for key in keys
    )
