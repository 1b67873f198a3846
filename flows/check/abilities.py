"""What the survey needs of the world: recordings in its folder, abilities of the channel."""

from collections.abc import Collection, Iterator

from core.document_faults import closest
from core.errors import Place, Problem, problem
from flows.check.length import LONGEST_PROMPT
from flows.check.speaking import Sounds
from flows.check.subject import Subject
from flows.model import Ask, Book, Number, Record, SendText, Transfer
from flows.transfers import reachable


def check_recordings(subject: Subject, sounds: Sounds | None) -> Iterator[Problem]:
    """Recorded files that are not there, cannot be played, or are too long."""
    for wording in subject.wordings:
        if wording.kind != "file":
            continue
        for language, name in wording.languages(subject.languages[:1]):
            place = subject.file.place(wording.place_of(language))
            folder = subject.file.folder
            inside = (folder / name).resolve().is_relative_to(folder.resolve())
            if not inside or not (folder / name).is_file():
                yield problem("flow-missing-recording", place, file=name)
            elif sounds is not None:
                yield from _playable(place, name, sounds(folder / name))


def _playable(place: Place, name: str, seconds: float | None) -> Iterator[Problem]:
    if seconds is None:
        yield problem("flow-broken-recording", place, file=name)
    elif seconds > LONGEST_PROMPT:
        yield problem(
            "flow-prompt-too-long", place, seconds=f"{seconds:.0f}", limit=f"{LONGEST_PROMPT:g}"
        )


def check_transfers(subject: Subject, transfers: Collection[str]) -> Iterator[Problem]:
    """Transfers to somebody whom the settings do not name."""
    for node in subject.program.nodes.values():
        step = node.step
        if isinstance(step, Transfer) and not (
            step.optional or reachable(step.transfer, transfers)
        ):
            yield problem(
                "flow-unknown-transfer",
                subject.place(node, "transfer"),
                target=step.transfer,
                closest=closest(step.transfer, sorted(transfers)),
            )


def check_abilities(subject: Subject, abilities: Collection[str]) -> Iterator[Problem]:
    """Steps that the channel cannot perform."""
    flow = subject.program.flow
    for node in subject.program.nodes.values():
        needed = ""
        if isinstance(node.step, Record):
            needed = "record"
        elif isinstance(node.step, Transfer):
            needed = "transfer"
        elif isinstance(node.step, SendText):
            needed = "text"
        elif isinstance(node.step, Ask | Number | Book) and not (
            "keys" in abilities or (flow.speech.enabled and "speech" in abilities)
        ):
            needed = "keys"
        if needed and needed not in abilities:
            yield problem(
                "flow-channel-cannot", subject.place(node), step=node.name, ability=needed
            )
