"""One chunk of rows into the tables, with a handful of statements, within one transaction."""

import re
from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.importing import conflicts
from storage.importing.bulk import insert_rows
from storage.importing.directory import Directory, table_of
from storage.importing.facts import Facts
from storage.importing.known import Known, KnownCase, KnownParty
from storage.importing.numbering import next_ids
from storage.schema import Case, CaseParty, CaseTag, Party, PartyNumber

_FACTS = ("officer", "unit", "branch", "accepted_at", "closed_at")
_LOCK = 4_812_111
"""PostgreSQL's advisory lock that lets one import write at a time (SQLite's writer is alone)."""
_SEVERAL = re.compile(r"[、,;/，；]")

cases, case_tags, case_parties = table_of(Case), table_of(CaseTag), table_of(CaseParty)
parties, party_numbers = table_of(Party), table_of(PartyNumber)
_CASE = tuple(column.name for column in cases.c)


class Keeper:
    """Writes chunks of one import."""

    def __init__(self, source: str, import_id: int, *, seen: bool = False) -> None:
        """`seen`: this very file was imported before; it contradicts nothing that came since."""
        self._source = source
        self._import_id = import_id
        self._seen = seen
        self.conflicts: Counter[tuple[str, bool]] = Counter()
        """(Fact, whether the new value was taken) -> how often, so far."""
        self._directory = Directory()

    async def keep(
        self, connection: AsyncConnection, chunk: list[Facts], now: datetime
    ) -> list[str]:
        """Write `chunk`; returns ``accepted``, ``supplemented`` or ``duplicate`` for each row."""
        if connection.dialect.name == "postgresql":
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        units = await self._directory.units(connection, (f.unit for f in chunk if f.unit))
        names = (f.branch for f in chunk if f.branch)
        branches = await self._directory.branches(connection, names)
        named = [_officer(facts) for facts in chunk]
        people = {
            who: units.get(facts.unit)
            for who, facts in zip(named, chunk, strict=True)
            if who != ("", "")
        }
        officers = await self._directory.officers(connection, people)
        known = await self._known(connection, chunk)
        outcomes = [
            known.take(
                facts,
                units.get(facts.unit),
                officers.get(who),
                branches.get(facts.branch),
            )
            for who, facts in zip(named, chunk, strict=True)
        ]
        await self._write(connection, known, now)
        found = [one for case in known.cases.values() for one in case.conflicts]
        for one in await conflicts.keep(connection, self._import_id, found, now):
            self.conflicts[one.fact, one.taken] += 1
        return outcomes

    async def _known(self, connection: AsyncConnection, chunk: list[Facts]) -> Known:
        known = Known()
        by_id: dict[int, KnownCase] = {}
        query = select(cases).where(
            cases.c.source == self._source,
            cases.c.case_number.in_({facts.case_number for facts in chunk}),
        )
        for row in await connection.execute(query):
            case = KnownCase(
                row.case_number,
                row.respondent_class,
                row.id,
                row.unit_id,
                row.officer_id,
                row.branch_id,
                row.accepted_at,
                row.closed_at,
                row.key_incident,
                dict(row.fields),
            )
            if self._seen or row.import_id == self._import_id:
                case.stated = {*_FACTS, *(f"fields.{name}" for name in case.fields)}
            known.cases[case.case_number] = by_id[case.id] = case
        if by_id:
            stated = await conflicts.stated(connection, self._import_id, by_id)
            for case_id, facts in stated.items():
                by_id[case_id].stated |= facts
        wanted = await self._of_cases(connection, by_id)
        numbers = {number.e164 for facts in chunk for number in facts.numbers}
        named = {(facts.party_name, n.e164) for facts in chunk for n in facts.numbers}
        found = select(parties.c.id, parties.c.name, party_numbers.c.e164).join_from(
            party_numbers, parties
        )
        same: dict[int, list[tuple[str, str]]] = {}
        for number, name, e164 in await connection.execute(
            found.where(party_numbers.c.e164.in_(numbers)).order_by(parties.c.id)
        ):
            if (name, e164) in named:
                same.setdefault(number, []).append((name, e164))
        loaded = await self._parties(connection, {*wanted, *same})
        for number, places in wanted.items():
            for case in places:
                case.parties.append(loaded[number])
        for number, keys in same.items():
            for key in keys:
                known.people.setdefault(key, loaded[number])
        return known

    async def _of_cases(
        self, connection: AsyncConnection, by_id: dict[int, KnownCase]
    ) -> dict[int, list[KnownCase]]:
        """Load the tags of known cases; returns which of them each party belongs to."""
        wanted: dict[int, list[KnownCase]] = {}
        if by_id:
            tags = select(case_tags).where(case_tags.c.case_id.in_(by_id))
            for row in await connection.execute(tags):
                by_id[row.case_id].tags.add(row.tag)
            links = select(case_parties).where(case_parties.c.case_id.in_(by_id))
            for row in await connection.execute(links.order_by(case_parties.c.party_id)):
                wanted.setdefault(row.party_id, []).append(by_id[row.case_id])
        return wanted

    async def _parties(self, connection: AsyncConnection, ids: set[int]) -> dict[int, KnownParty]:
        loaded: dict[int, KnownParty] = {}
        if ids:
            for row in await connection.execute(select(parties).where(parties.c.id.in_(ids))):
                loaded[row.id] = KnownParty(
                    row.name,
                    id=row.id,
                    language=row.language,
                    face_to_face=row.face_to_face,
                )
            query = select(party_numbers.c.party_id, party_numbers.c.e164)
            for party_id, e164 in await connection.execute(
                query.where(party_numbers.c.party_id.in_(ids))
            ):
                loaded[party_id].numbers.add(e164)
        return loaded

    async def _write(self, connection: AsyncConnection, known: Known, now: datetime) -> None:
        everyone = list({id(p): p for case in known.cases.values() for p in case.parties}.values())
        new_cases = [case for case in known.cases.values() if not case.id]
        old_cases = [case for case in known.cases.values() if case.id and case.changed]
        old_parties = [party for party in everyone if party.id and party.changed]
        new_parties = [party for party in everyone if not party.id]
        for case, number in zip(
            new_cases, await next_ids(connection, cases, len(new_cases)), strict=True
        ):
            case.id = number
        for party, number in zip(
            new_parties, await next_ids(connection, parties, len(new_parties)), strict=True
        ):
            party.id = number
        await insert_rows(connection, cases, _CASE, [self._new(case, now) for case in new_cases])
        await _each(
            connection,
            update(cases).where(cases.c.id == bindparam("key")),
            [{"key": case.id, **_facts_of(case), "updated_at": now} for case in old_cases],
        )
        await insert_rows(
            connection,
            parties,
            ("id", "name", "language", "time_zone", "face_to_face"),
            [(p.id, p.name, p.language, "", p.face_to_face) for p in new_parties],
        )
        await _each(
            connection,
            update(parties).where(parties.c.id == bindparam("key")),
            [{"key": party.id, **_person(party)} for party in old_parties],
        )
        await insert_rows(
            connection,
            case_parties,
            ("case_id", "party_id", "role"),
            [(c.id, p.id, role) for c in known.cases.values() for p, role in c.added_parties],
        )
        await insert_rows(
            connection,
            party_numbers,
            ("party_id", "e164", "extension", "kind", "position"),
            [
                (party.id, number.e164, number.extension, number.kind, position)
                for party in everyone
                for position, number in party.added
            ],
        )
        await insert_rows(
            connection,
            case_tags,
            ("case_id", "tag"),
            [(case.id, tag) for case in known.cases.values() for tag in case.added_tags],
        )

    def _new(self, case: KnownCase, now: datetime) -> tuple[Any, ...]:
        return (
            case.id,
            self._source,
            case.case_number,
            case.respondent_class,
            case.unit_id,
            case.officer_id,
            case.branch_id,
            case.accepted_at,
            case.closed_at,
            case.key_incident,
            case.fields,
            self._import_id,
            now,
            now,
        )


def _officer(facts: Facts) -> tuple[str, str]:
    """Return badge number and name; of several officers in one cell the first is rated."""
    return _first(facts.badge_number), _first(facts.officer)


def _first(value: str) -> str:
    return _SEVERAL.split(value, maxsplit=1)[0].strip() if _SEVERAL.search(value) else value


def _facts_of(case: KnownCase) -> dict[str, Any]:
    return {
        "unit_id": case.unit_id,
        "officer_id": case.officer_id,
        "branch_id": case.branch_id,
        "accepted_at": case.accepted_at,
        "closed_at": case.closed_at,
        "key_incident": case.key_incident,
        "fields": case.fields,
    }


def _person(party: KnownParty) -> dict[str, Any]:
    return {
        "name": party.name,
        "language": party.language,
        "face_to_face": party.face_to_face,
    }


async def _each(connection: AsyncConnection, statement: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        await connection.execute(statement, rows)
