"""`write_back`: where results are written back to."""

from pathlib import Path

from pydantic import Field, model_validator

from config.section import Section
from core.document_faults import fault


class WriteBackSettings(Section):
    """One place where results are written back to."""

    name: str = Field(pattern=r"^[a-z0-9_-]+$")
    """Its name; each result goes to each target once."""
    folder: Path | None = None
    """Write CSV files in the shape of the import mapping into this folder."""
    mapping: str = "police"
    """The import mapping whose headings the file has."""
    url_env: str = ""
    """Environment variable with the URL of a database to write rows to."""
    table: str = ""
    """Its table."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Our field -> its column."""

    @model_validator(mode="after")
    def _one_place(self) -> "WriteBackSettings":
        if bool(self.folder) == bool(self.table):
            raise fault("config-write-back-place", name=self.name)
        if self.table and not (self.url_env and self.columns):
            raise fault("config-write-back-table", name=self.name)
        return self
