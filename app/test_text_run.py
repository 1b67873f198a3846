"""What `huifang run` says of surveys by text message, and what it refuses."""

from pathlib import Path
from typing import Any, cast

import pytest

from app.context import complaints
from app.test_plans import TRUNK
from app.text_run import Texts, prepared, say_unheard
from config.loading import load
from conftest import World
from core.clock import SystemClock
from core.errors import AuthorError
from core.plan import NOTICE, SHIPPED
from ivr.texting.gateways.dry_run import DryRunGateway
from storage.database import Database
from tests.texting.test_kannel import gateway


def said(*gateways: Any) -> str:
    texts = Texts(cast(Any, None), gateways, cast(Any, None), True)
    with complaints.capture() as caught:
        say_unheard(texts, "en")
    return caught.get()


def test_only_gateways_that_tell_by_http_are_unheard() -> None:
    dry = cast(DryRunGateway, object())
    assert said(dry) == ""
    told = said(dry, gateway("http://127.0.0.1:9", "http://127.0.0.1:8080/hooks/kannel"))
    assert "kannel" in told
    assert "huifang serve" in told


async def test_notices_without_a_gateway_are_refused_before_anybody_is_called(
    sqlite_world: World, sqlite: Database, tmp_path: Path
) -> None:
    (tmp_path / "huifang.yaml").write_text(TRUNK, "utf-8")
    known = load(tmp_path / "huifang.yaml", {})
    by_voice = await sqlite_world.batch(state="running")
    plan = SHIPPED["notice_then_voice"].as_json()
    announced = await sqlite_world.batch(state="running", channel=NOTICE, plan=plan)
    clock = SystemClock()
    assert await prepared(known, sqlite, clock, [by_voice.id], "en", until_done=True) is None
    for batches in ([announced.id], None):
        with pytest.raises(AuthorError) as refused:
            await prepared(known, sqlite, clock, batches, "en", until_done=True)
        assert [each.code for each in refused.value.problems] == ["run-no-text-gateway"]
