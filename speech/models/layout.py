"""Where the parts of a Vosk model lie: in folders, or, as before 2020, all in one."""

from dataclasses import dataclass
from pathlib import Path

DEFAULT_RATE = 16000
"""Samples a second where mfcc.conf does not say (vosk-api, model.cc)."""


@dataclass(frozen=True)
class Layout:
    """The parts of one model."""

    acoustic: Path
    features: Path
    """mfcc.conf."""
    graph: Path
    """The folder of the graphs."""

    @property
    def has_grammars(self) -> bool:
        """True where the graph is composed while it listens; the others hear any words."""
        whole = (self.graph / "HCLG.fst").is_file()
        return self._composed and not whole

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the parts without which there is no model."""
        wanted = [path.name for path in (self.acoustic, self.features) if not path.is_file()]
        if not self._composed and not (self.graph / "HCLG.fst").is_file():
            wanted.append("HCLr.fst + Gr.fst / HCLG.fst")
        return tuple(wanted)

    @property
    def _composed(self) -> bool:
        return all((self.graph / name).is_file() for name in ("HCLr.fst", "Gr.fst"))

    def sample_rate(self) -> int:
        """Return the samples a second that the model was made for."""
        for line in self.features.read_text("utf-8", "replace").splitlines():
            name, _, value = line.partition("#")[0].strip().partition("=")
            if name == "--sample-frequency":
                return int(float(value))
        return DEFAULT_RATE


def layout(folder: Path) -> Layout:
    """Return where the parts of the model in `folder` lie, or should."""
    if (folder / "final.mdl").is_file():
        return Layout(folder / "final.mdl", folder / "mfcc.conf", folder)
    return Layout(folder / "am" / "final.mdl", folder / "conf" / "mfcc.conf", folder / "graph")
