"""A batch is rehearsed from a copy: the real database is read and nothing else."""

import asyncio
import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert, select, text, update
from typer.testing import CliRunner

from app import surveys
from app.main import app
from app.rehearsal import Wanted, rehearse_batch
from config.loading import load
from core.clock import SystemClock
from core.plan import SHIPPED
from dialer.batches import create_batch
from storage.database import Database
from storage.schema import Attempt, Base, Batch, Callback, DoNotCall
from storage.selection import CaseQuery
from tests.dialing.town import MORNING, settle

PEOPLE = 40


async def make(database: Database) -> None:
    """Make the batch; the town's own callbacks are over."""
    await settle(database, PEOPLE, state="finished", batch=7)
    loaded = load(None)
    ready = surveys.ready(surveys.find(loaded, "counter"))
    async with database.write() as session:
        await session.execute(update(Callback).values(state="done", disposition="no_answer"))
    await create_batch(
        database,
        name="March",
        survey=replace(ready.facts, required=()),
        query=CaseQuery(called_back_too=True),
        rules=loaded.settings.calling.rules(),
        clock=_Then(),
    )


class _Then(SystemClock):
    def now(self):
        return MORNING


async def contents(database: Database) -> str:
    """Return one hash over every row of every table."""
    digest = hashlib.sha256()
    async with database.read() as session:
        for table in Base.metadata.sorted_tables:
            rows = (await session.execute(select(table))).all()
            for row in sorted(repr(tuple(row)) for row in rows):
                digest.update(f"{table.name}:{row}\n".encode())
    return digest.hexdigest()


async def test_the_real_database_is_left_as_it_was(database: Database) -> None:
    await make(database)
    before = await contents(database)
    report = await rehearse_batch(load(None), Wanted(channels=10), database, "March", now=MORNING)
    assert await contents(database) == before
    assert report.callbacks == PEOPLE
    assert report.attempts > PEOPLE
    assert report.states.get("waiting", 0) == 0


async def test_what_happened_before_counts(database: Database) -> None:
    """Whoever is on the list is not called, whoever was called three times lately is later."""
    await make(database)
    async with database.write() as session:
        first, second = (
            await session.scalars(
                select(Callback)
                .join(Batch, Batch.id == Callback.batch_id)
                .where(Batch.name == "March")
                .order_by(Callback.id)
                .limit(2)
            )
        ).all()
        await session.execute(
            insert(DoNotCall), [{"e164": first.e164, "reason": "asked", "added_at": MORNING}]
        )
        old = await session.scalar(
            select(Callback.id).where(Callback.e164 == second.e164, Callback.batch_id == 7)
        )
        tried = [MORNING - timedelta(days=day) for day in (2, 4, 6)]
        await session.execute(
            insert(Attempt),
            [
                {
                    "callback_id": old,
                    "sequence": sequence,
                    "party_id": second.party_id,
                    "e164": second.e164,
                    "dialer": "x",
                    "state": "closed",
                    "disposition": "no_answer",
                    "claimed_at": at,
                    "dialed_at": at,
                    "ended_at": at + timedelta(minutes=1),
                }
                for sequence, at in enumerate(tried, 1)
            ],
        )
    report = await rehearse_batch(load(None), Wanted(channels=10), database, "March", now=MORNING)
    assert report.callbacks == PEOPLE
    assert sum(report.tries.values()) == PEOPLE - 1
    # The other one has to wait until the oldest of three calls is 30 days ago.
    late = [day for day in report.days if day.day > (MORNING + timedelta(days=14)).date()]
    assert late[0].day == (tried[-1] + timedelta(days=30)).date()
    assert {day.attempts for day in late} == {1}


def test_the_command_rehearses_a_batch_and_leaves_the_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "real.db"
    config = tmp_path / "huifang.yaml"
    config.write_text(f"database: {{url: 'sqlite:///{file}'}}\n", "utf-8")

    async def prepare() -> None:
        database = Database(f"sqlite:///{file}")
        await database.migrate()
        await make(database)
        async with database.write() as session:  # deadlines of the rehearsal's own time
            await session.execute(update(Callback).values(deadline=None))
        async with database.engine.connect() as connection:
            await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        await database.close()

    asyncio.run(prepare())
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    done = CliRunner().invoke(
        app, ["--config", str(config), "rehearse", "March", "--channels", "10", "--format", "json"]
    )
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert (report["callbacks"], report["simulated"]) == (PEOPLE, True)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before


def test_what_cannot_be_rehearsed_is_said_in_words(tmp_path: Path) -> None:
    config = tmp_path / "huifang.yaml"
    config.write_text("language: zh\n", "utf-8")

    def said(language: str, *words: str) -> str:
        done = CliRunner().invoke(
            app, ["--config", str(config), "--language", language, "rehearse", *words]
        )
        assert done.exit_code == 2
        return done.stderr

    assert "没有名为“x”的批次" in said("zh", "x")
    assert "There is no batch" in said("en", "x")
    assert "比例“late=1”无法识别" in said("zh", "--shares", "late=1")
    assert "“late=1” is no share" in said("en", "--shares", "late=1")
    assert "not both" in said("en", "--shares", "satisfied=1", "--answer-rate", "0.3")
    assert "is no date" in said("en", "--from", "soon")


async def test_a_plan_is_rehearsed_over_all_its_channels(sqlite: Database, tmp_path: Path) -> None:
    await settle(sqlite, PEOPLE, state="finished", batch=7)
    settings = tmp_path / "huifang.yaml"
    settings.write_text("text_gateways: [{name: dry, driver: dry_run}]\n", "utf-8")
    loaded = load(settings, {})
    async with sqlite.write() as session:
        await session.execute(update(Callback).values(state="done", disposition="no_answer"))
    await create_batch(
        sqlite,
        name="April",
        survey=replace(surveys.ready(surveys.find(loaded, "emergency")).facts, required=()),
        query=CaseQuery(called_back_too=True),
        rules=loaded.settings.calling.rules(),
        clock=_Then(),
        plan=SHIPPED["sms_then_voice"],
    )
    report = await rehearse_batch(loaded, Wanted(), sqlite, "April", now=MORNING)
    # Everybody is written to first; by the last digit of their numbers one of ten is silent and
    # one cannot be reached: these are called. (Who picks another time is written to again.)
    assert sum(report.texts.values()) >= PEOPLE
    assert (report.texts["no_answer"] >= PEOPLE // 10, report.texts["unreachable"]) == (True, 4)
    assert report.attempts >= report.texts["no_answer"] + report.texts["unreachable"]
    assert not {"waiting", "calling"} & set(report.states)
