"""What was said in calls, shown to the person who follows up: answers, words, recordings."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import typer

from app.context import language, moment, screen
from core.catalogue import text
from core.errors import AuthorError, problem
from reports.results import told
from storage.heard import HeardAttempt


def show_heard(ctx: typer.Context, heard: Sequence[HeardAttempt]) -> None:
    """Print the answers of the calls, recorded ones with their words."""
    tongue = language(ctx)
    for attempt in heard:
        came = text(f"disposition-{attempt.disposition}", tongue) if attempt.disposition else "-"
        values = {"sequence": attempt.sequence, "at": moment(ctx, attempt.at), "disposition": came}
        screen.print(text("queue-heard-attempt", tongue, **values), style="bold")
        for answer in attempt.answers:
            said = f"  {answer.step}: {answer.label or answer.value}"
            line = f"{said} {told(answer.transcript, tongue)}".rstrip()
            screen.print(line, markup=False, highlight=False)
        if not attempt.answers:
            screen.print("  " + text("queue-no-answers", tongue))


def heard_as_json(heard: Sequence[HeardAttempt]) -> list[dict[str, Any]]:
    """Return the same for machines, words with their time marks."""
    return [asdict(attempt) for attempt in heard]


@dataclass(frozen=True)
class Recording:
    """One recording of an item."""

    step: str
    """The open question, or empty for the whole call."""
    path: Path


def recording_of(
    item: int, heard: Sequence[HeardAttempt], folder: Path, *, step: str = "", call: bool = False
) -> Recording:
    """Return the latest recording of an item: of its open answers, of `step`, or of the `call`.

    Raises AuthorError where there is none, or where it is not on this machine any more.
    """
    answers = [(name, path) for each in heard for name, path in each.recordings.items()]
    calls = [("", each.recording) for each in heard if each.recording]
    known = calls if call else (answers or calls)
    if not known:
        raise AuthorError(problem("queue-no-recording", item=item))
    fitting = [each for each in known if not step or each[0] == step]
    if not fitting:
        names = ", ".join(dict.fromkeys(name for name, _ in answers)) or "-"
        raise AuthorError(problem("queue-no-such-recording", item=item, step=step, known=names))
    name, relative = fitting[0]
    path = (folder / relative).resolve()
    if not (path.is_relative_to(folder.resolve()) and path.is_file()):
        raise AuthorError(problem("queue-recording-missing", path=relative))
    return Recording(name, path)


def copy_recording(recording: Recording, output: Path) -> None:
    """Copy it for its owner only; an existing file is left alone. Raises AuthorError."""
    try:
        handle = os.open(output, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        raise AuthorError(problem("queue-recording-exists", path=output)) from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise AuthorError(problem("queue-recording-unwritable", path=output, reason=why)) from None
    with os.fdopen(handle, "wb") as target, recording.path.open("rb") as source:
        shutil.copyfileobj(source, target)
