"""Batches as rows: storing the survey, making, counting, and what people ask of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from core.plan import stored_plan
from storage.schema import Batch, Callback, Command, FlowVersion

OPEN_STATES = ("making", "ready", "running", "paused", "draining")
"""A batch in one of these may still make calls, or begin to."""
TRANSITIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "start": (("ready", "stopped"), "running"),
    "pause": (("running", "ready"), "paused"),
    "resume": (("paused", "draining"), "running"),
    "drain": (("running", "paused"), "draining"),
    "stop": (("making", "ready", "running", "paused", "draining"), "stopped"),
}
"""Command -> states in which it makes sense, and the state that it leads to."""
_MAKING_LOCK = 0x48554946
"""PostgreSQL advisory lock: two batches in the making must see each other's callbacks."""


@dataclass(frozen=True)
class BatchStatus:
    """Where a batch stands."""

    id: int
    name: str
    state: str
    state_reason: str
    survey: str
    survey_version: int
    schedule: str
    plan: str
    """Name of the plan that says by which channels people are reached."""
    priority: int
    deadline: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    callbacks: dict[str, int] = field(default_factory=dict)
    """State of callbacks -> how many."""
    dispositions: dict[str, int] = field(default_factory=dict)
    """Disposition of the last attempt -> how many callbacks."""
    verdicts: dict[str, int] = field(default_factory=dict)
    """Verdict -> how many callbacks."""


async def store_flow(
    session: AsyncSession, *, name: str, version: int, sha256: str, source: str, now: datetime
) -> int:
    """Keep the text of a survey, once for each `sha256`; its id."""
    dialect = session.get_bind().dialect.name
    dialect_insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    await session.execute(
        dialect_insert(FlowVersion)
        .values(name=name, version=version, sha256=sha256, source=source, stored_at=now)
        .on_conflict_do_nothing(index_elements=["sha256"])
    )
    found = await session.scalars(select(FlowVersion.id).where(FlowVersion.sha256 == sha256))
    return found.one()


async def flow_versions(
    session: AsyncSession, batches: Collection[int] | None = None, channel: str | None = None
) -> list[FlowVersion]:
    """Return the surveys of these batches; None: of all that are running or paused.

    `channel`: only of batches whose plan uses it.
    """
    query = select(Batch.flow_version_id, Batch.plan, Batch.channel)
    if batches is None:
        query = query.where(Batch.state.in_(("running", "paused")))
    else:
        query = query.where(Batch.id.in_(batches))
    wanted = {
        version
        for version, plan, first in await session.execute(query)
        if channel is None or channel in stored_plan(plan, first).channels
    }
    found = await session.execute(select(FlowVersion).where(FlowVersion.id.in_(wanted)))
    return list(found.scalars())


async def batch_named(session: AsyncSession, name: str) -> Batch | None:
    """Return the batch of this name, or whose id this is."""
    found = await session.scalar(select(Batch).where(Batch.name == name))
    if found is None and name.isdigit():
        found = await session.get(Batch, int(name))
    return found


async def lock_making(session: AsyncSession) -> None:
    """Wait until no other batch is putting callbacks in; held to the end of the transaction."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MAKING_LOCK})


async def add_callbacks(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Insert callbacks of one chunk."""
    if rows:
        await session.execute(insert(Callback), list(rows))


async def statuses(session: AsyncSession, batch_id: int | None = None) -> list[BatchStatus]:
    """Return all batches, or one, latest first."""
    query = (
        select(Batch, FlowVersion.name.label("survey"), FlowVersion.version.label("survey_version"))
        .join(FlowVersion, FlowVersion.id == Batch.flow_version_id)
        .order_by(Batch.id.desc())
    )
    counts = select(
        Callback.batch_id, Callback.state, Callback.disposition, Callback.verdict, func.count()
    ).group_by(Callback.batch_id, Callback.state, Callback.disposition, Callback.verdict)
    if batch_id is not None:
        query = query.where(Batch.id == batch_id)
        counts = counts.where(Callback.batch_id == batch_id)
    found: dict[int, BatchStatus] = {}
    for batch, survey, version in await session.execute(query):
        found[batch.id] = BatchStatus(
            id=batch.id,
            name=batch.name,
            state=batch.state,
            state_reason=batch.state_reason,
            survey=survey,
            survey_version=version,
            schedule=batch.schedule,
            plan=stored_plan(batch.plan, batch.channel).name,
            priority=batch.priority,
            deadline=batch.deadline,
            created_at=batch.created_at,
            started_at=batch.started_at,
            finished_at=batch.finished_at,
        )
    for owner, state, disposition, verdict, number in await session.execute(counts):
        status = found.get(owner)
        if status is None:  # made a moment ago, after the first query
            continue
        _count(status.callbacks, state, number)
        _count(status.dispositions, disposition, number)
        _count(status.verdicts, verdict, number)
    return list(found.values())


def _count(into: dict[str, int], word: str | None, number: int) -> None:
    if word:
        into[word] = into.get(word, 0) + number


async def ask(
    session: AsyncSession, batch: Batch, command: str, *, by: str, now: datetime, reason: str = ""
) -> bool:
    """Write down what a person asked of a batch and set its state; False: not possible now.

    Running dialers look at the state: running (call), paused (no new calls until resumed),
    draining (finish what was begun, then stop), stopped (no further calls; waiting callbacks are
    kept and wait for a new start).
    """
    allowed, state = TRANSITIONS[command]
    started = {"started_at": func.coalesce(Batch.started_at, now)} if command == "start" else {}
    changed = await session.execute(
        update(Batch)
        .where(Batch.id == batch.id, Batch.state.in_(allowed))
        .values(state=state, state_reason=reason, **started)
        .returning(Batch.id)
    )
    if changed.scalar() is None:
        return False
    session.add(Command(batch_id=batch.id, command=command, by=by, at=now))
    await session.flush()
    return True
