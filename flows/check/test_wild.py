"""The linter reports, whatever it is given: mangled surveys never make it fail."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Problem
from flows.check import check, check_file
from flows.check.test_rules import CASES, GOOD
from flows.reader import read_what_can_be

_QUIET = settings(
    max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
_LINES = sorted({line for _, text in CASES for line in text.splitlines() if line.strip()})


def look(text: str, folder: Path) -> list[Problem]:
    file = folder / "test.yaml"
    file.write_text(text, "utf-8")
    problems = check_file(file)
    lines = text.splitlines()
    for problem in problems:
        assert problem.sentence("zh")
        assert problem.sentence("en")
        assert 1 <= problem.place.line <= max(1, len(lines)), problem
        assert problem.place.file == str(file)
    survey, faults = read_what_can_be(file)
    assert (survey is None) <= bool(faults)
    if survey is not None:
        assert set(check(survey)) <= set(problems)
    return problems


@given(st.lists(st.integers(0, 60), max_size=6), st.lists(st.sampled_from(_LINES), max_size=6))
@_QUIET
def test_lines_taken_out_and_put_in(
    tmp_path_factory: object, gone: list[int], more: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("wild")  # type: ignore[attr-defined]
    lines = GOOD.splitlines()
    for place in gone:
        del lines[place % len(lines)]
    for index, line in enumerate(more):
        lines.insert((index * 7 + len(line)) % (len(lines) + 1), line)
    look("\n".join(lines) + "\n", folder)


@given(st.sampled_from([text for _, text in CASES]), st.integers(0, 2000), st.text(max_size=3))
@_QUIET
def test_letters_changed(tmp_path_factory: object, text: str, place: int, letters: str) -> None:
    folder = tmp_path_factory.mktemp("wild")  # type: ignore[attr-defined]
    place %= len(text)
    look(text[:place] + letters + text[place + 1 :], folder)
