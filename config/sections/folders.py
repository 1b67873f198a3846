"""`folders`: where files lie."""

from pathlib import Path

from config.section import Section


class FolderSettings(Section):
    """Where files lie."""

    data: Path = Path("var")
    """Prompts, recordings, exports and logs go below this folder."""
    surveys: Path = Path("surveys")
    """Your surveys; the ones that come with Huifang are found by name without it."""
    studio: Path = Path("studio")
    """The studio's recordings of what surveys say, a folder for each survey and language."""
    mappings: Path = Path("mappings")
    """Your import mappings; `police` and `generic` come with Huifang."""
