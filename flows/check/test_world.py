"""What a survey needs of the world: somebody to transfer to, and recordings as they are."""

from pathlib import Path

import pytest

from flows.check import check
from flows.check.test_rules import found, steps
from flows.reader import read_text


@pytest.mark.parametrize(
    ("target", "refused"),
    [("duty", False), ("dutty", True), ("8001", False), ("+861065000000", False), ("12", True)],
)
def test_transfers_go_to_those_whom_the_settings_name(target: str, refused: bool) -> None:
    survey = read_text(steps(f"  - {{transfer: '{target}', say: 请稍候。}}\n"))
    assert check(survey) == []
    problems = check(survey, transfers={"duty"})
    assert [p.code for p in problems] == ["flow-unknown-transfer"] * refused
    if refused:
        assert (problems[0].place.line, problems[0].place.column) == (12, 6)
    optional = read_text(steps(f"  - {{transfer: '{target}', optional: true}}\n"))
    assert check(optional, transfers=()) == []


def test_recordings_are_as_long_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "long.wav").write_bytes(b"")
    text = steps("  - {play: long.wav, text: 您好}\n")
    assert found(text, tmp_path) == []
    (problem,) = found(text, tmp_path, sounds=lambda file: 21.0 if file.name else 0)
    assert (problem.code, dict(problem.values)["seconds"]) == ("flow-prompt-too-long", "21")
    assert [p.code for p in found(text, tmp_path, sounds=lambda _: None)] == [
        "flow-broken-recording"
    ]
    twice = steps("  - {play: long.wav, text: 您好}\n" * 10)
    codes = {p.code for p in found(twice, tmp_path, sounds=lambda _: 19.0)}
    assert codes == {"flow-call-too-long"}
