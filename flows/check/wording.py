"""How questions are worded: in every language, every key named, the option before its key."""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from core.errors import Problem, problem
from flows.check.subject import Subject, Wording, question_of
from flows.check.ways import reached
from flows.declarations import GlobalKey
from flows.language import Language, languages
from flows.model import Ask, Book, Choice, Slot
from flows.program import Node

_LETTERS = re.compile(r"[^\W\d_]")
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_CLAUSES = re.compile(r"[，。；！？、,.;!?：:\n]+")


def check_wording(subject: Subject) -> Iterator[Problem]:
    """Missing languages, keys that no prompt names, keys named before their option."""
    for wording in subject.wordings:
        yield from _languages(subject, wording)
        yield from _key_order(subject, wording)
    yield from _phrase_languages(subject)
    found = reached(subject.program) if subject.file.whole else set(subject.program.nodes)
    for node in subject.questions:
        if node.name in found:
            yield from _keys(subject, node)


def bare(text: str) -> str:
    """Return `text` without what is filled in."""
    return _TEMPLATE.sub("", text)


def _languages(subject: Subject, wording: Wording) -> Iterator[Problem]:
    languages, words = subject.languages, wording.words
    if isinstance(words, str):
        worded = wording.kind in ("prompt", "message") and _LETTERS.search(bare(words))
        missing = languages[1:] if worded else []
    else:
        missing = [language for language in languages if not words.get(language, "").strip()]
        for language in words:
            if language not in languages:
                yield problem(
                    "flow-unknown-language",
                    subject.file.place((*wording.path, language)),
                    tongue=language,
                    allowed=", ".join(languages),
                )
    for language in missing:
        yield problem("flow-missing-language", subject.file.place(wording.path), tongue=language)
    if isinstance(words, str) and wording.kind == "prompt" and not words.strip():
        yield problem("flow-empty-text", subject.file.place(wording.path))


def _phrase_languages(subject: Subject) -> Iterator[Problem]:
    if not subject.program.flow.speech.enabled:
        return
    for node in subject.questions:
        step = node.step
        if not isinstance(step, Ask | Book):
            continue
        options: Sequence[Choice | Slot] = step.choices if isinstance(step, Ask) else step.slots
        setting = "choices" if isinstance(step, Ask) else "slots"
        for index, option in enumerate(options):
            if isinstance(option.phrases, dict):
                place = subject.place(node, setting, index, "phrases")
                for language in subject.languages:
                    if not option.phrases.get(language):
                        yield problem("flow-missing-language", place, tongue=language)


def _keys(subject: Subject, node: Node) -> Iterator[Problem]:
    step, question = node.step, question_of(node)
    if not isinstance(step, Ask | Book) or question is None:
        return
    wording = Wording((*node.path, question[0]), question[1], "prompt")
    options = step.choices if isinstance(step, Ask) else step.slots
    for language, text in wording.languages(subject.languages):
        place = subject.file.place(wording.place_of(language))
        words = bare(text)
        for option in options:
            if option.key is None:
                continue
            label = option.label
            said = label if isinstance(label, str) else label.get(language, "")
            if not names_key(words, option.key):
                yield problem("flow-key-not-named", place, press=option.key, answer=said)


def _key_order(subject: Subject, wording: Wording) -> Iterator[Problem]:
    """The keys of the question at hand, and those that work everywhere, in any prompt."""
    if wording.kind != "prompt":
        return
    step = subject.program.nodes[wording.node].step if wording.node else None
    options: list[Choice | Slot | GlobalKey] = [*subject.program.flow.keys]
    if isinstance(step, Ask):
        options += step.choices
    elif isinstance(step, Book):
        options += step.slots
    for language, text in wording.languages(subject.languages):
        for option in options:
            label = option.label
            said = label if isinstance(label, str) else label.get(language, "")
            if option.key is not None and key_first(bare(text), option.key, said):
                place = subject.file.place(wording.place_of(language))
                yield problem(
                    "flow-key-before-option", place, press=option.key, answer=said or option.key
                )


def _written(key: str, tongue: Language) -> str:
    """Return the pattern of a key's names in a language."""
    if key in "*#":
        return "|".join(tongue.prompts.names[key])
    return "|".join(map(re.escape, tongue.numbers.digits[key]))


@cache
def _pattern(key: str) -> str:
    """Return what names `key`: 按一般流程 does not name the key 一."""
    named = [rf"(?<![0-9]){re.escape(key)}(?![0-9])"]
    for tongue in languages().values():
        named.append(tongue.prompts.numeral.replace("{key}", _written(key, tongue)))
    return f"(?:{'|'.join(named)})"


@cache
def _naming(key: str) -> re.Pattern[str]:
    """Return what names a key of a prompt: its figure, or its name where it is to be pressed."""
    named = [rf"(?<![0-9]){re.escape(key)}(?![0-9])"]
    for tongue in languages().values():
        written = _written(key, tongue)
        named.append(tongue.prompts.named.replace("{key}", written))
        named += tongue.prompts.names.get(key, ())
    return re.compile("|".join(named), re.IGNORECASE)


@cache
def _ranges() -> re.Pattern[str]:
    words = [word for tongue in languages().values() for word in tongue.prompts.range]
    between = "|".join((*map(re.escape, words), "-", "–", "~", "～"))
    return re.compile(rf"([0-9])\s*(?:{between})\s*([0-9])(?![0-9])")


def names_key(text: str, key: str) -> bool:
    """Return whether `text` names `key`, by itself or within a range ("按1到5")."""
    if _naming(key).search(text):
        return True
    return any(low <= key <= high for low, high in _ranges().findall(text))


def key_first(text: str, key: str, option: str) -> bool:
    """Return whether `text` names `key` before the answer that it gives.

    "按1满意", "1是满意", "press 1 for satisfied": who listens has forgotten the key by the time
    the option is known. "满意请按1" and "if you were satisfied, press 1" are right.
    """
    return any(_key_first(text, key, option, tongue) for tongue in languages().values())


def _key_first(text: str, key: str, option: str, tongue: Language) -> bool:
    name, patterns = _pattern(key), tongue.prompts

    def filled(pattern: str) -> str:
        digit, said = re.escape(key), re.escape(option)
        return pattern.replace("{key}", name).replace("{digit}", digit).replace("{option}", said)

    if any(re.search(filled(each), text, re.IGNORECASE) for each in patterns.key_first):
        return True
    for clause in _CLAUSES.split(text):
        if patterns.clause_first:
            pressed = re.match(filled(patterns.clause_first), clause.strip())
            if pressed and _is_option(pressed["after"], patterns.no_option):
                return True
        before = option and patterns.key_then_option
        if before and re.search(filled(before), clause):
            return True
    return False


def _is_option(after: str, no_option: str) -> bool:
    """Return whether what follows a key is its option (not a range, not a mere particle)."""
    rest = after.strip(" ”\"'）)")
    return bool(_LETTERS.search(rest)) and not re.match(no_option, rest)
