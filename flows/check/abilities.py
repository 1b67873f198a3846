"""What the survey needs of the world: recordings in its folder, abilities of the channel."""

from collections.abc import Collection, Iterator

from core.errors import Problem, problem
from flows.check.subject import Subject
from flows.model import Ask, Book, Number, Record, SendText, Transfer


def check_recordings(subject: Subject) -> Iterator[Problem]:
    """Recorded files that are not there."""
    for wording in subject.wordings:
        if wording.kind != "file":
            continue
        for language, name in wording.languages(subject.languages[:1]):
            place = subject.file.place(wording.place_of(language))
            folder = subject.file.folder
            inside = (folder / name).resolve().is_relative_to(folder.resolve())
            if not inside or not (folder / name).is_file():
                yield problem("flow-missing-recording", place, file=name)


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
