"""A sender of notices as tests need it: a clock that stands where it is put, few words."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core.clock import SystemClock
from followup.notices.composing import Words
from followup.notices.letter import Kind
from followup.notices.posting import Letterhead, Postman
from followup.notices.rules import NoticeRules
from followup.notices.smtp import SmtpServer
from followup.notices.telling import Teller, Telling
from storage import notices
from storage.database import Database
from storage.followups import open_item
from storage.schema import Notice

BOSS, TECHNICIAN = "boss@example.org", "technician@example.org"
SHANGHAI = ZoneInfo("Asia/Shanghai")


class SetClock(SystemClock):
    """The time that a test says."""

    def __init__(self, now: datetime) -> None:
        self.at = now

    def now(self) -> datetime:
        return self.at

    def later(self, **by: float) -> None:
        """Let time pass."""
        self.at += timedelta(**by)


@dataclass
class Office:
    """One process that tells and sends."""

    database: Database
    clock: SetClock
    server: SmtpServer
    rules: NoticeRules = field(default_factory=NoticeRules)
    recipients: dict[Kind, tuple[str, ...]] = field(
        default_factory=lambda: {
            kind: (TECHNICIAN,) if kind is Kind.TRUNK else (BOSS,)
            for kind in Kind
            if kind is not Kind.DAILY
        }
    )

    @property
    def teller(self) -> Teller:
        return Teller(
            self.database, self.clock, Telling(self.recipients, zone=SHANGHAI, machine="caller1")
        )

    @property
    def postman(self) -> Postman:
        head = Letterhead("huifang@example.org", "Huifang 回访", Words("zh", SHANGHAI))
        return Postman(self.database, self.clock, self.server, head, self.rules)

    async def kept(self) -> list[Notice]:
        """Return all notices, the first one first."""
        async with self.database.read() as session:
            return (await notices.listed(session, limit=1000))[::-1]

    async def states(self) -> list[str]:
        return [each.state for each in await self.kept()]


async def put_item(world: Any, reason: str = "dissatisfied", **known: Any) -> int:
    """Put a case into the follow-up queue; the item's id."""
    case = await world.case(**known.pop("case", {}))
    party = await world.party(case, "+8613912345678")
    values = {"deadline": None, "key_incident": False, "callback_id": None, "now": world.now}
    async with world.database.write() as session:
        return await open_item(
            session, case_id=case.id, party_id=party.id, reason=reason, **values | known
        )
