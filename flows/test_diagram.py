"""A survey drawn: every step a box, arrows with words, nothing on top of anything else."""

from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

from flows.compiler import compile_flow
from flows.diagram import mermaid, svg, units, wrapped
from flows.drawing import draw
from flows.layout import place
from flows.program import Program
from flows.reader import read

SURVEY = Path(__file__).parent.parent / "tests/golden/flows/visit.yaml"


def program() -> Program:
    survey = read(SURVEY)
    return compile_flow(survey.flow, sha256=survey.sha256)


def test_mermaid_names_every_step_and_labels_its_arrows() -> None:
    lines = mermaid(program()).splitlines()
    assert lines[0] == "flowchart TD"
    assert sum('"attitude<br/>' in line for line in lines) == 1
    assert any('|"1 满意 / 3 不满意"|' in line for line in lines)
    assert any("-.->" in line and "挂断" in line for line in lines)
    assert sum(line.count('"') % 2 for line in lines) == 0


def test_the_picture_is_well_formed_and_shows_every_step() -> None:
    root = ElementTree.fromstring(svg(program()))  # noqa: S314 - our own
    words = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert set(program().nodes) <= words
    assert "1 满意 / 3 不满意" in words


def test_english_words_on_request() -> None:
    assert "1 satisfied / 3 dissatisfied" in svg(program(), "en")


def test_boxes_never_overlap_and_arrows_point_down() -> None:
    drawing = draw(program())
    sizes = {box.name: (200.0, 60.0) for box in drawing.boxes}
    placed = place(sizes, [(a.source, a.target) for a in drawing.arrows], gap=60)
    for (_, (x1, y1)), (_, (x2, y2)) in combinations(placed.centres.items(), 2):
        assert abs(x1 - x2) >= 200 or abs(y1 - y2) >= 60
    for arrow in drawing.arrows:
        assert placed.centres[arrow.source][1] < placed.centres[arrow.target][1]


def test_ways_back_are_drawn_upwards() -> None:
    sizes = dict.fromkeys("abc", (50.0, 20.0))
    placed = place(sizes, [("a", "b"), ("b", "c"), ("c", "a")], gap=40)
    ys = [placed.centres[name][1] for name in "abc"]
    assert ys == sorted(ys)
    (_, first), (_, last) = placed.bends[("c", "a")]
    assert (first, last) == (ys[1] + 10, ys[1] - 10)


def test_words_are_broken_by_their_width() -> None:
    assert wrapped("满意请按1", 6, 3) == ["满意请", "按1"]
    assert wrapped("满意请按1", 4, 1) == ["满…"]
    assert wrapped("满意请。按", 6, 3) == ["满意请。", "按"]
    assert wrapped("press 1 for no", 8, 3) == ["press 1", "for no"]
    assert units("满a") == 3
