"""Templates and expressions of a gateway's description: Jinja in a sandbox with strict names.

They make the values of a request's fields; how those are written into a query, a form or JSON is
the format's business, so no text of a person can become a field of its own. Only keys and
positions are looked up, never attributes of objects; there are no globals.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import StrictUndefined, meta, nodes
from jinja2.exceptions import TemplateError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

Scope = Mapping[str, Any]
"""Names and their values."""
Render = Callable[[Scope], str]
Evaluate = Callable[[Scope], Any]


class TemplateFault(Exception):
    """A template that cannot be read or filled; the message says why (Jinja's words)."""


class _Sandbox(ImmutableSandboxedEnvironment):
    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Mapping) and argument in obj:
            return obj[argument]
        if isinstance(obj, list | tuple) and isinstance(argument, int):
            return obj[argument] if -len(obj) <= argument < len(obj) else self.undefined(name="?")
        return self.undefined(obj=obj, name=str(argument))


def percent(value: object) -> str:
    """Percent-encode all but the unreserved characters (RFC 3986, 2.3)."""
    return quote(str(value), safe="-_.~")


def canonical(parameters: Mapping[str, str]) -> str:
    """Return sorted ``name=value`` pairs, percent-encoded, as cloud providers sign them."""
    return "&".join(f"{percent(name)}={percent(parameters[name])}" for name in sorted(parameters))


def joined(
    parameters: Mapping[str, str], between: str = "&", equals: str = "=", skip_empty: bool = False
) -> str:
    """Return sorted ``name=value`` pairs as they are, as MD5 signatures of carriers want them."""
    return between.join(
        f"{name}{equals}{parameters[name]}"
        for name in sorted(parameters)
        if parameters[name] or not skip_empty
    )


def _hashed(algorithm: str) -> Callable[[object], str]:
    return lambda value: hashlib.new(algorithm, str(value).encode()).hexdigest()


def _date(value: datetime, form: str, zone: str = "UTC") -> str:
    return value.astimezone(ZoneInfo(zone)).strftime(form)


def _own_filters() -> dict[str, Callable[..., object]]:
    return {
        "percent": percent,
        "canonical": canonical,
        "joined": joined,
        "json": lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")),
        "base64": lambda value: base64.b64encode(str(value).encode()).decode(),
        "md5": _hashed("md5"),
        "sha1": _hashed("sha1"),
        "sha256": _hashed("sha256"),
        "date": _date,
        "epoch": lambda value: int(value.timestamp()),
        "epoch_ms": lambda value: int(value.timestamp() * 1000),
    }


_BUILT_IN = ("default", "int", "join", "length", "lower", "replace", "string", "trim", "upper")
FILTERS: tuple[str, ...] = (*_BUILT_IN, *_own_filters())
"""Names of all filters."""


@cache
def _environment() -> _Sandbox:
    environment = _Sandbox(undefined=StrictUndefined, autoescape=False)
    environment.globals.clear()
    built_in = {name: environment.filters[name] for name in _BUILT_IN}
    environment.filters = built_in | _own_filters()
    return environment


@cache
def template(source: str) -> Render:
    """Compile a template once; the returned function fills it. Both raise TemplateFault."""
    try:
        compiled = _environment().from_string(source)
    except TemplateError as error:
        raise TemplateFault(str(error)) from None

    def render(scope: Scope) -> str:
        try:
            return compiled.render(scope)
        except (TemplateError, TypeError, ValueError, KeyError, AttributeError) as error:
            raise TemplateFault(str(error)) from None

    return render


@cache
def expression(source: str) -> Evaluate:
    """Compile an expression once; the returned function gives its value.

    None where something it looks up is not there. Compiling raises TemplateFault.
    """
    try:
        compiled = _environment().compile_expression(source)
    except TemplateError as error:
        raise TemplateFault(str(error)) from None

    def evaluate(scope: Scope) -> Any:
        try:
            return compiled(**scope)
        except UndefinedError:
            return None
        except (TemplateError, TypeError, ValueError, KeyError, AttributeError):
            return None  # what came in is of another kind than the expression thinks

    return evaluate


def names_used(source: str) -> set[str]:
    """Return the names that a template looks up."""
    return meta.find_undeclared_variables(_parsed(source))


def looked_up_in(source: str, name: str) -> Iterator[str]:
    """Yield every KEY that a template looks up as ``name.KEY``."""
    for found in _parsed(source).find_all(nodes.Getattr):
        if isinstance(found.node, nodes.Name) and found.node.name == name:
            yield found.attr


def _parsed(source: str) -> nodes.Template:
    try:
        return _environment().parse(source)
    except TemplateError as error:
        raise TemplateFault(str(error)) from None
