"""Golden conversations: every kind of person, every survey; what was said and what came of it.

The transcripts in ``conversations/`` are read by people when they change; they are written anew
with ``HUIFANG_REFRESH_GOLDEN=1``.
"""

import os
from pathlib import Path

import pytest

from ivr.people.directory import behaviour_of
from ivr.people.person import BY_LAST_DIGIT, EXPECTED
from tests.golden.rehearsal import program, rehearse

HERE = Path(__file__).parent
SURVEYS = sorted((HERE / "surveys").glob("*.yaml"))
NUMBERS = {behaviour_of(ending): f"+8613800000{ending.zfill(3)}" for ending in BY_LAST_DIGIT}


@pytest.mark.parametrize("behaviour", NUMBERS, ids=str)
@pytest.mark.parametrize("survey", SURVEYS, ids=lambda path: path.stem)
async def test_conversation(survey: Path, behaviour: str, tmp_path: Path) -> None:
    _, lines = await rehearse(program(survey), NUMBERS[behaviour], tmp_path)
    transcript = "\n".join(lines) + "\n"
    golden = HERE / "conversations" / survey.stem / f"{behaviour}.txt"
    if os.environ.get("HUIFANG_REFRESH_GOLDEN"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(transcript, "utf-8")
    assert transcript == golden.read_text("utf-8")


@pytest.mark.parametrize("behaviour", NUMBERS, ids=str)
@pytest.mark.parametrize(
    "survey",
    [HERE / "surveys" / "overall.yaml", HERE.parent.parent / "flows" / "library" / "demo.yaml"],
    ids=lambda path: path.stem,
)
async def test_everybody_comes_to_what_is_expected_of_him(
    survey: Path, behaviour: str, tmp_path: Path
) -> None:
    outcome, lines = await rehearse(program(survey), NUMBERS[behaviour], tmp_path)
    wanted = EXPECTED[behaviour]
    found = (outcome.disposition, outcome.verdict)
    assert found == (wanted.disposition, wanted.verdict), "\n".join(lines)
