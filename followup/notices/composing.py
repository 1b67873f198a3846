"""What each kind of notice says: facts -> `Letter`. Pure; the words stand in the catalogue.

Facts are what the database kept of the notice: plain values, moments as ISO 8601 in UTC, phone
numbers masked before they were kept. A letter leaves the house: it names the case and the unit,
never the person.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from core.catalogue import text
from followup.notices.letter import Grid, Kind, Letter

SHOWN = 20
"""Rows that a digest shows; whoever wants all of them looks into the queue."""

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Words:
    """In which language and time zone letters are written."""

    language: str
    zone: tzinfo

    def __call__(self, key: str, **values: object) -> str:
        """Return a text of the catalogue."""
        return text(f"notice-{key}", self.language, **values)

    def word(self, key: str) -> str:
        """Return a word of another room's catalogue."""
        return text(key, self.language)

    def moment(self, written: str | None) -> str:
        """Return a kept moment as people read it."""
        if not written:
            return "-"
        return f"{datetime.fromisoformat(written).astimezone(self.zone):%Y-%m-%d %H:%M}"


def compose(kind: str, facts: Facts, words: Words, *, gathers: int = 0) -> Letter:
    """Return the letter of a notice, or of a digest of `gathers` notices."""
    if gathers:
        return _digest(Kind(kind), facts, words)
    return _WRITERS[Kind(kind)](facts, words)


def _urgent(facts: Facts, words: Words) -> Letter:
    return Letter(
        words.language,
        subject=words("urgent-subject", case=facts["case"], reason=_reason(facts, words)),
        title=words("urgent-title"),
        lead=words("urgent-lead", case=facts["case"], reason=_reason(facts, words)),
        alarm=True,
        facts=_item_facts(facts, words),
        advice=words("urgent-advice", item=facts["item"]),
        footer=words("footer"),
    )


def _overdue(facts: Facts, words: Words) -> Letter:
    deadline = words.moment(facts["deadline"])
    return Letter(
        words.language,
        subject=words("overdue-subject", case=facts["case"], deadline=deadline),
        title=words("overdue-title"),
        lead=words("overdue-lead", case=facts["case"], deadline=deadline),
        alarm=True,
        facts=_item_facts(facts, words),
        advice=words("overdue-advice", item=facts["item"]),
        footer=words("footer"),
    )


def _batch(facts: Facts, words: Words) -> Letter:
    state = words(f"batch-{facts['state']}")
    return Letter(
        words.language,
        subject=words("batch-subject", batch=facts["batch"], state=state),
        title=words("batch-title"),
        lead=words("batch-lead", batch=facts["batch"], state=state),
        alarm=True,
        facts=(
            (words("fact-batch"), facts["batch"]),
            (words("fact-state"), state),
            (words("fact-why"), facts["reason"] or "-"),
            (words("fact-seen"), words.moment(facts["since"])),
        ),
        advice=words("batch-advice"),
        footer=words("footer"),
    )


def _trunk(facts: Facts, words: Words) -> Letter:
    return Letter(
        words.language,
        subject=words("trunk-subject", trunk=facts["trunk"]),
        title=words("trunk-title"),
        lead=words("trunk-lead", trunk=facts["trunk"], machine=facts["machine"]),
        alarm=True,
        facts=(
            (words("fact-trunk"), facts["trunk"]),
            (words("fact-machine"), facts["machine"]),
            (words("fact-seen"), words.moment(facts["since"])),
        ),
        advice=words("trunk-advice"),
        footer=words("footer"),
    )


def _daily(facts: Facts, words: Words) -> Letter:
    since, until = words.moment(facts["since"]), words.moment(facts["until"])
    counted = ("calls", "opened", "closed", "open", "overdue")
    return Letter(
        words.language,
        subject=words("daily-subject", day=until[:10], calls=facts["calls"], open=facts["open"]),
        title=words("daily-title", day=until[:10]),
        lead=words("daily-lead", since=since, until=until),
        facts=tuple((words(f"daily-{name}"), f"{facts[name]:,}") for name in counted),
        grids=(
            _counted("dispositions", "disposition", facts["dispositions"], words),
            _counted("verdicts", "verdict", facts["verdicts"], words),
            Grid(
                words("daily-batches"),
                (words("fact-batch"), words("fact-state"), words("daily-done")),
                tuple(
                    (
                        each["name"],
                        words(f"batch-{each['state']}"),
                        f"{each['done']:,} / {each['all']:,}",
                    )
                    for each in facts["batches"]
                ),
            ),
        ),
        advice=words("daily-advice") if facts["overdue"] else "",
        footer=words("footer"),
    )


def _test(facts: Facts, words: Words) -> Letter:
    return Letter(
        words.language,
        subject=words("test-subject"),
        title=words("test-title"),
        lead=words("test-lead", at=words.moment(facts["at"]), machine=facts["machine"]),
        footer=words("footer"),
    )


_WRITERS: dict[Kind, Callable[[Facts, Words], Letter]] = {
    Kind.URGENT: _urgent,
    Kind.OVERDUE: _overdue,
    Kind.BATCH: _batch,
    Kind.TRUNK: _trunk,
    Kind.DAILY: _daily,
    Kind.TEST: _test,
}


def _digest(kind: Kind, facts: Facts, words: Words) -> Letter:
    number, entries = facts["number"], facts["entries"]
    shown = entries[:SHOWN]
    columns, rows = _digest_rows(kind, shown, words)
    left = number - len(shown)
    what = words(f"digest-{kind}", number=number)
    return Letter(
        words.language,
        subject=words("digest-subject", what=what),
        title=what,
        lead=words("digest-lead", what=what),
        alarm=True,
        grids=(Grid("", columns, rows, words("digest-rest", left=left) if left > 0 else ""),),
        advice=words(f"digest-{kind}-advice"),
        footer=words("footer"),
    )


def _digest_rows(
    kind: Kind, entries: Sequence[Facts], words: Words
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    if kind is Kind.BATCH:
        return (
            (words("fact-batch"), words("fact-state"), words("fact-why")),
            tuple(
                (each["batch"], words(f"batch-{each['state']}"), each["reason"] or "-")
                for each in entries
            ),
        )
    if kind is Kind.TRUNK:
        return (
            (words("fact-trunk"), words("fact-machine"), words("fact-seen")),
            tuple(
                (each["trunk"], each["machine"], words.moment(each["since"])) for each in entries
            ),
        )
    return (
        tuple(words(f"fact-{name}") for name in ("item", "case", "reason", "unit", "deadline")),
        tuple(
            (
                str(each["item"]),
                each["case"],
                _reason(each, words),
                each["unit"] or "-",
                words.moment(each["deadline"]),
            )
            for each in entries
        ),
    )


def _item_facts(facts: Facts, words: Words) -> tuple[tuple[str, str], ...]:
    return (
        (words("fact-item"), str(facts["item"])),
        (words("fact-case"), facts["case"]),
        (words("fact-reason"), _reason(facts, words)),
        (words("fact-unit"), facts["unit"] or "-"),
        (words("fact-number"), facts["number"] or "-"),
        (words("fact-deadline"), words.moment(facts["deadline"])),
        (words("fact-state"), words.word(f"follow-up-state-{facts['state']}")),
        (words("fact-holder"), facts["holder"] or "-"),
    )


def _reason(facts: Facts, words: Words) -> str:
    reason = words.word(f"follow-up-{facts['reason']}")
    if facts["key_incident"] and facts["reason"] != "key_incident":
        return words("reason-key", reason=reason)
    return reason


def _counted(name: str, kind: str, counted: Mapping[str, int], words: Words) -> Grid:
    rows = tuple((words.word(f"{kind}-{word}"), f"{number:,}") for word, number in counted.items())
    return Grid(words(f"daily-{name}"), (words(f"daily-{kind}"), words("daily-number")), rows)
