"""Lines of a cloud provider need somebody who serves their webhooks: else nobody is called."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.lines import Lines
from app.main import app
from core.errors import AuthorError
from tests.cloud.house import settings


def test_cloud_lines_that_nobody_serves_are_refused(tmp_path: Path) -> None:
    loaded = settings(tmp_path, "https://house.example", "https://api.example")
    with pytest.raises(AuthorError) as refused:
        Lines(loaded)
    [fault] = refused.value.problems
    assert fault.code == "cloud-needs-serve"
    assert "cloud" in fault.sentence("en")
    assert "huifang serve" in fault.sentence("zh")


@pytest.mark.parametrize("words", [["run"], ["schedule", "start"]])
def test_commands_that_serve_nothing_refuse_to_call(tmp_path: Path, words: list[str]) -> None:
    daily = 'schedules: [{name: daily, cron: "0 9 * * *", survey: emergency}]'
    settings(tmp_path, "https://house.example", "https://api.example", more=daily)
    command = ["--config", str(tmp_path / "huifang.yaml"), "--language", "en"]
    env = {"T_TOKEN": "secret"}
    shown = CliRunner().invoke(app, [*command, *words], env=env)
    assert shown.exit_code != 0
    assert "call by huifang serve" in " ".join(shown.output.split())
