"""Acting out a person's script: reactions to prompts that begin and end, after a human while."""

import asyncio
from typing import Protocol

from ivr.people.person import Action, HangUp, Press, Reaction, Script, Speak


class Phone(Protocol):
    """What a person does with his phone."""

    async def press(self, keys: str) -> None:
        """Press keys, returning when the last one is up."""
        ...

    async def speak(self, what: Speak) -> None:
        """Say something, returning when it is said."""
        ...

    async def hang_up(self) -> None:
        """Put the phone down."""
        ...


class Actor:
    """One person on the line. `began` and `ended` are told by the ear."""

    def __init__(self, script: Script, phone: Phone) -> None:
        self._script, self._phone = script, phone
        self._used = 0
        self._reaction = Reaction()
        self._task: asyncio.Task[None] | None = None
        self._busy = False
        self._next: tuple[Action, ...] | None = None
        """What follows the action under way."""

    def answered(self) -> None:
        """The person has picked up."""
        if self._script.on_answer:  # a caller may speak at once: that reaction is not to be lost
            self._do(self._script.on_answer)

    def began(self) -> None:
        """A prompt begins. What was about to be done after the last one is left."""
        self._reaction = self._script.reaction(self._used)
        self._do(self._reaction.during)

    def ended(self) -> None:
        """The prompt is over."""
        self._do(self._reaction.then)

    def leave(self) -> None:
        """The call is over."""
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()

    def _do(self, actions: tuple[Action, ...]) -> None:
        if self._busy:
            self._next = actions  # a hand on the keys finishes what it does
            return
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.create_task(self._act(self._reaction, actions)) if actions else None

    async def _act(self, reaction: Reaction, actions: tuple[Action, ...]) -> None:
        left = list(actions)
        while left:
            action = left.pop(0)
            await asyncio.sleep(action.after)
            if self._script.reaction(self._used) is reaction:
                self._used += 1
            self._busy, self._next = True, None
            try:
                await self._perform(action)
            finally:
                self._busy = False
            if self._next is not None:
                reaction = self._reaction  # a prompt began or ended meanwhile
                left = list(self._next)

    async def _perform(self, action: Action) -> None:
        match action:
            case Press(keys):
                await self._phone.press(keys)
            case Speak():
                await self._phone.speak(action)
            case HangUp():
                await self._phone.hang_up()
