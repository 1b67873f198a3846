"""Real databases for the tests: a SQLite file and a PostgreSQL server that is started here.

`database` runs a test on both. `database_url` is the same database for tests that open several
connections pools or processes on it.
"""

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from storage.database import Database

MISSING = (
    "PostgreSQL's server programs were not found (looked for /usr/lib/postgresql/*/bin/initdb "
    "and PATH). Install the Debian package postgresql, or run tests/install-peers as root."
)
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "120",
    "autovacuum": "off",
    "listen_addresses": "",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


def _program(name: str) -> str:
    installed = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"),
        key=lambda path: int(path.parts[-3].split(".")[0]),
    )
    found = str(installed[-1]) if installed else shutil.which(name)
    if found is None:
        pytest.fail(MISSING, pytrace=False)
    return found


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Start a PostgreSQL server on a socket of its own; gives its URL without database name."""
    initdb, postgres = _program("initdb"), _program("postgres")
    # PostgreSQL refuses to run as root: then the unprivileged user that its package made.
    user = None
    if os.geteuid() == 0:
        names = {entry.pw_name for entry in pwd.getpwall()}
        user = "postgres" if "postgres" in names else "nobody"
    folder = Path(tempfile.mkdtemp(prefix="huifang-pg-"))
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"
    as_user = {"user": user, "extra_groups": []} if user is not None else {}
    subprocess.run(
        [initdb, "-D", data, "-U", "huifang", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
        check=True,
        capture_output=True,
        cwd=folder,
        timeout=120,
        **as_user,
    )
    options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [postgres, "-D", data, "-k", folder, *options],
            stdout=log,
            stderr=log,
            cwd=folder,
            **as_user,
        )
    try:
        _await_ready(server, folder)
        yield f"postgresql+psycopg://huifang@/{{database}}?host={folder}"
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _await_ready(server: "subprocess.Popen[bytes]", folder: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(f"host={folder} user=huifang dbname=postgres").close()
        except psycopg.OperationalError:
            log = (folder / "log").read_text("utf-8", "replace")
            assert server.poll() is None, f"PostgreSQL ended: {log}"
            assert time.monotonic() < deadline, f"PostgreSQL did not start: {log}"
            time.sleep(0.05)
        else:
            return


@pytest.fixture(scope="session")
def _postgresql_template(postgresql: str) -> str:
    """A migrated database that every test's own is copied from."""
    _administer(postgresql, "CREATE DATABASE template_huifang")
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


def _administer(url: str, statement: str) -> None:
    folder = url.partition("?host=")[2]
    dsn = f"host={folder} user=huifang dbname=postgres"
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement)


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
    server = request.getfixturevalue("postgresql")
    template = request.getfixturevalue("_postgresql_template")
    name = f"test_{next(_numbers)}"
    _administer(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield server.format(database=name)
    finally:
        _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh, migrated database, opened; the test runs on SQLite and on PostgreSQL."""
    opened = Database(database_url)
    try:
        yield opened
    finally:
        await opened.close()
