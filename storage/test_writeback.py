"""Each result goes back once, whatever crashes when."""

import csv
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, func, select, text, update

from core.clock import SystemClock
from core.errors import AuthorError, TransientError
from core.phone import PhoneNumber
from storage.corrections import call_again
from storage.database import Database
from storage.final import standing
from storage.importing.importer import import_file
from storage.importing.mapping import Mapping, load_mapping
from storage.schema import Answer, Batch, Callback, FollowUpItem, Unit, WriteBack
from storage.writeback import write_files, write_rows
from storage.writeback.files import STAGING

CLOCK = SystemClock()


@pytest.fixture
def police() -> Mapping:
    return load_mapping(Path(__file__).parent / "importing/mappings/police.yaml")


async def _callback(world: Any, batch: Batch, state: str, verdict: str | None = None) -> Callback:
    unit = await world.add(Unit(name=f"派出所{next(world.made)}"))
    case = await world.case(
        source="接警平台",
        unit_id=unit.id,
        fields={"category": "窗口服务"},
        respondent_class="counter",
    )
    party = await world.party(case)
    made: Callback = await world.callback(
        batch, case, party, state=state, verdict=verdict, disposition="completed"
    )
    attempt = await world.attempt(made, world.now, "completed")
    if verdict:
        await world.add(
            Answer(
                attempt_id=attempt.id,
                position=1,
                step="态度",
                kind="key",
                value="1",
                label="满意",
                aspect="处警态度",
                verdict=verdict,
                answered_at=world.now,
            )
        )
    return made


async def _receipts(database: Database) -> int:
    async with database.read() as session:
        return int(await session.scalar(select(func.count()).select_from(WriteBack)) or 0)


def _rows(folder: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for path in sorted(folder.glob("*.csv")):
        found += csv.DictReader(path.read_text("utf-8-sig").splitlines())
    return found


async def test_what_stands_is_written_and_what_does_not_is_not(world: Any) -> None:
    batch = await world.batch()
    stands = [
        await _callback(world, batch, "done", "satisfied"),
        await _callback(world, batch, "done"),
        await _callback(world, batch, "follow_up", "dissatisfied"),
    ]
    for state in ("waiting", "calling", "cancelled"):
        await _callback(world, batch, state)
    unsure = await _callback(world, batch, "follow_up", "unsure")
    item = await world.add(
        FollowUpItem(
            case_id=unsure.case_id,
            callback_id=unsure.id,
            party_id=unsure.party_id,
            reason="unsure",
            rank=2,
            created_at=world.now,
        )
    )
    async with world.database.read() as session:
        assert [f.callback_id for f in await standing(session, "t")] == [c.id for c in stands]
    async with world.database.write() as session:
        closed = {"state": "closed", "outcome": "satisfied"}
        later = world.now + timedelta(hours=1)
        await session.execute(
            update(FollowUpItem).where(FollowUpItem.id == item.id).values(closed_at=later, **closed)
        )
    async with world.database.read() as session:
        last = (await standing(session, "t"))[-1]
    assert (last.callback_id, last.verdict, last.settled_by) == (unsure.id, "satisfied", "person")


async def test_a_file_has_the_shape_of_the_import_and_each_result_once(
    world: Any, tmp_path: Path, police: Mapping
) -> None:
    batch, folder = await world.batch(), tmp_path / "back"
    made = [await _callback(world, batch, "done", "satisfied") for _ in range(3)]
    receipts = await write_files(world.database, "home", folder, police, clock=CLOCK, rows=2)
    assert [r.results for r in receipts] == [2, 1]
    assert {p.stem for p in folder.glob("*.csv")} == {r.receipt for r in receipts}
    rows = _rows(folder)
    assert [int(row["回访编号"]) for row in rows] == [c.id for c in made]
    assert {row["评价"] for row in rows} == {"满意"}
    assert {row["各项评价"] for row in rows} == {"处警态度=满意"}
    assert {row["报警类别"] for row in rows} == {"窗口服务"}
    assert await write_files(world.database, "home", folder, police, clock=CLOCK) == []
    await _callback(world, batch, "done", "dissatisfied")
    await write_files(world.database, "home", folder, police, clock=CLOCK)
    assert len(_rows(folder)) == 4
    assert await _receipts(world.database) == 4
    again = await import_file(
        world.database, folder / f"{receipts[0].receipt}.csv", police, clock=CLOCK
    )
    assert (again.duplicate, again.rows) == (again.rows, 2)


class _Crash(BaseException):
    pass


@pytest.mark.parametrize("where", ["staged", "committed", "published"])
async def test_a_crash_between_any_two_steps_doubles_and_loses_nothing(
    world: Any, tmp_path: Path, police: Mapping, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    batch, folder = await world.batch(), tmp_path / "back"
    for _ in range(3):
        await _callback(world, batch, "done", "satisfied")

    def crash(*_: object) -> None:
        raise _Crash

    with monkeypatch.context() as patch:
        if where == "staged":
            patch.setattr("storage.writeback.files.record", crash)
        elif where == "committed":
            patch.setattr(Path, "replace", crash)
        else:
            real = Path.replace

            def replace(self: Path, target: Path) -> None:
                real(self, target)
                raise _Crash

            patch.setattr(Path, "replace", replace)
        with pytest.raises(_Crash):
            await write_files(world.database, "home", folder, police, clock=CLOCK)
    taken_away = _rows(folder)  # whoever reads the folder takes what is there
    for path in folder.glob("*.csv"):
        path.unlink()
    await _callback(world, batch, "done", "satisfied")
    await write_files(world.database, "home", folder, police, clock=CLOCK)
    ids = [row["回访编号"] for row in taken_away + _rows(folder)]
    assert len(ids) == len(set(ids)) == 4
    assert list((folder / STAGING / "home").iterdir()) == []


async def test_a_folder_that_cannot_be_written_is_said_and_nothing_is_marked(
    world: Any, tmp_path: Path, police: Mapping
) -> None:
    await _callback(world, await world.batch(), "done", "satisfied")
    folder = tmp_path / "file"
    folder.write_text("in the way", "utf-8")
    with pytest.raises(TransientError) as caught:
        await write_files(world.database, "home", folder, police, clock=CLOCK)
    assert caught.value.problems[0].code == "write-back-folder"
    assert await _receipts(world.database) == 0


COLUMNS = {"callback_id": "id", "case_number": "case_no", "verdict": "v", "called_at": "at"}


def _target(path: Path, key: str = "PRIMARY KEY") -> str:
    url = f"sqlite:///{path}"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            text(f"CREATE TABLE r (id INTEGER {key}, case_no TEXT, v TEXT, at TEXT)")
        )
    engine.dispose()
    return url


def _stored(url: str) -> list[Any]:
    engine = create_engine(url)
    with engine.begin() as connection:
        found = connection.execute(text("SELECT id, v FROM r ORDER BY id")).all()
    engine.dispose()
    return list(found)


@pytest.mark.parametrize("driver", ["sqlite", "sqlite+aiosqlite"])
async def test_rows_go_to_a_table_once_even_after_a_crash(
    world: Any, tmp_path: Path, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = await world.batch()
    made = [await _callback(world, batch, "done", "satisfied") for _ in range(3)]
    plain = _target(tmp_path / "other.db")
    url = plain.replace("sqlite", driver, 1)

    def crash(*_: object) -> None:
        raise _Crash

    with monkeypatch.context() as patch:
        patch.setattr("storage.writeback.tables.record", crash)
        with pytest.raises(_Crash):
            await write_rows(world.database, "t", url, "r", COLUMNS, clock=CLOCK)
    assert await _receipts(world.database) == 0
    made.append(await _callback(world, batch, "follow_up", "dissatisfied"))
    receipts = await write_rows(world.database, "t", url, "r", COLUMNS, clock=CLOCK)
    assert sum(r.results for r in receipts) == 4
    verdicts = ["satisfied", "satisfied", "satisfied", "dissatisfied"]
    assert _stored(plain) == list(zip([c.id for c in made], verdicts, strict=True))
    assert await write_rows(world.database, "t", url, "r", COLUMNS, clock=CLOCK) == []


async def test_a_table_on_postgresql(world: Any, database_url: str) -> None:
    if world.database.dialect != "postgresql":
        database_url = f"{database_url}.other"
        _target(Path(database_url.removeprefix("sqlite:///")))
    else:
        async with world.database.write() as session:
            await session.execute(
                text("CREATE TABLE r (id INT PRIMARY KEY, case_no TEXT, v TEXT, at TIMESTAMPTZ)")
            )
    await _callback(world, await world.batch(), "done", "satisfied")
    receipts = await write_rows(world.database, "t", database_url, "r", COLUMNS, clock=CLOCK)
    assert [r.results for r in receipts] == [1]


@pytest.mark.parametrize(
    ("table", "columns", "key", "code"),
    [
        ("r", {"case_number": "case_no"}, "PRIMARY KEY", "write-back-columns"),
        ("r", {**COLUMNS, "mood": "v"}, "PRIMARY KEY", "write-back-columns"),
        ("r", {**COLUMNS, "reason": "why"}, "PRIMARY KEY", "write-back-no-column"),
        ("x", COLUMNS, "PRIMARY KEY", "write-back-no-table"),
        ("r", COLUMNS, "", "write-back-not-unique"),
    ],
)
async def test_a_wrong_table_is_refused(
    world: Any, tmp_path: Path, table: str, columns: dict[str, str], key: str, code: str
) -> None:
    await _callback(world, await world.batch(), "done", "satisfied")
    url = _target(tmp_path / "other.db", key)
    with pytest.raises(AuthorError) as caught:
        await write_rows(world.database, "t", url, table, columns, clock=CLOCK)
    assert [p.code for p in caught.value.problems] == [code]
    assert await _receipts(world.database) == 0


async def test_a_callback_that_is_called_again_gets_its_new_result_written_once(
    world: Any, tmp_path: Path, police: Mapping
) -> None:
    made = await _callback(world, await world.batch(), "follow_up", "dissatisfied")
    folder, url = tmp_path / "back", _target(tmp_path / "other.db")

    async def written() -> list[tuple[str, str, str]]:
        await write_files(world.database, "home", folder, police, clock=CLOCK)
        await write_rows(world.database, "t", url, "r", COLUMNS, clock=CLOCK)
        return sorted((r["回访编号"], r["结果序号"], r["评价"]) for r in _rows(folder))

    first = (str(made.id), "1", "不满意")
    assert await written() == [first]
    assert await written() == [first]
    async with world.database.write() as session:
        right = PhoneNumber("+8613900000009")
        assert await call_again(session, made.id, right, world.now)
    assert await written() == [first]
    async with world.database.write() as session:
        done = {"state": "done", "verdict": "satisfied", "closed_at": world.now}
        await session.execute(update(Callback).where(Callback.id == made.id).values(**done))
    both = [first, (str(made.id), "2", "满意")]
    assert await written() == both
    assert await written() == both
    assert _stored(url) == [(made.id, "satisfied")]
    assert await _receipts(world.database) == 4
