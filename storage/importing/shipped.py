"""Mappings by name: yours first, then those that come with Huifang."""

from pathlib import Path

from core.errors import AuthorError, problem
from storage.importing.mapping import Mapping, load_mapping

SHIPPED = Path(__file__).parent / "mappings"


def find_mapping(name: str, folder: Path | None = None) -> Mapping:
    """Return the mapping `name`: a file, one in `folder` (without ``.yaml``), or a shipped one.

    Raises AuthorError where there is none, or where it is wrong.
    """
    if name.endswith((".yaml", ".yml")):
        return load_mapping(Path(name))
    for place in (folder, SHIPPED):
        if place is not None and (path := place / f"{name}.yaml").is_file():
            return load_mapping(path)
    known = "、".join(sorted(path.stem for path in SHIPPED.glob("*.yaml")))
    raise AuthorError(problem("import-mapping-unknown", name=name, known=known))
