"""`database`: where everything is kept."""

from pathlib import Path

from config.section import Section


class DatabaseSettings(Section):
    """Where everything is kept."""

    url: str = "sqlite:///var/huifang.db"
    """``sqlite:///FILE`` or ``postgresql://USER:PASSWORD@HOST/NAME``. A password does not belong
    into this file: set HUIFANG_DATABASE__URL or `url_file`."""
    url_file: Path | None = None
    """A file that holds the URL, readable by its owner only; instead of `url`."""
