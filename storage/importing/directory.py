"""Units, officers and branches by name: found or made, the recent ones remembered."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, TypeVar

from sqlalchemy import Table, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.importing.numbering import next_ids
from storage.schema import Base, Branch, Officer, Unit

MOST_REMEMBERED = 20_000
"""Names of one kind kept in memory."""

Key = TypeVar("Key")


class _Recent(OrderedDict[Key, int]):
    """Name -> id of those used last."""

    def forget_oldest(self) -> None:
        while len(self) > MOST_REMEMBERED:
            self.popitem(last=False)


def table_of(model: type[Base]) -> Table:
    """Return the table of a mapped class, for bulk statements."""
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 - tells mypy what a mapped class always has
    return table


class Directory:
    """Ids of units, officers and branches; the caller holds the transaction."""

    def __init__(self) -> None:
        self._units: _Recent[str] = _Recent()
        self._branches: _Recent[str] = _Recent()
        self._officers: _Recent[tuple[str, str]] = _Recent()

    async def units(
        self, connection: AsyncConnection, paths: Iterable[tuple[str, ...]]
    ) -> dict[tuple[str, ...], int]:
        """Return the id of every path, making it and the levels above it where missing."""
        wanted = set(paths)
        levels = {path[:depth] for path in wanted for depth in range(1, len(path) + 1)}
        for depth in range(1, max(map(len, levels), default=0) + 1):
            here = {"/".join(path): path for path in levels if len(path) == depth}
            await self._named(
                connection,
                table_of(Unit),
                self._units,
                here,
                lambda name, here=here: {
                    "parent_id": self._units.get("/".join(here[name][:-1])),
                    "code": "",
                },
            )
        found = {path: self._units["/".join(path)] for path in wanted}
        self._units.forget_oldest()
        return found

    async def branches(self, connection: AsyncConnection, names: Iterable[str]) -> dict[str, int]:
        """Return the id of every branch, making it where missing."""
        wanted = set(names)
        await self._named(
            connection, table_of(Branch), self._branches, wanted, lambda _name: dict[str, Any]()
        )
        found = {name: self._branches[name] for name in wanted}
        self._branches.forget_oldest()
        return found

    async def officers(
        self, connection: AsyncConnection, wanted: dict[tuple[str, str], int | None]
    ) -> dict[tuple[str, str], int]:
        """Return the id of every (badge number, name); new ones belong to the unit given."""
        officers = table_of(Officer)
        missing = [key for key in wanted if key not in self._officers]
        if missing:
            pair = tuple_(officers.c.badge_number, officers.c.name)
            query = select(officers.c.badge_number, officers.c.name, officers.c.id)
            for badge, name, number in await connection.execute(query.where(pair.in_(missing))):
                self._officers[badge, name] = number
            new = [key for key in missing if key not in self._officers]
            if new:
                ids = await next_ids(connection, officers, len(new))
                rows = [
                    {"id": number, "badge_number": badge, "name": name, "unit_id": unit}
                    for number, (badge, name) in zip(ids, new, strict=True)
                    for unit in (wanted[badge, name],)
                ]
                await connection.execute(insert(officers), rows)
                self._officers.update(zip(new, ids, strict=True))
        found = {key: self._officers[key] for key in wanted}
        self._officers.forget_oldest()
        return found

    async def _named(
        self,
        connection: AsyncConnection,
        table: Table,
        recent: _Recent[str],
        names: Iterable[str],
        further: Any,
    ) -> None:
        missing = [name for name in names if name not in recent]
        if not missing:
            return
        query = select(table.c.name, table.c.id).where(table.c.name.in_(missing))
        for name, number in await connection.execute(query):
            recent[name] = number
        new = [name for name in missing if name not in recent]
        if new:
            ids = await next_ids(connection, table, len(new))
            rows = [
                {"id": number, "name": name, **further(name)}
                for number, name in zip(ids, new, strict=True)
            ]
            await connection.execute(insert(table), rows)
            recent.update(zip(new, ids, strict=True))
