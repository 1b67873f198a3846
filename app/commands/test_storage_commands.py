"""Import, results, write-back and the database from the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from app.commands import database, import_cases, results
from app.context import Invocation

app = typer.Typer()
app.add_typer(database.app, name="database")
app.command("import")(import_cases.import_cases)
app.command("results")(results.results)
app.command("write-back")(results.write_back)

CASES = "警情编号,报警人,联系电话,备注\nJ1,王芳,13800138000,x\nJ2,张伟,110,\n"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "huifang.yaml"
    path.write_text(
        f"database: {{url: 'sqlite:///{tmp_path}/var/huifang.db'}}\n"
        f"write_back:\n  - {{name: home, folder: {tmp_path}/back}}\n",
        "utf-8",
    )
    (tmp_path / "cases.csv").write_text(CASES, "utf-8")
    monkeypatch.chdir(tmp_path)
    return path


def run(settings: Path, *arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, list(arguments), obj=Invocation(settings, "en"))
    assert done.exit_code == code, (done.output, done.exception)
    return done


def test_the_way_of_a_file_through_the_commands(settings: Path) -> None:
    assert "Needed: " in run(settings, "database", "status", code=1).output
    run(settings, "database", "upgrade")
    run(settings, "database", "status")
    report = json.loads(run(settings, "import", "cases.csv", "--format", "json").stdout)
    assert (report["accepted"], report["rejected"]) == (1, 1)
    assert report["unmapped_headings"] == ["备注"]
    shown = run(settings, "import", "cases.csv").stdout
    assert "1 duplicate" in shown
    assert "cases.rejects.csv" in shown
    assert json.loads(run(settings, "results", "--format", "json").stdout) == []
    run(settings, "results", "--output", "out.xlsx")
    assert Path("out.xlsx").stat().st_size > 0
    assert json.loads(run(settings, "write-back", "--format", "json").stdout) == []
    backup = json.loads(run(settings, "database", "backup", "b.db", "--format", "json").stdout)
    assert backup["bytes"] == Path("b.db").stat().st_size


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["import", "missing.csv"], "import-unreadable"),
        (["import", "cases.csv", "--mapping", "other"], "import-mapping-unknown"),
        (["import", "cases.csv", "--mapping", "generic"], "import-headings"),
        (["import", "cases.csv", "--rejects", "cases.csv"], "import-rejects-same"),
        (["results"], "database-outdated"),
        (["results", "--format", "xlsx"], "results-file-needed"),
        (["write-back", "elsewhere"], "write-back-unknown"),
    ],
)
def test_bad_input_is_refused_in_words(settings: Path, arguments: list[str], code: str) -> None:
    assert f"[{code}]" in run(settings, *arguments, code=2).output
