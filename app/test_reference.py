"""Every command and every option says what it is, and docs/commands.md says the same."""

from pathlib import Path

from app.reference import commands, reference

PAGE = Path(__file__).parent.parent / "docs" / "commands.md"


def test_the_page_is_what_the_commands_say() -> None:
    assert PAGE.read_text("utf-8") == reference(), "run: python -m app.reference"


def test_every_command_and_option_explains_itself_in_both_languages() -> None:
    for name, command in commands():
        assert command.help, name
        assert " / " in command.help or name == "huifang", f"{name}: English / 中文"
        for parameter in command.params:
            if parameter.name != "help":
                assert getattr(parameter, "help", ""), f"{name} {parameter.name}"
