"""Texts and conditions of a survey: Jinja in a sandbox that can only look things up.

A template sees the fields that the survey declares, ``answers.NAME`` (value, label, verdict,
score, raw; all None until the question is answered) and ``vars.NAME``. It may choose
(``{% if %}``), compare, add and use the filters below; there are no loops, calls, macros,
includes or globals, `*` and `%` work on numbers only, and a text may have 2,000 characters at
most: nothing here can run away. Attributes of objects are never reached, only keys of mappings.

A name that is not declared is the author's mistake: `flows.scope.check_names` raises an
AuthorError with the step's name before a call is started (and the linter shows it earlier).
"""

from collections.abc import Callable, MutableMapping
from functools import cache, lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, Undefined, nodes
from jinja2.exceptions import TemplateError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from core import said

LONGEST_TEXT = 2000
"""Characters of one rendered text."""
LONGEST_SOURCE = 4000
"""Characters of one template."""

_ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Getattr,
    nodes.Getitem,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Filter,
    nodes.Test,
    nodes.Add,
    nodes.Sub,
    nodes.Mul,
    nodes.Div,
    nodes.FloorDiv,
    nodes.Mod,
    nodes.Neg,
    nodes.Pos,
    nodes.Concat,
    nodes.List,
    nodes.Tuple,
    nodes.Keyword,
    nodes.Assign,  # what compiling an expression adds around it
)
_FILTERS = {"default", "d", "length", "int", "float", "round", "lower", "upper", "trim", "abs"}
_TESTS = {"defined", "undefined", "none", "in", "even", "odd", "true", "false", "number", "string"}


Scope = dict[str, Any]
"""What a template sees: names and their values, mappings within."""


class TemplateFault(Exception):
    """A template that cannot be compiled or rendered; the message says why (Jinja's words)."""


class _Sandbox(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset(["*", "%", "/", "//"])

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return none whatever is offered: Jinja would walk two empty mappings at every text."""
        del d
        return {}

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise TemplateFault(f"{operator} needs two numbers")
        try:
            return super().call_binop(context, operator, left, right)
        except ArithmeticError as error:
            raise TemplateFault(str(error)) from None

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, dict) and argument in obj:
            return obj[argument]
        return self.undefined(obj=obj, name=str(argument))


def _environment() -> _Sandbox:
    environment = _Sandbox(
        undefined=StrictUndefined,
        finalize=lambda value: "" if value is None else value,
        autoescape=False,
        cache_size=0,
    )
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in _FILTERS}
    environment.tests = {
        name: test
        for name, test in environment.tests.items()
        if name in _TESTS or not name.isalpha()
    }
    return environment


_SPOKEN: dict[str, Callable[[object, str], str]] = {
    "digits": said.digits,
    "spoken_amount": said.said_amount,
    "spoken_date": said.said_date,
    "spoken_day": said.said_day,
    "spoken_name": said.said_name,
    "spoken_number": said.number,
    "spoken_time": said.said_time,
}
FILTERS: tuple[str, ...] = (*sorted(_FILTERS), *_SPOKEN)
"""Names of all filters that survey texts may use."""


@cache
def _for_language(language: str) -> _Sandbox:
    environment = _environment()
    for name, say in _SPOKEN.items():
        environment.filters[name] = _said(say, language)
    return environment


def _said(say: Callable[[object, str], str], language: str) -> Callable[[object], str]:
    def spoken_filter(value: object) -> str:
        if value is None:
            return ""
        if isinstance(value, Undefined):
            str(value)  # raises, as every use of an undefined name does
        try:
            return say(value, language)
        except ValueError as error:
            raise TemplateFault(str(error)) from None

    return spoken_filter


@lru_cache(maxsize=8192)
def text(source: str, language: str = "zh") -> Callable[[Scope], str]:
    """Compile a text once; the returned function renders it. Raises TemplateFault."""
    if "{" not in source:
        return lambda _: source
    environment = _for_language(language)
    _judge(source, expression=False)
    template = environment.from_string(source)

    def render(scope: Scope) -> str:
        try:
            rendered = "".join(template.root_render_func(_context(template, scope)))
        except (TemplateError, TypeError, ValueError, OverflowError) as error:
            raise TemplateFault(str(error)) from None
        if len(rendered) > LONGEST_TEXT:
            raise TemplateFault(f"{len(rendered)} > {LONGEST_TEXT}")
        return rendered

    return render


def parsed(source: str, language: str = "zh") -> nodes.Template:
    """Return the tree of a text. Raises TemplateFault."""
    _judge(source, expression=False)
    return _for_language(language).parse(source)


def rendered_alone(node: nodes.Expr, language: str = "zh") -> str:
    """Return what an expression of constants comes to. Raises TemplateFault."""
    environment = _for_language(language)
    tree = nodes.Template([nodes.Output([node], lineno=1)], lineno=1)
    tree.set_environment(environment)
    code = environment.compile(tree)
    try:
        return environment.template_class.from_code(environment, code, {}).render()
    except (TemplateError, TypeError, ValueError, OverflowError) as error:
        raise TemplateFault(str(error)) from None


@lru_cache(maxsize=8192)
def expression(source: str, language: str = "zh") -> Callable[[Scope], Any]:
    """Compile a condition or value once; the returned function evaluates it.

    Raises TemplateFault; so does the function where a name is unknown or types do not fit.
    """
    _judge(source, expression=True)
    template = _for_language(language).from_string(f"{{% set result = {source} %}}")

    def evaluate(scope: Scope) -> Any:
        try:
            context = _context(template, scope)
            for _ in template.root_render_func(context):
                pass  # an expression gives out nothing: its value stays in the context
            value = context.vars["result"]
            if isinstance(value, Undefined):
                bool(value)  # raises, as every use of an undefined name does
        except (TemplateError, TypeError, ValueError, OverflowError) as error:
            raise TemplateFault(str(error)) from None
        if isinstance(value, str) and len(value) > LONGEST_TEXT:
            raise TemplateFault(f"{len(value)} > {LONGEST_TEXT}")
        return value

    return evaluate


def _context(template: Template, scope: Scope) -> Context:
    # Shared: the scope is looked up as it is, where Jinja would copy it for every template.
    return template.new_context(scope, shared=True)


@lru_cache(maxsize=8192)
def names_used(source: str, *, expression: bool = False) -> frozenset[str]:
    """Return every name a template looks up, with its dots: ``answers.attitude.verdict``.

    Raises TemplateFault where it cannot be compiled or uses what is forbidden.
    """
    if not expression and "{" not in source:
        return frozenset()
    found: set[str] = set()
    _names(_judge(source, expression=expression), found)
    return frozenset(found)


def _names(node: nodes.Node, found: set[str]) -> None:
    dotted = _dotted(node)
    if dotted:
        found.add(dotted)
        return
    for child in node.iter_child_nodes():
        _names(child, found)


def _dotted(node: nodes.Node) -> str:
    if isinstance(node, nodes.Name):
        return node.name if node.ctx == "load" else ""
    if isinstance(node, nodes.Getattr):
        before = _dotted(node.node)
        return f"{before}.{node.attr}" if before else ""
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        before = _dotted(node.node)
        return f"{before}.{node.arg.value}" if before else ""
    return ""


def _judge(source: str, *, expression: bool) -> nodes.Template:
    if len(source) > LONGEST_SOURCE:
        raise TemplateFault(f"{len(source)} > {LONGEST_SOURCE}")
    environment = _for_language("zh")
    written = f"{{{{ {source} }}}}" if expression else source
    try:
        tree = environment.parse(written)
        if expression:
            environment.compile_expression(source)
        else:
            environment.compile(written)
        everything = _all(tree)
    except TemplateError as error:
        raise TemplateFault(str(error)) from None
    except RecursionError:
        raise TemplateFault("nested too deeply") from None
    for node in everything:
        if not isinstance(node, _ALLOWED):
            raise TemplateFault(f"{type(node).__name__} is not allowed")
    if expression and (len(tree.body) != 1 or not isinstance(tree.body[0], nodes.Output)):
        raise TemplateFault("one expression is needed")
    return tree


def _all(node: nodes.Node) -> list[nodes.Node]:
    found = [node]
    for child in node.iter_child_nodes():
        found.extend(_all(child))
    return found
