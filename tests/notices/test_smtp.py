"""Notices to a real SMTP server: encrypted, logged in, refused, cut off, killed."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from followup.notices.message import message_id
from followup.notices.smtp import SmtpServer
from storage.schema import Notice
from tests.notices.office import BOSS, Office, SetClock, put_item
from tests.peers.mail import PASSWORD, USER, MailPeer, certificate, mail_peer


@pytest.fixture
async def peer() -> AsyncIterator[MailPeer]:
    async with mail_peer() as found:
        yield found


@pytest.fixture
def office(world: Any, peer: MailPeer) -> Office:
    server = SmtpServer("127.0.0.1", peer.port, "none")
    return Office(world.database, SetClock(world.now), server)


@pytest.fixture
def small(sqlite_world: Any, peer: MailPeer) -> Office:
    """On SQLite only, for what does not depend on the database."""
    server = SmtpServer("127.0.0.1", peer.port, "none")
    return Office(sqlite_world.database, SetClock(sqlite_world.now), server)


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_notice_arrives_encrypted_and_logged_in(
    sqlite_world: Any, tmp_path: Path, security: str
) -> None:
    context, pem = certificate(tmp_path)
    item = await put_item(sqlite_world, case={"case_number": "A<1>&"})
    known = {security: context}
    async with mail_peer(auth=True, **known) as peer:  # type: ignore[arg-type]
        server = SmtpServer("127.0.0.1", peer.port, security, USER, PASSWORD, pem)  # type: ignore[arg-type]
        office = Office(sqlite_world.database, SetClock(sqlite_world.now), server)
        assert await office.teller.look() == 1
        posted = await office.postman.post()
    assert [each.error for each in await office.kept()] == [""]
    assert (posted.sent, posted.postponed, posted.failed) == (1, 0, 0)
    assert peer.logins == [True]
    assert peer.to == [BOSS]
    (mail,) = peer.mails
    assert mail["Subject"] == "【急】人工回访：案件 A<1>&，不满意"
    assert str(mail["From"]) == "Huifang 回访 <huifang@example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == message_id(f"urgent:{item}", BOSS, "huifang@example.org")
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "案件 A<1>& 需要尽快人工回访" in text.get_content()
    assert "案件 A&lt;1&gt;&amp; 需要尽快人工回访" in html.get_content()
    for part in (text, html):
        assert "139****5678" in part.get_content()
        assert "13912345678" not in part.get_content()
        assert "张三" not in part.get_content()


async def test_a_wrong_password_loses_nothing(sqlite_world: Any, tmp_path: Path) -> None:
    context, pem = certificate(tmp_path)
    await put_item(sqlite_world)
    async with mail_peer(auth=True, tls=context) as peer:
        wrong = SmtpServer("127.0.0.1", peer.port, "tls", USER, "wrong", pem)
        office = Office(sqlite_world.database, SetClock(sqlite_world.now), wrong)
        await office.teller.look()
        assert (await office.postman.post()).postponed == 1
        (kept,) = await office.kept()
        assert (kept.state, kept.tries) == ("waiting", 1)
        assert "不接受用户名或密码：535" in kept.error
        assert "wrong" not in kept.error
        office.server = SmtpServer("127.0.0.1", peer.port, "tls", USER, PASSWORD, pem)
        assert (await office.postman.post()).sent == 0  # not before its time
        office.clock.later(minutes=1)
        assert (await office.postman.post()).sent == 1
    assert await office.states() == ["sent"]
    assert False in peer.logins
    assert peer.logins[-1] is True


async def test_nothing_is_said_in_the_clear_where_starttls_is_not_offered(small: Office) -> None:
    small.server = SmtpServer("127.0.0.1", small.server.port, "starttls", USER, PASSWORD)
    await _one_waiting(small)
    assert (await small.postman.post()).postponed == 1
    (kept,) = await small.kept()
    assert "不支持 STARTTLS" in kept.error


async def test_a_certificate_of_somebody_else_is_refused(sqlite_world: Any, tmp_path: Path) -> None:
    context, pem = certificate(tmp_path, "mail.elsewhere.test")
    async with mail_peer(auth=True, tls=context) as peer:
        server = SmtpServer("127.0.0.1", peer.port, "tls", USER, PASSWORD, pem)
        office = Office(sqlite_world.database, SetClock(sqlite_world.now), server)
        await _one_waiting(office)
        assert (await office.postman.post()).postponed == 1
        assert peer.logins == []
    (kept,) = await office.kept()
    assert "证书无效" in kept.error


async def test_no_server_at_all_is_tried_again_with_growing_pauses(small: Office) -> None:
    async with mail_peer() as gone:
        port = gone.port
    here, small.server = small.server, SmtpServer("127.0.0.1", port, "none")
    await _one_waiting(small)
    pauses = []
    for _ in range(8):
        await small.postman.post()
        (kept,) = await small.kept()
        pauses.append((kept.next_at - small.clock.now()).total_seconds() / 60)
        small.clock.at = kept.next_at
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    small.server = here
    assert (await small.postman.post()).sent == 1


async def test_what_is_never_taken_is_given_up_and_sent_again_on_demand(
    small: Office, peer: MailPeer
) -> None:
    from storage import notices

    await _one_waiting(small)
    peer.answers += ["451 greylisted"] * 2
    await small.postman.post()
    small.clock.later(days=3)
    assert (await small.postman.post()).failed == 1
    assert await small.states() == ["failed"]
    async with small.database.write() as session:
        assert await notices.again(session, small.clock.now()) == 1
    assert (await small.postman.post()).sent == 1


async def test_later_means_later(office: Office, peer: MailPeer) -> None:
    await _one_waiting(office)
    peer.answers.append("451 4.7.1 greylisted")
    assert (await office.postman.post()).postponed == 1
    (kept,) = await office.kept()
    assert "451 4.7.1 greylisted" in kept.error
    assert peer.mails == []
    assert (await office.postman.post()).sent == 0
    office.clock.later(minutes=1)
    assert (await office.postman.post()).sent == 1
    (kept,) = await office.kept()
    assert (kept.state, kept.tries, kept.error, kept.sent_at) == (
        "sent",
        2,
        "",
        office.clock.now(),
    )


async def test_refused_for_good_is_shown_and_does_not_hold_up_the_others(
    office: Office, peer: MailPeer
) -> None:
    for kind in office.recipients:
        office.recipients[kind] = ("gone@example.org", BOSS)
    peer.refused["gone@example.org"] = "550 5.1.1 no such user"
    await _one_waiting(office)
    posted = await office.postman.post()
    assert (posted.sent, posted.failed) == (1, 1)
    gone, fine = await office.kept()
    assert (gone.state, fine.state) == ("failed", "sent")
    assert "550 5.1.1 no such user" in gone.error
    assert peer.to == [BOSS]


async def test_a_connection_cut_in_data_repeats_the_very_same_mail(
    office: Office, peer: MailPeer
) -> None:
    world_items = [await _one_waiting(office) for _ in range(3)]
    assert len(world_items) == 3
    peer.answers.append("cut")
    posted = await office.postman.post()
    assert (posted.sent, posted.postponed) == (2, 1)
    office.clock.later(minutes=1)
    assert (await office.postman.post()).sent == 1
    assert peer.mails[0].as_bytes() == peer.mails[-1].as_bytes()
    assert len({mail["Message-ID"] for mail in peer.mails}) == 3
    assert await office.states() == ["sent"] * 3


async def test_two_postmen_send_each_notice_once(
    office: Office, peer: MailPeer, database_url: str
) -> None:
    from followup.notices.rules import NoticeRules
    from storage.database import Database

    office.rules = NoticeRules(digest_above=100)
    for _ in range(12):
        await _one_waiting(office)
    other = Office(Database(database_url), office.clock, office.server, office.rules)
    try:
        both = await asyncio.gather(office.postman.post(), other.postman.post())
    finally:
        await other.database.close()
    assert sum(one.sent for one in both) == 12
    assert len({mail["Message-ID"] for mail in peer.mails}) == len(peer.mails) == 12


async def test_one_that_cannot_be_written_does_not_hold_up_the_others(
    small: Office, peer: MailPeer
) -> None:
    await _one_waiting(small)
    async with small.database.write() as session:
        await session.execute(update(Notice).values(facts={"of": "another version"}))
    await _one_waiting(small)
    posted = await small.postman.post()
    assert (posted.sent, posted.failed, len(peer.mails)) == (1, 1, 1)
    broken, fine = await small.kept()
    assert (broken.state, fine.state) == ("failed", "sent")
    assert broken.key in broken.error


SENDER = """
import asyncio, sys
from datetime import datetime
from storage.database import Database
from followup.notices.smtp import SmtpServer
from tests.notices.office import Office, SetClock

async def main(url, port, now):
    database = Database(url)
    server = SmtpServer("127.0.0.1", int(port), "none")
    await Office(database, SetClock(datetime.fromisoformat(now)), server).postman.post()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_kill_while_the_server_takes_it_loses_nothing(
    office: Office, peer: MailPeer, database_url: str
) -> None:
    for _ in range(3):
        await _one_waiting(office)
    peer.answers += ["250 OK", "hold"]
    now = office.clock.now().isoformat()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", SENDER, database_url, str(peer.port), now),
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    await peer.taken(2)  # the second is with the server, and the sender does not know it
    process.send_signal(signal.SIGKILL)
    await process.wait()
    peer.release.set()
    assert await office.states() == ["sent", "sending", "sending"]
    assert (await office.postman.post()).sent == 0  # perhaps the other one still lives
    office.clock.later(minutes=10)
    assert (await office.postman.post()).sent == 2
    assert await office.states() == ["sent"] * 3
    ids = [mail["Message-ID"] for mail in peer.mails]
    assert len(ids) == 4
    assert ids[1] == ids[2]
    assert len(set(ids)) == 3


async def _one_waiting(office: Office) -> int:
    """Let there be one more urgent item, told but not sent."""
    from conftest import World

    world = World(office.database, office.clock.now())
    world.made = _numbers
    item = await put_item(world)
    assert await office.teller.look() == len(office.recipients[next(iter(office.recipients))])
    return item


_numbers = iter(range(1, 10**6))
