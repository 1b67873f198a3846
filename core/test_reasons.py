"""What other libraries complain of is told in Chinese, too."""

from pathlib import Path

import pytest

from core.errors import AuthorError
from core.reasons import reason
from flows.check import check_file
from flows.reader import read_text
from flows.template import TemplateFault, names_used


@pytest.mark.parametrize(
    "template",
    [
        "{{ a",
        "{{ a b }}",
        "{{ }}",
        "{{ a|shout }}",
        "{{ a is funny }}",
        "{% if a %}x",
        "{% for x in a %}{% endfor %}",
        "{% loop %}",
        "{{ a，b }}",
        "{{ a() }}",
        "{{ 'a }}",
        "{{ (a }}",
        "{% if %}x{% endif %}",
        "{% endif %}",
    ],
)
def test_faults_of_templates(template: str) -> None:
    with pytest.raises(TemplateFault) as caught:
        names_used(template)
    told = reason(caught.value)
    assert not isinstance(told, str), told


@pytest.mark.parametrize(
    "text",
    [
        "title: 'a\n",
        "title: a: b\n",
        "steps:\n  - say: a\n - say: b\n",
        "steps: [a\nb: c\n",
        "steps: [a, b\n",
        "title: a\nb\nc: d\n",
        "keys: {a: b]\n",
    ],
)
def test_faults_of_yaml(text: str) -> None:
    with pytest.raises(AuthorError) as caught:
        read_text(text)
    (problem,) = caught.value.problems
    why = dict(problem.values)["reason"]
    assert not isinstance(why, str), why


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    (problem,) = check_file(tmp_path / "gone.yaml")
    assert "没有这个文件" in problem.sentence("zh")
    assert "there is no such file" in problem.sentence("en")


def test_what_is_not_known_is_shown_as_it_came() -> None:
    assert reason("strange\n  news") == "strange news"
