"""The sound of one call: what is played to the person, what is recorded and heard of them."""

import contextlib
import time
from collections.abc import Callable

from ivr.channels.sip.first_sounds import FirstSounds
from ivr.channels.sip.hearing import ANSWER_FRAME, Hearing
from ivr.channels.sip.leg import Player, Recording, Sound, StackError
from ivr.channels.sip.silence import SilenceWatch
from ivr.channels.sip.utterances import Utterances

Happened = Callable[..., None]
"""Tells of an event: its name, its facts, and the file it must wait for (``path``)."""


class CallVoice:
    """Sound in both directions, from the moment it flows until the call's end."""

    def __init__(self, happened: Happened, sound: Callable[[int, str], None]) -> None:
        """`sound` sends a piece of an utterance: the listening's number, and PCM in base64."""
        self._happened, self._sound = happened, sound
        self.person: Sound | None = None
        """The person's sound; None before it flows and at the end."""
        self._hearing: Hearing | None = None
        self._utterances: Utterances | None = None
        self._first_sounds: FirstSounds | None = None
        self._player: Player | None = None
        self._play = 0
        self._files: list[str] = []
        self._played_from = 0.0
        self._answer: Recording | None = None
        self._answer_watch: SilenceWatch | None = None
        self._whole: Recording | None = None

    @property
    def playing(self) -> bool:
        """True while a prompt is being played."""
        return self._player is not None

    def play(self, play: int, files: list[str]) -> None:
        """Play `files`; what was playing is replaced."""
        self.stop_playing()
        if self.person is None:
            return
        self._play = play
        try:
            player = self.person.play(files)
        except StackError as error:
            # A prompt that cannot be played must not leave the person in silence for ever.
            self._happened("play_failed", play=play, reason=f"{error}")
            self._happened("prompt_finished", play=play)
            return
        self._player, self._files, self._played_from = player, files, time.monotonic()
        if self._utterances:
            self._utterances.plays(files, self._played_from)
        if self._whole:
            self._whole.add(player)

    def stop_playing(self) -> None:
        """Stop at once."""
        if self._player is not None:
            self._player.stop()
            self._player = None
            if self._utterances:
                self._utterances.silent(time.monotonic())

    def record(self, path: str, seconds: float, silence: float) -> None:
        """Record the person."""
        if self.person is None:
            return
        self.stop_recording()
        try:
            self._answer = self.person.record(path)
        except StackError as error:
            self._happened("record_failed", path=path, reason=f"{error}")
            self._happened("recording_finished", path=path, seconds=0.0, ended_by="limit")
            return
        self._answer_watch = SilenceWatch(seconds, silence, time.monotonic())

    def stop_recording(self) -> tuple[float, str]:
        """End the recording; return its seconds and its file (which is not complete yet)."""
        recording, self._answer, self._answer_watch = self._answer, None, None
        return (recording.end(), recording.path) if recording else (0.0, "")

    def record_call(self, path: str) -> None:
        """Record both sides until the end."""
        if self.person is None or self._whole:
            return
        try:
            self._whole = self.person.record(path)
        except StackError as error:
            self._happened("record_failed", path=path, reason=f"{error}")
            return
        if self._player:
            self._whole.add(self._player)

    def hear(self, *, tones: bool, beep_seconds: float) -> None:
        """Listen for keys as tones, and for so long for a mailbox's beep."""
        if self.person is None or not (tones or beep_seconds):
            return
        until = time.monotonic() + beep_seconds
        with contextlib.suppress(StackError):
            self._hearing = Hearing(self.person, keys=tones, beep_until=until)

    def hear_first_sounds(self, *, words: bool) -> None:
        """Listen for who picks up; called again where the call's sound comes anew."""
        if self.person is None:
            return
        with contextlib.suppress(StackError):  # timing alone decides where nothing can be heard
            source = self.person.tap(ANSWER_FRAME)
            if self._first_sounds is not None:
                self._first_sounds.follow(source)
                return
            sound = self._sound if words else None
            self._first_sounds = FirstSounds(source, self._happened, sound)

    def answered(self) -> None:
        """The call was answered."""
        if self._first_sounds:
            self._first_sounds.answered(time.monotonic())

    def stop_first_sounds(self) -> None:
        """It is known who picked up."""
        if self._first_sounds:
            self._first_sounds.end()
            self._first_sounds = None

    def listen(self, listening: int) -> None:
        """Tell what the person says."""
        if self.person is None:
            return
        if self._utterances is None:
            try:
                source = self.person.tap(ANSWER_FRAME)
            except StackError as error:
                self._happened("listen_failed", reason=f"{error}")
                return
            self._utterances = Utterances(source, self._happened, self._sound)
            if self._player:
                self._utterances.plays(self._files, self._played_from)
        self._utterances.listen(listening)

    def stop_listening(self) -> None:
        """Tell it no more."""
        if self._utterances:
            self._utterances.stop(time.monotonic())

    def hear_speech(self, now: float) -> None:
        """Look at what the person said meanwhile."""
        if self._first_sounds and not self._first_sounds.turn(now):
            self.stop_first_sounds()
        if self._utterances and not self._utterances.turn(now):
            self._utterances.end()
            self._utterances = None

    def person_is_there(self) -> None:
        """A key was pressed: no mailbox."""
        if self._hearing:
            self._hearing.person_is_there()

    def tick(self, now: float) -> tuple[str, bool]:
        """Look at what is due; return the keys heard, and whether a prompt ended."""
        played = self._player is not None and self._player.finished
        if played:
            self.stop_playing()
            self._happened("prompt_finished", play=self._play)
        keys = ""
        if self._hearing:
            keys, beep = self._hearing.listen(now)
            if beep:
                self._happened("machine", sign="beep")
        if self._answer_watch and self.person is not None and self._answer:
            verdict = self._answer_watch.verdict(self.person.quiet, now)
            if verdict:
                self._recorded(verdict)
        return keys, played

    def _recorded(self, ended_by: str) -> None:
        seconds, path = self.stop_recording()
        facts = {"path": path, "seconds": seconds, "ended_by": ended_by}
        self._happened("recording_finished", file=path, **facts)

    def end(self) -> str:
        """Stop everything; return the file of the whole call's recording, or nothing."""
        if self._answer:
            self._recorded("hang_up")
        whole, self._whole = self._whole, None
        if whole:
            whole.end()
        self.stop_playing()
        if self._hearing:
            self._hearing.end()
            self._hearing = None
        self.stop_first_sounds()
        if self._utterances:
            self._utterances.end()
            self._utterances = None
        return whole.path if whole else ""
