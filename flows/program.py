"""A survey made walkable: every step a node with its ways on, nesting and defaults resolved.

The engine walks it, the linter and the diagram look at its edges, the scenario runner counts
them. Node names are the steps' ids; a step without one is named by its place: ``steps.3``,
``steps.3.then.1``, ``parts.consent.2``.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from flows.exchange import ALL_KEYS
from flows.model import Flow, Step

HANG_UP = "hang_up"


class EdgeKind(StrEnum):
    """Why one goes from a node to another."""

    NEXT = "next"
    CHOICE = "choice"
    SLOT = "slot"
    GLOBAL_KEY = "global_key"
    THEN = "then"
    ELSE = "else"
    SILENCE = "silence"
    INVALID = "invalid"
    UNSURE = "unsure"
    HANG_UP = "hang_up"
    GIVE_UP = "give_up"
    FAILURE = "failure"
    CALL = "call"
    RETURN = "return"
    REPEAT = "repeat"


@dataclass(frozen=True)
class Edge:
    """One way on. `target` None: the call ends there (politely, by the product's own words).

    A `call` has two edges: CALL into the part, and NEXT for when the part has come back. The
    last step of a part goes on by an edge with `returns` (its target is None).
    """

    kind: EdgeKind
    target: str | None
    label: str = ""
    """The key or value that takes this way; empty where the kind says it all."""
    waits: bool = False
    """True where taking this edge needs the person (a key, silence): a loop over it does wait."""
    returns: bool = False
    """True at the end of a part: goes on behind the `call` that led here."""


@dataclass(frozen=True)
class Node:
    """One step with its name, the part that it belongs to and its ways on."""

    name: str
    step: Step
    part: str
    """``steps`` or the name of a part."""
    path: tuple[str | int, ...]
    """Where it stands in the file: ("steps", 3, "then", 0); leads to line and column."""
    edges: tuple[Edge, ...] = ()
    next: str | None = None
    """The node after this one in its list; None: the end of the part (return) or of the survey."""


@dataclass(frozen=True)
class Program:
    """A compiled survey."""

    flow: Flow
    start: str
    nodes: dict[str, Node]
    parts: dict[str, str] = field(default_factory=dict)
    """Part -> name of its first node."""
    sha256: str = ""
    """Hash of the source text(s): tells versions apart in sessions and results."""
    transfers: frozenset[str] | None = None
    """Names of those to whom calls can be transferred; None: not known, so everybody."""
    hears: frozenset[str] | None = None
    """Languages in which answers can be heard; None: not known, so all. In the others a survey
    that listens is held by keys alone."""
    prepared: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    """What the engine works out once per program and keeps (never part of a session)."""

    def listens(self, language: str) -> bool:
        """Return whether spoken answers count in a conversation in `language`."""
        return self.flow.speech.enabled and (self.hears is None or language in self.hears)

    @cached_property
    def global_keys(self) -> str:
        """The keys that work everywhere."""
        return "".join(key.key for key in self.flow.keys)

    @cached_property
    def other_keys(self) -> str:
        """The keys that do not."""
        return "".join(key for key in ALL_KEYS if key not in self.global_keys)
