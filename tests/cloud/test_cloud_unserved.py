"""Lines of a cloud provider need somebody who serves their webhooks: else nobody is called."""

from pathlib import Path

import pytest

from app.lines import Lines
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
