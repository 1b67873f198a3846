"""A real PostgreSQL server of one's own: started on a socket in a temporary folder, then removed.

with server() as url:
    Database(url.format(database="postgres"))
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

MISSING = (
    "PostgreSQL's server programs were not found (looked for /usr/lib/postgresql/*/bin/initdb "
    "and PATH). Install the Debian package postgresql, or run tests/install-peers as root."
)
QUICK = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
"""For tests: nothing of it has to survive a power cut."""


class MissingServer(Exception):
    """PostgreSQL is not installed here."""


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's server programs; raises MissingServer."""
    installed = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"),
        key=lambda path: int(path.parts[-3].split(".")[0]),
    )
    found = str(installed[-1]) if installed else shutil.which(name)
    if found is None:
        raise MissingServer(MISSING)
    return found


@contextmanager
def server(settings: Mapping[str, str] = QUICK) -> Iterator[str]:
    """Run a server; gives its URL with `{database}` in place of the database's name."""
    initdb, postgres = program("initdb"), program("postgres")
    # PostgreSQL refuses to run as root: then the unprivileged user that its package made.
    user = None
    if os.geteuid() == 0:
        names = {entry.pw_name for entry in pwd.getpwall()}
        user = "postgres" if "postgres" in names else "nobody"
    folder = Path(tempfile.mkdtemp(prefix="huifang-pg-"))
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"
    as_user: dict[str, Any] = {"user": user, "extra_groups": []} if user is not None else {}
    subprocess.run(
        [initdb, "-D", data, "-U", "huifang", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
        check=True,
        capture_output=True,
        cwd=folder,
        timeout=120,
        **as_user,
    )
    all_of_them = {"max_connections": "120", "listen_addresses": "", **settings}
    options = [part for name, value in all_of_them.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [postgres, "-D", data, "-k", folder, *options],
            stdout=log,
            stderr=log,
            cwd=folder,
            **as_user,
        )
    try:
        _await_ready(process, folder)
        yield f"postgresql+psycopg://huifang@/{{database}}?host={folder}"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def administer(url: str, statement: str) -> None:
    """Run one statement on the server's own database."""
    folder = url.partition("?host=")[2]
    dsn = f"host={folder} user=huifang dbname=postgres"
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement.encode())


def _await_ready(process: "subprocess.Popen[bytes]", folder: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(f"host={folder} user=huifang dbname=postgres").close()
        except psycopg.OperationalError:
            log = (folder / "log").read_text("utf-8", "replace")
            if process.poll() is not None:
                raise RuntimeError(f"PostgreSQL ended: {log}") from None
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {log}") from None
            time.sleep(0.05)
        else:
            return
