"""The surveys that come with the product are without fault, and editors agree."""

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from flows.check import check_file
from flows.schema import flow_schema

LIBRARY = Path(__file__).parents[1] / "library"
SURVEYS = [
    file for file in sorted(LIBRARY.glob("*.yaml")) if not file.name.endswith(".scenarios.yaml")
]


@pytest.mark.parametrize("file", SURVEYS, ids=lambda file: file.stem)
def test_no_fault_and_no_warning(file: Path) -> None:
    assert check_file(file) == []
    document = YAML(typ="safe", pure=True).load(file.read_text("utf-8"))
    assert not list(Draft202012Validator(flow_schema()).iter_errors(document))


def test_there_is_one_for_every_class() -> None:
    assert {"case-handling", "emergency", "emergency-aspects", "counter", "community"} <= {
        file.stem for file in SURVEYS
    }
