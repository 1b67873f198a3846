"""Every setting is documented, by its own words."""

from pathlib import Path

from config.reference import MARK, reference, sections, setting_names
from config.settings import Settings

PAGE = Path(__file__).parent.parent / "docs" / "configuration.md"


def test_the_page_is_what_the_settings_say() -> None:
    assert PAGE.read_text("utf-8").split(MARK)[1].strip() == reference().strip(), (
        "run: python -m config.reference"
    )


def test_every_setting_is_in_a_table_with_its_meaning() -> None:
    rows = [line for line in reference().splitlines() if line.startswith("| `")]
    named = {row.split("`")[1] for row in rows}
    assert set(setting_names(Settings)) <= named
    assert all(row.rstrip("| ").split("|")[-1].strip() for row in rows)


def test_a_section_lies_in_the_file_that_is_called_like_it() -> None:
    for name, field in Settings.model_fields.items():
        for model in sections(field.annotation):
            assert model.__module__ == f"config.sections.{name}"
