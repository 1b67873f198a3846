"""What only surveys have, in a supervisor's words: verbs, names, keys, durations.

Everything else that the types refuse is told by `core.document_faults`.
"""

from typing import Any

from core.document import Document, KeyPath
from core.document_faults import closest, setting_of, short
from core.errors import Problem, problem
from flows.model import VERBS

_PATTERNS = {
    r"^[a-z][a-z0-9_]*$": "flow-bad-id",
    r"^[a-z][a-z0-9-]*$": "flow-bad-survey-name",
    r"^[0-9*#]$": "flow-bad-key",
    r"^([01]\d|2[0-3]):[0-5]\d$": "flow-bad-time-of-day",
}


def of_surveys(fault: dict[str, Any], path: KeyPath, document: Document) -> Problem | None:
    """Translate one of pydantic's faults where surveys have words of their own for it."""
    kind, place = fault["type"], document.place(path)
    code = ""
    if kind == "union_tag_not_found":
        return _no_verb(fault.get("input"), document, path)
    if kind == "duration":
        code = "flow-not-a-duration"
    elif kind == "string_pattern_mismatch":
        code = _PATTERNS.get(fault["ctx"]["pattern"], "")
    elif kind == "string_type" and path and path[-1] == "key":
        code = "flow-bad-key"
    if not code:
        return None
    found = short(fault.get("input"))
    return problem(code, place, setting=setting_of(path), found=found)


def _no_verb(step: Any, document: Document, path: KeyPath) -> Problem:
    place, verbs = document.place(path), ", ".join(VERBS)
    if isinstance(step, str) and "：" in step:
        return problem("document-full-width-colon", place, found=short(step))
    if not isinstance(step, dict) or not step:
        return problem("flow-step-without-verb", place, found=short(step), allowed=verbs)
    first = next(iter(step))
    later = next((name for name in step if name in VERBS), None)
    if later:
        return problem("flow-verb-first", document.place((*path, later)), verb=later, first=first)
    return problem(
        "flow-unknown-verb",
        document.place((*path, first)),
        verb=first,
        closest=closest(first, list(VERBS)),
        allowed=verbs,
    )
