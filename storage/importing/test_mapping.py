"""A mapping is refused with every fault and its place."""

from pathlib import Path

import pytest

from core.errors import AuthorError
from storage.importing.mapping import Columns, Mapping, heading, load_mapping, parse_mapping

SHIPPED = sorted((Path(__file__).parent / "mappings").glob("*.yaml"))
GOOD = "source: s\ncolumns:\n  case_number: 编号\n  numbers: 电话\nrespondent_class: counter\n"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_mappings_are_good(path: Path) -> None:
    assert load_mapping(path).columns.case_number


def _faults(text: str) -> list[tuple[str, int]]:
    with pytest.raises(AuthorError) as caught:
        parse_mapping(text, "m.yaml")
    for language in ("zh", "en"):
        assert all(line.startswith("m.yaml:") for line in caught.value.sentences(language))
    return [(p.code, p.place.line) for p in caught.value.problems]


def test_every_fault_is_told_with_its_line() -> None:
    text = "source: s\ncolumns:\n  case_number: 编号\n  nubmers: 电话\nrespondent_class: people\n"
    assert _faults(text + "time_zone: Mars\n") == [
        ("document-missing-setting", 2),
        ("document-unknown-setting", 4),
        ("document-unknown-word", 5),
        ("mapping-time-zone", 6),
    ]


@pytest.mark.parametrize("text", ["a: [", "- a", "a: 1\na: 2", "!!python/object:os.system {}"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    assert _faults(text)


def test_numbers_without_quotation_marks_are_words() -> None:
    mapping = parse_mapping(GOOD + "area_code: '0575'\nfixed: {branch: 110}\n", "m.yaml")
    assert (mapping.area_code, mapping.fixed) == ("0575", {"branch": "110"})


def test_headings_compare_without_width_blanks_and_case() -> None:
    assert heading("\ufeff Ｃase  编号 ") == heading("case编号")


def test_every_item_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs/importing.md").read_text("utf-8")
    missing = [n for n in (*Mapping.model_fields, *Columns.model_fields) if f"`{n}`" not in page]
    assert missing == []
