"""`huifang flow schema` prints what editors need and nothing else."""

import json

from typer.testing import CliRunner

from app.commands.flow import app
from flows.schema import flow_schema


def test_the_schema_is_printed_as_json() -> None:
    result = CliRunner().invoke(app, ["schema"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == json.loads(json.dumps(flow_schema()))
