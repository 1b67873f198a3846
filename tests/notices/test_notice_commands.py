"""Notices from the command line and beside the calling, with a real mail server."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.main import app
from app.noticing import noticing
from app.readiness import _mail
from config.loading import load
from conftest import World
from core.clock import SystemClock
from storage import notices
from storage.database import Database
from tests.notices.office import put_item
from tests.peers.mail import PASSWORD, USER, MailPeer, certificate, mail_peer


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[MailPeer]:
    """The server in a thread: commands have an event loop of their own."""
    context, _pem = certificate(tmp_path)
    loop, found = asyncio.new_event_loop(), []
    ready = threading.Event()

    async def serve(over: asyncio.Event) -> None:
        async with mail_peer(auth=True, tls=context) as one:
            found.append(one)
            ready.set()
            await over.wait()

    over = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve(over)))
    thread.start()
    assert ready.wait(60)
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


@pytest.fixture
def settings(tmp_path: Path, peer: MailPeer) -> Path:
    secret = tmp_path / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    path = tmp_path / "huifang.yaml"
    path.write_text(
        f"""
language: en
database: {{url: 'sqlite:///{tmp_path}/huifang.db'}}
mail:
  host: 127.0.0.1
  port: {peer.port}
  ca_file: 127.0.0.1.pem
  username: {USER}
  password_file: password
  sender: huifang@example.org
  supervisors: [boss@example.org]
  technicians: [technician@example.org]
  to: {{daily: []}}
""",
        "utf-8",
    )
    return path


def run(settings: Path, *arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["--config", str(settings), "notices", *arguments])
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


async def _item(settings: Path) -> None:
    database = Database(load(settings).database_url)
    await database.ready()
    await put_item(World(database))
    await database.close()


def test_told_refused_shown_and_sent_again(settings: Path, peer: MailPeer) -> None:
    assert "no notices" in run(settings, "list")
    asyncio.run(_item(settings))
    peer.refused["boss@example.org"] = "550 5.1.1 no such user"
    run(settings, "send", code=1)
    (shown,) = json.loads(run(settings, "list", "--state", "failed", "--format", "json"))
    assert (shown["kind"], shown["recipient"]) == ("urgent", "boss@example.org")
    assert "5.1.1 no such user" in shown["error"]
    assert shown["facts"]["number"] == "139****5678"
    finding = asyncio.run(_mail(load(settings), "en"))
    assert not finding.good
    assert "5.1.1 no such user" in finding.detail
    peer.refused.clear()
    done = json.loads(run(settings, "send", "--failed", "--format", "json"))
    assert done == {"again": 1, "told": 0, "sent": 1, "postponed": 0, "failed": 0}
    assert "urgent item" in run(settings, "list")
    assert asyncio.run(_mail(load(settings), "en")).good


def test_a_test_mail_goes_to_everybody_or_to_one(settings: Path, peer: MailPeer) -> None:
    run(settings, "test")
    run(settings, "test", "--to", "new@example.org")
    assert peer.to == ["boss@example.org", "technician@example.org", "new@example.org"]
    assert "not an e-mail address" in run(settings, "test", "--to", "a@b\nBcc: c@d", code=2)
    (settings.parent / "password").write_text("wrong")
    assert "535" in run(settings, "test", code=2)


def test_check_says_what_is_wrong_with_the_mail_server(settings: Path) -> None:
    assert asyncio.run(_mail(load(settings), "en")).good
    (settings.parent / "password").write_text("wrong")
    finding = asyncio.run(_mail(load(settings), "en"))
    assert not finding.good
    assert "535" in finding.detail


def test_without_a_mail_server_nothing_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "huifang.yaml"
    path.write_text(f"language: en\ndatabase: {{url: 'sqlite:///{tmp_path}/huifang.db'}}\n")
    assert "No mail server" in run(path, "send", code=2)
    assert "No mail server" in run(path, "test", code=2)


async def test_the_worker_tells_while_calls_go_on_and_once_more_at_their_end(
    settings: Path, peer: MailPeer
) -> None:
    loaded = load(settings)
    database = Database(loaded.database_url)
    await database.ready()
    dead: list[set[str] | None] = [None]
    async with noticing(loaded, database, SystemClock(), lambda: dead[0]):
        await put_item(World(database))
        dead[0] = {"telecom"}
    async with database.read() as session:
        kept: list[Any] = await notices.listed(session)
    await database.close()
    assert sorted((one.kind, one.state) for one in kept) == [("trunk", "sent"), ("urgent", "sent")]
    assert sorted(peer.to) == ["boss@example.org", "technician@example.org"]
