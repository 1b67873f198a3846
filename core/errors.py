"""One small tree of errors, each with a stable code, a place and what to do.

Split by what helps: `AuthorError` needs somebody to mend a file, `TransientError` may be tried
again, `PermanentError` may not. Texts come from the catalogue (`core.texts`), so that every
error can be read in Chinese and in English.
"""

from dataclasses import dataclass

from core.catalogue import text


@dataclass(frozen=True)
class Place:
    """Where in a file something is wrong. `line` and `column` count from 1; 0 = unknown."""

    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: a stable code, where, and the values its sentence needs.

    `code` is a key of the catalogue, for example ``flow-unreachable``. `severity` is ``error``
    (refused) or ``warning`` (shown, accepted).
    """

    code: str
    place: Place = Place()
    values: tuple[tuple[str, "str | Problem"], ...] = ()
    """A value that is a problem itself stands in the sentence in the sentence's language."""
    severity: str = "error"

    @property
    def is_error(self) -> bool:
        """True where it is refused, False for a warning."""
        return self.severity == "error"

    def sentence(self, language: str = "zh") -> str:
        """Return the problem in words, in `language` (``zh`` or ``en``)."""
        values = {
            name: value.sentence(language) if isinstance(value, Problem) else value
            for name, value in self.values
        }
        return text(self.code, language, **values)

    def as_json(self, language: str = "zh") -> dict[str, object]:
        """Return the machine-readable form that every ``--format json`` prints."""
        return {
            "code": self.code,
            "severity": self.severity,
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "message": self.sentence(language),
        }


def problem(
    code: str, place: Place | None = None, *, severity: str = "error", **values: object
) -> Problem:
    """Build a `Problem` from keyword values."""
    pairs = tuple(
        (name, value if isinstance(value, Problem) else str(value))
        for name, value in values.items()
    )
    return Problem(code, place or Place(), pairs, severity)


class HuifangError(Exception):
    """Base of all errors a user may see; carries every problem found, not only the first."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{p.place} {p.code}".strip() for p in problems))

    def sentences(self, language: str = "zh") -> list[str]:
        """Return one line a problem: place, code and sentence."""
        return [
            " ".join(part for part in (str(p.place), f"[{p.code}]", p.sentence(language)) if part)
            for p in self.problems
        ]


class AuthorError(HuifangError):
    """A file, setting or argument that somebody has to mend."""


class TransientError(HuifangError):
    """It may work when tried again: a busy trunk, a locked database."""


class UncertainError(HuifangError):
    """Nobody knows whether it was done (a connection broke in the middle): never done again."""


class PermanentError(HuifangError):
    """Trying again will not help."""
