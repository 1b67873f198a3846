"""Why a file, a text or a condition cannot be read: other libraries' words in a supervisor's.

Jinja, the YAML library and the system speak English to programmers. What they commonly say is
known here; the rest is shown as it came.
"""

import re

from core.errors import Place, Problem, problem

_KNOWN = [
    (r"unexpected '?end of template|Unexpected end of template", "reason-text-ends"),
    (r"unexpected 'end of print statement'|Expected an expression", "reason-gap-incomplete"),
    (r"expected token '(?P<wanted>.+)', got '(?P<found>.+)'", "reason-unexpected"),
    (r"""unexpected char ['"](?P<found>.+?)['"] at""", "reason-odd-sign"),
    (r"unexpected '(?P<found>.+)'", "reason-odd-end"),
    (r"No filter named '(?P<found>\w+)'", "reason-filter"),
    (r"No test named '(?P<found>\w+)'", "reason-test"),
    (r"Encountered unknown tag '(?P<found>\w+)'", "reason-tag"),
    (r"(?P<found>\w+) is not allowed", "reason-not-allowed"),
    (r"one expression is needed", "reason-one-expression"),
    (r"nested too deeply|maximum recursion", "reason-too-deep"),
    (r"(?P<found>\d+) > (?P<limit>\d+)$", "reason-too-long"),
    (r"found unexpected end of stream", "reason-quote-open"),
    (r"mapping values are not allowed here", "reason-colon"),
    (r"could not find expected ':'", "reason-no-colon"),
    (
        r"expected <block end>, but found|did not find expected|inconsistent indentation",
        "reason-indent",
    ),
    (r"found character '?(?P<found>.+?)'? that cannot start any token", "reason-no-start"),
    (r"expected ',' or|expected the node content|flow (?:sequence|mapping)", "reason-bracket"),
    (r"found undefined alias", "reason-alias"),
    (r"special characters are not allowed|unacceptable character", "reason-control"),
    (r"No such file or directory|not a file", "reason-no-file"),
    (r"Permission denied", "reason-no-permission"),
    (r"Is a directory", "reason-is-folder"),
]
_LONGEST = 160
"""Characters shown of words that are not known."""


def reason(words: object) -> Problem | str:
    """Return what `words` (an error, or its message) mean, to stand in a problem's sentence."""
    message = str(words)
    for pattern, code in _KNOWN:
        found = re.search(pattern, message)
        if found is not None:
            return problem(code, Place(), **found.groupdict())
    return " ".join(message.split())[:_LONGEST]
