"""What the database knows of the cases and parties of one chunk, and what rows add to it. Pure.

What was empty is filled. Where a row contradicts what an earlier export said, the newest export
wins for officer, unit and closing time (a case changes hands, is closed anew), and the first one
stays for all else; either way the other value is kept as a `Conflict`. Within one export the
first row of a case counts (every party has a row, and rows may name different officers).
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.phone import PhoneNumber
from storage.importing.facts import Facts

NEWEST_WINS = frozenset({"officer", "unit", "closed_at"})
"""Facts that a later export may change."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A fact that two exports state differently."""

    case: "KnownCase"
    fact: str
    """officer, unit, branch, accepted_at, closed_at, or ``fields.NAME``."""
    old: Any
    """An id for officer, unit and branch; a time; a text."""
    new: Any
    taken: bool
    """True: the case has the new value now."""


@dataclass(slots=True, eq=False)
class KnownParty:
    """A party, known before or new in this chunk."""

    name: str
    numbers: set[str] = field(default_factory=set)
    id: int = 0
    """0: not written yet."""
    language: str = ""
    face_to_face: bool = False
    added: list[tuple[int, PhoneNumber]] = field(default_factory=list)
    """New numbers with their positions."""
    changed: bool = False

    def supplement(self, facts: Facts) -> bool:
        """Add what `facts` says of the party; True where anything was new."""
        news = False
        for number in facts.numbers:
            if number.e164 not in self.numbers:
                self.added.append((len(self.numbers), number))
                self.numbers.add(number.e164)
                news = True
        if (
            (facts.party_name and not self.name)
            or (facts.language and not self.language)
            or (facts.face_to_face and not self.face_to_face)
        ):
            self.name = self.name or facts.party_name
            self.language = self.language or facts.language
            self.face_to_face = self.face_to_face or facts.face_to_face
            self.changed = news = True
        return news


@dataclass(slots=True, eq=False)
class KnownCase:
    """A case, known before or new in this chunk."""

    case_number: str
    respondent_class: str
    id: int = 0
    """0: not written yet."""
    unit_id: int | None = None
    officer_id: int | None = None
    branch_id: int | None = None
    accepted_at: datetime | None = None
    closed_at: datetime | None = None
    key_incident: bool = False
    fields: dict[str, Any] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)
    parties: list[KnownParty] = field(default_factory=list)
    added_tags: list[str] = field(default_factory=list)
    added_parties: list[tuple[KnownParty, str]] = field(default_factory=list)
    """New parties with their roles."""
    changed: bool = False
    stated: set[str] = field(default_factory=set)
    """Facts that this export has stated already: its further rows do not change them."""
    conflicts: list[Conflict] = field(default_factory=list)

    def supplement(
        self, facts: Facts, unit_id: int | None, officer_id: int | None, branch_id: int | None
    ) -> bool:
        """Add what `facts` says of the case itself; True where anything was new."""
        news = False
        for fact, name, value in (
            ("unit", "unit_id", unit_id),
            ("officer", "officer_id", officer_id),
            ("branch", "branch_id", branch_id),
            ("accepted_at", "accepted_at", facts.accepted_at),
            ("closed_at", "closed_at", facts.closed_at),
        ):
            if value is None:
                continue
            there = getattr(self, name)
            if there is None or (there != value and self._contradicted(fact, there, value)):
                setattr(self, name, value)
                news = True
            self.stated.add(fact)
        if facts.fields != self.fields:
            further = {name: v for name, v in facts.fields.items() if name not in self.fields}
            for name, words in facts.fields.items():
                if name not in further and self.fields[name] != words:
                    self._contradicted(f"fields.{name}", self.fields[name], words)
            if further:
                self.fields = {**self.fields, **further}
                news = True
            self.stated.update(f"fields.{name}" for name in facts.fields)
        if facts.key_incident and not self.key_incident:
            self.key_incident = news = True
        self.changed = self.changed or news
        for tag in facts.tags:
            if tag not in self.tags:
                self.tags.add(tag)
                self.added_tags.append(tag)
                news = True
        return news

    def _contradicted(self, fact: str, old: Any, new: Any) -> bool:
        """Keep both values; True where the new one is taken."""
        if not self.id or fact in self.stated:
            return False
        taken = fact in NEWEST_WINS
        self.conflicts.append(Conflict(self, fact, old, new, taken))
        return taken

    def party_of(self, facts: Facts) -> KnownParty | None:
        """Return the party of this case that `facts` speaks of: by name, then by number."""
        typed = {number.e164 for number in facts.numbers}
        for party in self.parties:
            if party.name == facts.party_name and (party.name or party.numbers & typed):
                return party
        if not facts.party_name:
            return next((party for party in self.parties if party.numbers & typed), None)
        return next((p for p in self.parties if not p.name and p.numbers & typed), None)


@dataclass
class Known:
    """All that is known of one chunk's cases and parties."""

    cases: dict[str, KnownCase] = field(default_factory=dict)
    """By case number."""
    people: dict[tuple[str, str], KnownParty] = field(default_factory=dict)
    """By name and number, over all cases: one person, many cases."""

    def take(
        self, facts: Facts, unit_id: int | None, officer_id: int | None, branch_id: int | None
    ) -> str:
        """Add one row; returns ``accepted``, ``supplemented`` or ``duplicate``."""
        case = self.cases.get(facts.case_number)
        fresh = case is None
        if case is None:
            case = KnownCase(facts.case_number, facts.respondent_class)
            self.cases[facts.case_number] = case
        news = case.supplement(facts, unit_id, officer_id, branch_id)
        party = case.party_of(facts)
        if party is None:
            party = self._person(facts)
            case.parties.append(party)
            case.added_parties.append((party, facts.role))
            news = True
        news = party.supplement(facts) or news
        for number in facts.numbers:
            self.people.setdefault((party.name, number.e164), party)
        if fresh:
            return "accepted"
        return "supplemented" if news else "duplicate"

    def _person(self, facts: Facts) -> KnownParty:
        for number in facts.numbers:
            party = self.people.get((facts.party_name, number.e164))
            if party is not None:
                return party
        return KnownParty(facts.party_name)
