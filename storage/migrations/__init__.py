"""The history of the tables. Run from code (no alembic.ini), on a connection that is given.

A change of storage/schema/ comes with a file in versions/; tests compare the two.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

_LOCK = 4_812_110
"""Any number of our own: PostgreSQL's advisory lock that keeps two migrations apart."""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    # ConfigParser reads % as the start of a reference.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def head() -> str:
    """Return the newest revision that this version of Huifang knows."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    assert newest is not None  # noqa: S101 - the package is broken without a migration
    return newest


def current(connection: Connection) -> str | None:
    """Return the revision that the tables of `connection` have; None: none yet."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the tables up or down to `revision` within the transaction of `connection`.

    ``base``: empty; ``head``: the newest.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    script = ScriptDirectory.from_config(_config())
    newer = [each.revision for each in script.iterate_revisions("head", "base")]
    if revision in newer:
        newer = newer[: newer.index(revision)]
    if revision == "base" or (revision != "head" and current(connection) in newer):
        command.downgrade(_config(connection), revision)
    else:
        command.upgrade(_config(connection), revision)
