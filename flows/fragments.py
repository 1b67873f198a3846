"""A wording taken apart: its fixed words, and the blanks where values are filled in.

A studio records the fixed words; a blank is spoken at the call. Each way through the conditions
of a wording is a variant of its own. What a template computes from nothing but constants
({{ 110|digits }}) is fixed. Where something is filled in, fixed words end with their sentence, so
that a sentence which several variants (and surveys) share is recorded once.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from jinja2 import nodes
from jinja2.exceptions import TemplateError

from flows.template import TemplateFault, parsed, rendered_alone

MOST_VARIANTS = 64
"""A wording with more ways through its conditions has blanks in place of the conditions."""
MOST_BLANKS = 12
_ENDS = re.compile(
    r"(?<=[。！？!?；;])(?![。！？!?；;”\"'’）)])"  # 。 and the like end a sentence
    r"|(?<=[。！？!?；;][”\"'’）)])"
    r"|(?<=[a-z]{3}\.)\s+(?=[A-Z])"  # a full stop does where no "Mr." or "p.m." is meant
    r"|(?<=^[.,。，！？；、;!?])"  # what closes the sentence of a value before
)


@dataclass(frozen=True)
class Filled:
    """A blank; `name` is what is filled in, with its filters: ``day|spoken_day``."""

    name: str


Part = str | Filled


@lru_cache(maxsize=4096)
def variants(source: str, language: str) -> tuple[tuple[Part, ...], ...]:
    """Return every way in which `source` can come out, once.

    Raises TemplateFault where it is no template.
    """
    if "{" not in source:
        words = _flat(source)
        return ((words,),) if words else ()
    tree = parsed(source, language)
    found = [_merged(parts) for parts in _of(tree.body, language)]
    filled = any(isinstance(part, Filled) for parts in found for part in parts)
    shaped = (_shaped(parts, apart=filled) for parts in found)
    return tuple(dict.fromkeys(parts for parts in shaped if parts))


def _of(body: list[nodes.Node], language: str) -> list[list[Part]]:
    ways: list[list[Part]] = [[]]
    for node in body:
        choices = _choices(node, language)
        if len(ways) * len(choices) > MOST_VARIANTS:
            choices = [[Filled("...")]]
        ways = [[*before, *choice] for before, choice in product(ways, choices)]
    return ways


def _choices(node: nodes.Node, language: str) -> list[list[Part]]:
    if isinstance(node, nodes.Output):
        return [[_said(each, language) for each in node.nodes]]
    if isinstance(node, nodes.If):
        found = _of(node.body, language)
        for other in node.elif_:
            found += _of(other.body, language)
        return found + _of(node.else_, language)
    return [[]]


def _said(node: nodes.Expr, language: str) -> Part:
    if isinstance(node, nodes.TemplateData):
        return node.data
    if not list(node.find_all(nodes.Name)):
        try:
            return rendered_alone(node, language)
        except (TemplateFault, TemplateError):
            pass  # the linter tells the author
    return Filled(_name(node))


def _name(node: nodes.Node) -> str:
    """Return a short name of an expression, for people."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        return f"{_name(node.node)}.{node.attr}"
    if isinstance(node, nodes.Filter) and node.node is not None:
        return f"{_name(node.node)}|{node.name}"
    names = [each.name for each in node.find_all(nodes.Name)]
    return "+".join(dict.fromkeys(names)) or "..."


def _merged(parts: list[Part]) -> list[Part]:
    """Return the parts with neighbours of one kind made one."""
    merged: list[Part] = []
    for part in parts:
        before = merged[-1] if merged else None
        if isinstance(part, str) and isinstance(before, str):
            merged[-1] = before + part
        elif isinstance(part, Filled) and isinstance(before, Filled):
            merged[-1] = Filled(f"{before.name} {part.name}")
        elif part:
            merged.append(part)
    if sum(isinstance(part, Filled) for part in merged) > MOST_BLANKS:
        return [Filled("...")]
    return merged


def _shaped(parts: list[Part], *, apart: bool) -> tuple[Part, ...]:
    """Return the parts with blanks flattened; `apart`: with each sentence by itself."""
    shaped: list[Part] = []
    for part in parts:
        if isinstance(part, Filled):
            shaped.append(part)
        elif apart:
            shaped += _sentences(part)
        elif words := _flat(part):
            shaped.append(words)
    return tuple(shaped)


def _sentences(text: str) -> list[str]:
    found = (_flat(each) for each in _ENDS.split(_flat(text)))
    return [each for each in found if each]


def _flat(text: str) -> str:
    return " ".join(text.split())
