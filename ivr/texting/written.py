"""A survey as it is held by text message: the same steps with the same names, worded in writing.

`written(flow)` gives a survey that the engine walks as any other. What a step says in writing by
itself (`written:`) stands; else its spoken words are rewritten: the options that were spoken are
taken out of a question (they are listed below it), 请按 becomes 请回复. Nobody can be put through
by text, so transfers take the way of when nobody takes the call. Pure.
"""

import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

from flows.compiler import compile_flow
from flows.model import (
    Ask,
    Book,
    End,
    Flow,
    Number,
    Play,
    Reaction,
    Reactions,
    Record,
    Say,
    Step,
    Transfer,
    When,
)
from flows.program import Program
from flows.values import Text, Wordings
from ivr.texting.language import WrittenLanguage, written_language

NOBODY = "-"
"""Target of transfers: nobody is reached by text."""
_GAP = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_SPELT = re.compile(r"\|\s*(?:digits|spoken_number)\b")
"""Filters that spell figures for a voice: in writing 110 stays 110."""
_PRIVATE = 0xE000
_REACTIONS = ("on_silence", "on_invalid", "on_unsure", "on_hang_up", "on_give_up")

Change = Callable[[str, WrittenLanguage], str]


def written_program(flow: Flow, *, sha256: str = "") -> Program:
    """Return the walkable form of `flow` as it is held by text message."""
    return compile_flow(written(flow), sha256=sha256, transfers=())


def written(flow: Flow) -> Flow:
    """Return `flow` worded in writing; typed words are believed as they stand."""
    confirm = flow.speech.confirm
    speech = flow.speech.model_copy(
        update={"enabled": True, "confirm": None if confirm is None else _plain(confirm, flow)}
    )
    parts = {name: [_step(step, flow) for step in steps] for name, steps in flow.parts.items()}
    return flow.model_copy(
        update={
            "steps": [_step(step, flow) for step in flow.steps],
            "parts": parts,
            "speech": speech,
            "defaults": flow.defaults.model_copy(update=_reactions(flow.defaults, (), flow)),
        }
    )


def _step(step: Step, flow: Flow) -> Step:
    changed: dict[str, Any] = {}
    if isinstance(step, When):
        for branch in ("then", "otherwise"):
            steps = getattr(step, branch)
            if isinstance(steps, list):
                changed[branch] = [_step(each, flow) for each in steps]
    elif isinstance(step, Say):
        said = _own(step.written, step.say, flow)
        changed["say"] = _each(said, flow, _with_refusal) if step.notice else said
    elif isinstance(step, Play):
        heard = _own(step.written, step.text, flow)
        changed["text"] = _each(heard, flow, _with_refusal) if step.notice else heard
    elif isinstance(step, Ask):
        changed = _question(step, step.ask, "ask", [c.key for c in step.choices if c.key], flow)
    elif isinstance(step, Book):
        changed = _question(step, step.book, "book", [slot.key for slot in step.slots], flow)
    elif isinstance(step, Number):
        changed = _question(step, step.number, "number", [], flow)
    elif isinstance(step, Record):
        changed["record"] = _own(step.written, step.record, flow)
    elif isinstance(step, End):
        changed["say"] = _own(step.written, step.say, flow) if step.written or step.say else None
    elif isinstance(step, Transfer):
        changed = {"transfer": NOBODY, "optional": True, "say": None}
    return step.model_copy(update=changed) if changed else step


def _question(
    step: Ask | Book | Number, words: Text, verb: str, keys: Sequence[str], flow: Flow
) -> dict[str, Any]:
    changed = _reactions(step, keys, flow)
    if step.written is not None:
        # Its own wording is the best one, the second time, too.
        return {**changed, verb: step.written, "again": []}
    changed[verb] = _each(words, flow, _asking(keys))
    return changed


def _reactions(step: Reactions, keys: Sequence[str], flow: Flow) -> dict[str, Any]:
    """Return the changed reactions: only those that the step (or the defaults) names itself."""
    changed: dict[str, Any] = {}
    if "again" in step.model_fields_set:
        again = [_each(words, flow, _asking(keys)) for words in step.again]
        changed["again"] = [words for words in again if _whole(words, flow)]
    for name in _REACTIONS:
        if name in step.model_fields_set:
            changed[name] = _reaction(getattr(step, name), flow)
    return changed


def _reaction(reaction: Reaction, flow: Flow) -> Reaction:
    said: Wordings | None = reaction.written
    if said is None and isinstance(reaction.say, list):
        said = [_plain(words, flow) for words in reaction.say]
    elif said is None and reaction.say is not None and not isinstance(reaction.say, list):
        said = _plain(reaction.say, flow)
    return reaction.model_copy(update={"say": said})


# ------------------------------------------------------------------------------------ words


def _own(own: Text | None, spoken: Text | None, flow: Flow) -> Text:
    return own if own is not None else _plain(spoken or "", flow)


def _plain(words: Text, flow: Flow) -> Text:
    return _each(words, flow, lambda said, language: _apart(said, language.written))


def _each(words: Text, flow: Flow, change: Change) -> Text:
    if isinstance(words, str):
        return change(words, written_language(flow.languages[0]))
    return {name: change(said, written_language(name)) for name, said in words.items()}


def _whole(words: Text, flow: Flow) -> bool:
    """Return whether a repeated question still asks something without its spoken options."""
    if isinstance(words, str):
        words = {flow.languages[0]: words}
    return all(written_language(name).closed.search(said) for name, said in words.items())


def _with_refusal(said: str, language: WrittenLanguage) -> str:
    """Add how to refuse, unless it is said."""
    upper = said.upper()
    if any(word in upper for word in ("TD", "STOP", "退订", "拒收", "수신거부", "수신 거부")):
        return said
    return f"{said.rstrip()}{language.between}{language.refusal}"


def _asking(keys: Collection[str]) -> Change:
    """Return what takes the spoken options of `keys` out of a question and rewrites the rest."""

    def change(said: str, language: WrittenLanguage) -> str:
        return _apart(said, lambda words: language.written(_without(words, keys, language)))

    return change


def _apart(said: str, change: Callable[[str], str]) -> str:
    """Change the words of a template, its gaps ({{ }} and {% %}) left as they are.

    Each gap is one character of Unicode's private use meanwhile. Where a gap got lost (an option
    with a condition around it), the words stay as they are: better spoken than broken.
    """
    gaps: list[str] = []

    def hide(found: re.Match[str]) -> str:
        gaps.append(_SPELT.sub("", found[0]))
        return chr(_PRIVATE + len(gaps) - 1)

    hidden = _GAP.sub(hide, said)
    signs = [chr(_PRIVATE + index) for index in range(len(gaps))]
    changed = change(hidden)
    if any(sign not in changed for sign in signs):
        changed = hidden
    for sign, gap in zip(signs, gaps, strict=True):
        changed = changed.replace(sign, gap)
    return changed


def _without(words: str, keys: Collection[str], language: WrittenLanguage) -> str:
    """Leave out the clauses that name one of `keys`: 满意请按1."""
    if not keys:
        return words
    kept: list[str] = []
    for sentence, ending in _pieces(words, language.sentence):
        if language.whole_sentences and _names(sentence, keys, language):
            continue
        clauses = [
            (clause, mark)
            for clause, mark in _pieces(sentence, language.clause)
            if not _names(clause, keys, language)
        ]
        if not any(clause.strip() for clause, _ in clauses):
            continue
        *first, (last, _) = clauses
        kept.append("".join(clause + mark for clause, mark in first) + last)
        kept.append(ending)
        kept.append(" " if language.between and ending in ".!?" else "")
    text = re.sub(" {2,}", " ", "".join(kept)).strip()
    return re.sub(r"[：:，,、；;]$", "", text)


def _names(clause: str, keys: Collection[str], language: WrittenLanguage) -> bool:
    return any(found["key"] in keys for found in language.key.finditer(clause))


def _pieces(words: str, mark: re.Pattern[str]) -> list[tuple[str, str]]:
    """Split `words` behind each mark: (words, mark)."""
    found: list[tuple[str, str]] = []
    start = 0
    for each in mark.finditer(words):
        found.append((words[start : each.start()], each[0]))
        start = each.end()
    if start < len(words):
        found.append((words[start:], ""))
    return found
