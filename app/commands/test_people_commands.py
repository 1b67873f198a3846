"""The commands of batches, queue, why and do-not-call, run as a user runs them."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from app.commands import batch, do_not_call, queue, why
from app.context import Invocation
from storage.database import Database
from storage.schema import Case, CaseParty, Party, PartyNumber

SURVEY = """
flow: short
version: 1
title: 回访
languages: [zh]
fields:
  station: {type: text, example: 城关派出所}
keys:
  - {key: 9, label: 不再接受回访, does: refuse}
steps:
  - say: 您好，这里是{{ station }}，回访您的报警处理情况，通话不录音，拒绝请按9。
    notice: true
  - end: completed
    say: 感谢您的配合，再见。
"""

app = typer.Typer()
app.add_typer(batch.app, name="batch")
app.add_typer(queue.app, name="queue")
app.add_typer(do_not_call.app, name="do-not-call")
app.command("why")(why.why)


@app.callback()
def before(ctx: typer.Context, config: Path, language: str = "zh") -> None:
    ctx.obj = Invocation(config, language)


Command = Callable[..., Result]


@pytest.fixture
def huifang(tmp_path: Path) -> Command:
    config = tmp_path / "huifang.yaml"
    config.write_text(f"database:\n  url: sqlite:///{tmp_path / 'h.db'}\n", "utf-8")
    (tmp_path / "short.yaml").write_text(SURVEY, "utf-8")
    runner = CliRunner()

    def run(*words: str, language: str = "zh") -> Result:
        return runner.invoke(app, ["--language", language, str(config), *words])

    return run


@pytest.fixture
def cases(tmp_path: Path) -> None:
    async def fill() -> None:
        database = Database(f"sqlite:///{tmp_path / 'h.db'}")
        await database.migrate()
        now = datetime.now(UTC)
        async with database.write() as session:
            for number, key in ((1, False), (2, False), (3, True)):
                case = Case(
                    case_number=f"A{number}",
                    respondent_class="emergency",
                    accepted_at=now - timedelta(hours=1),
                    key_incident=key,
                    fields={"station": "城关派出所"} if number != 2 else {},
                    created_at=now,
                    updated_at=now,
                )
                party = Party(name=f"张{number}")
                session.add_all([case, party])
                await session.flush()
                session.add(CaseParty(case_id=case.id, party_id=party.id))
                session.add(PartyNumber(party_id=party.id, e164=f"+861380013800{number}"))
        await database.close()

    asyncio.run(fill())


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def make(huifang: Command, tmp_path: Path, *more: str) -> Result:
    return huifang("batch", "make", "周一", "--survey", str(tmp_path / "short.yaml"), *more)


@pytest.mark.usefixtures("cases")
def test_a_batch_is_made_shown_and_controlled(huifang: Command, tmp_path: Path) -> None:
    report = told(make(huifang, tmp_path, "--format", "json"))
    assert (report["selected"], report["callbacks"]) == (3, 1)
    assert report["persons"] == {"key_incident": 1}
    assert report["missing_fields"] == {"station": 1}
    (shown,) = told(huifang("batch", "list", "--format", "json"))
    assert (shown["state"], shown["callbacks"]) == ("ready", {"waiting": 1})
    assert "已暂停" in huifang("batch", "pause", "周一", "--reason", "演练").stdout
    shown = told(huifang("batch", "status", "1", "--format", "json"))
    assert (shown["state"], shown["state_reason"]) == ("paused", "演练")
    for command, state in (("resume", "running"), ("drain", "draining"), ("stop", "stopped")):
        assert huifang("batch", command, "周一").exit_code == 0
        assert told(huifang("batch", "status", "周一", "--format", "json"))["state"] == state
    refused = huifang("batch", "pause", "周一", language="en")
    assert refused.exit_code == 2
    assert "stopped" in refused.stderr
    assert "进行中" in huifang("batch", "start", "周一").stdout
    assert "周一" in huifang("batch", "list").stdout


@pytest.mark.usefixtures("cases")
@pytest.mark.parametrize(
    ("more", "code"),
    [
        (["--unit", "无此所"], "batch-unit-unknown"),
        (["--accepted-from", "yesterday"], "batch-date-malformed"),
        (["--sample", "many"], "batch-sample-malformed"),
        (["--sample", "5", "--sample-by", "weather"], "batch-sample-malformed"),
        (["--survey", "nowhere"], "app-unknown-survey"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    huifang: Command, tmp_path: Path, more: list[str], code: str
) -> None:
    refused = make(huifang, tmp_path, *more)
    assert refused.exit_code == 2
    assert code in refused.stderr
    assert told(huifang("batch", "list", "--format", "json")) == []


@pytest.mark.usefixtures("cases")
def test_the_queue_from_claim_to_close(huifang: Command, tmp_path: Path) -> None:
    make(huifang, tmp_path)
    (waiting,) = told(huifang("queue", "list", "--format", "json"))
    assert (waiting["reason"], waiting["number"]) == ("key_incident", "138****8003")
    item = str(waiting["id"])
    assert huifang("queue", "show", item, "--reveal", "--by", "王").exit_code == 2
    taken = told(huifang("queue", "next", "--by", "王", "--reveal", "--format", "json"))
    assert taken["number"] == "+8613800138003"
    assert "王" in huifang("queue", "claim", item, "--by", "李").stderr
    assert huifang("queue", "close", item, "--by", "王").exit_code == 2
    assert huifang("queue", "release", item, "--by", "王").exit_code == 0
    assert huifang("queue", "claim", item, "--by", "王").exit_code == 0
    recorded = huifang("queue", "record", item, "satisfied", "--by", "王", "--note", "已说明")
    assert "满意" in recorded.stdout
    assert huifang("queue", "close", item, "--by", "王").exit_code == 0
    shown = told(huifang("queue", "show", item, "--format", "json"))
    assert [event["event"] for event in shown["events"]] == [
        "opened",
        "claimed",
        "released",
        "claimed",
        "recorded",
        "closed",
    ]
    assert "13800138003" not in huifang("queue", "show", item).stdout
    assert told(huifang("queue", "next", "--format", "json")) is None
    assert huifang("queue", "list", language="en").stdout.startswith("Nothing is waiting")


@pytest.mark.usefixtures("cases")
def test_why_tells_in_words_and_for_machines(huifang: Command, tmp_path: Path) -> None:
    make(huifang, tmp_path)
    words = huifang("why", "13800138001").stdout
    assert "尚未开始" in words
    assert "不在免打扰名单上" in words
    assert "138****8001" in words
    assert "13800138001" not in words
    assert "key incident" in huifang("why", "138 0013 8003", language="en").stdout
    explained = told(huifang("why", "张1", "--format", "json"))
    (callback,) = explained["parties"][0]["callbacks"]
    assert callback["summary"]["code"] == "why-batch-ready"
    assert {rule["code"] for rule in callback["decision"]["rules"]} >= {"policy-tries-ok"}
    assert "没有当事人" in huifang("why", "13900139000").stdout


def test_the_do_not_call_list(huifang: Command, tmp_path: Path) -> None:
    assert huifang("do-not-call", "add", "138 0013 8000", "--reason", "本人要求").exit_code == 0
    numbers = tmp_path / "numbers.txt"
    numbers.write_text("# 名单\n13800138000\n\n０１０－６５２３４５６７\n", "utf-8")
    assert "1个原已在名单上" in huifang("do-not-call", "import", str(numbers)).stdout
    listed = told(huifang("do-not-call", "list", "--reveal", "--format", "json"))
    assert {row["e164"] for row in listed} == {"+8613800138000", "+861065234567"}
    assert "13800138000" not in huifang("do-not-call", "list").stdout
    assert huifang("do-not-call", "remove", "13800138000").exit_code == 2  # a reason is due
    gone = huifang("do-not-call", "remove", "13800138000", "--reason", "本人同意")
    assert gone.exit_code == 0
    assert huifang("do-not-call", "remove", "13800138000", "--reason", "x").exit_code == 2
    numbers.write_text("13800138001\n12\nabc\n", "utf-8")
    refused = huifang("do-not-call", "import", str(numbers))
    assert refused.exit_code == 2
    assert "numbers.txt:2" in refused.stderr
    assert "numbers.txt:3" in refused.stderr
    assert len(told(huifang("do-not-call", "list", "--format", "json"))) == 1
