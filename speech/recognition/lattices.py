"""Wider lattices than a model asks for, so that its confidences mean something.

A confidence is how sure the words are among all that were still possible at the end. Small models
keep hardly anything else (``--lattice-beam=2.0``), and call nearly everything certain. With more
kept, mistakes show: docs/speech.md has the figures.
"""

import contextlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

LATTICE_BEAM = 6.0
"""What is kept, as a difference of log likelihoods. Larger ones cost much and tell little more."""
_SETTING = re.compile(r"^(\s*--lattice-beam=)([0-9.]+)", re.MULTILINE)


NARROW_BEAM = 2.0
"""What small models ask for; taken for granted where a model's settings cannot be seen."""


def lattice_beam(folder: Path) -> float:
    """Return what the model in `folder` keeps as its settings stand."""
    file = folder / "conf" / "model.conf"
    found = _SETTING.search(file.read_text("utf-8")) if file.is_file() else None
    return float(found[2]) if found else NARROW_BEAM


@contextlib.contextmanager
def wide(folder: Path) -> Iterator[Path]:
    """Give a folder to load the model in `folder` from; it goes when the model is loaded.

    Its files are links to the model's, which are never changed.
    """
    file = folder / "conf" / "model.conf"
    settings = file.read_text("utf-8") if file.is_file() else ""
    found = _SETTING.search(settings)
    if found is None or float(found[2]) >= LATTICE_BEAM:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="huifang-model-") as name:
        view = Path(name)
        for part in folder.resolve().iterdir():
            if part.name != "conf":
                (view / part.name).symlink_to(part)
        (view / "conf").mkdir()
        for part in file.parent.resolve().iterdir():
            if part.name != file.name:
                (view / "conf" / part.name).symlink_to(part)
        widened = _SETTING.sub(rf"\g<1>{LATTICE_BEAM}", settings)
        (view / "conf" / file.name).write_text(widened, "utf-8")
        yield view
