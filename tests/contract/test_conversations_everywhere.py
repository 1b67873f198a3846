"""A conversation comes to the same over every driver: the same people, the same survey, the same
dispositions, verdicts, answers and follow-up items."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.calling import Calls, dialer
from core.clock import VirtualClock
from core.disposition import Disposition
from ivr.channels.dry_run import DryRunChannel
from ivr.conversation_rules import ConversationRules
from ivr.people.directory import behaviour_of
from ivr.people.person import BY_LAST_DIGIT, EXPECTED, Behaviour
from ivr.prompt_length import SilentPrompts
from storage.database import Database
from tests.cloud.house import Kept, house, look, people, settings
from tests.dialing.town import MORNING
from tests.peers.twilio_voice import TwilioVoice

pytestmark = pytest.mark.live
NUMBERS = {
    Behaviour(behaviour_of(ending)): f"+8613800000{ending.zfill(3)}" for ending in BY_LAST_DIGIT
}


@dataclass(frozen=True)
class CameTo:
    """What is kept of one person."""

    disposition: str
    verdict: str | None
    answers: tuple[tuple[str, str, str, str | None], ...]
    """Step, kind, label (of a recording: none, it is its length), verdict; in their order."""
    follow_up: tuple[str, ...]


async def over_the_dry_run(folder: Path) -> Kept:
    """Call everybody in virtual time."""
    clock = VirtualClock(MORNING)
    url = f"sqlite:///{folder / 'dry-run.db'}"
    database = Database(url, clock=clock, rehearsal=True)
    try:
        await database.migrate()
        await people(database, list(NUMBERS.values()))
        loaded = settings(folder, "https://house.example", "https://api.example")
        channel = DryRunChannel(clock, trunks=tuple(trunk.name for trunk in loaded.trunks))
        rules = ConversationRules(recordings=folder / "recordings")
        calls = Calls(loaded, database, channel, SilentPrompts(), clock, loaded.trunks, rules=rules)
        await calls.prepare(None)
        calling = dialer(loaded, database, channel, calls, clock, language="en")
        time = asyncio.create_task(clock.drive())
        try:
            await calling.run()
        finally:
            time.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await time
        return await look(database)
    finally:
        await database.close()


async def over_the_cloud(folder: Path) -> Kept:
    """Call everybody by the provider, over real HTTP."""
    database = Database(f"sqlite:///{folder / 'cloud.db'}")
    try:
        await database.migrate()
        await people(database, list(NUMBERS.values()))
        async with house(database, folder, TwilioVoice()) as cloud:
            kept = await cloud.call_all()
        assert cloud.api.faults == []
        return kept
    finally:
        await database.close()


def came_to(kept: Kept) -> dict[Behaviour, CameTo]:
    """Return what became of everybody."""
    found = {}
    for who, number in NUMBERS.items():
        attempt = kept.of(number)
        found[who] = CameTo(
            attempt.disposition or "",
            attempt.verdict,
            tuple(
                (one.step, one.kind, "" if one.kind == "recording" else one.label, one.verdict)
                for one in sorted(kept.answers, key=lambda answer: answer.position)
                if one.attempt_id == attempt.id
            ),
            tuple(one.reason for one in kept.items if one.callback_id == attempt.callback_id),
        )
    return found


@pytest.mark.parametrize(
    ("hold", "tells_causes"),
    [(over_the_dry_run, True), (over_the_cloud, False)],
    ids=["dry_run", "cloud"],
)
async def test_everybody_comes_to_what_he_should(
    hold: Callable[[Path], Awaitable[Kept]], tells_causes: bool, tmp_path: Path
) -> None:
    """`tells_causes`: the line passes on why a phone was not reached (Q.850)."""
    for who, seen in came_to(await hold(tmp_path)).items():
        should = EXPECTED[who].disposition
        if who is Behaviour.SWITCHED_OFF and not tells_causes:
            should = Disposition.NO_ANSWER
        assert (who, seen.disposition) == (who, should)
        assert (who, seen.verdict) == (who, EXPECTED[who].verdict)


async def test_the_same_is_kept_of_everybody(tmp_path: Path) -> None:
    by_dry_run = came_to(await over_the_dry_run(tmp_path))
    by_cloud = came_to(await over_the_cloud(tmp_path))
    assert len(by_dry_run[Behaviour.DISSATISFIED].answers) > 1
    # Of a phone that is switched off a carrier tells more than the provider does.
    del by_dry_run[Behaviour.SWITCHED_OFF], by_cloud[Behaviour.SWITCHED_OFF]
    assert by_cloud == by_dry_run
