"""Places boxes in layers (after Sugiyama, Tagawa and Toda 1981): every arrow points downwards.

Ways back are turned for the placing; long arrows get a bend in every layer that they cross, so
that they run between the boxes; each layer is ordered by where its neighbours stand.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Pair = tuple[str, str]
GAP = 36.0
"""Between two things of one layer, in pixels."""


@dataclass(frozen=True)
class Placed:
    """Where everything stands, in pixels: centres of boxes and the bends of arrows."""

    centres: dict[str, tuple[float, float]]
    bends: dict[Pair, tuple[tuple[float, float], ...]]
    """Points between source and target, in the arrow's own direction."""
    width: float
    height: float


def place(sizes: Mapping[str, tuple[float, float]], pairs: Iterable[Pair], gap: float) -> Placed:
    """Place boxes of these sizes; `gap` is the space between two layers."""
    names, arrows = list(sizes), list(dict.fromkeys(pairs))
    back = _ways_back(names, arrows)
    forward = {pair: (pair[::-1] if pair in back else pair) for pair in arrows}
    layer = _layers(names, list(forward.values()))
    rows: list[list[str]] = [[] for _ in range(max(layer.values(), default=0) + 1)]
    for name in names:
        rows[layer[name]].append(name)
    chains: dict[Pair, list[str]] = {}
    links: list[Pair] = []
    for pair, (upper, lower) in forward.items():
        chain = [upper]
        for depth in range(layer[upper] + 1, layer[lower]):
            bend = f"\0{pair[0]}\0{pair[1]}\0{depth}"
            rows[depth].append(bend)
            chain.append(bend)
        chain.append(lower)
        chains[pair] = chain
        links += list(itertools.pairwise(chain))
    widths = defaultdict(lambda: 24.0, {name: size[0] for name, size in sizes.items()})
    _order(rows, links)
    across = _across(rows, links, widths)
    edges: list[tuple[float, float]] = []
    y = 20.0
    for row in rows:
        tall = max((sizes[name][1] for name in row if name in sizes), default=0.0)
        edges.append((y, y + tall))
        y += tall + gap
    row_of = {name: edges[index] for index, row in enumerate(rows) for name in row}
    at = {name: (across[name], sum(row_of[name]) / 2) for name in row_of}
    bends: dict[Pair, tuple[tuple[float, float], ...]] = {}
    for pair, chain in chains.items():
        # Straight through a whole row, so that an arrow bends between rows and never behind a box.
        points = [(across[name], y) for name in chain[1:-1] for y in row_of[name]]
        bends[pair] = tuple(reversed(points) if pair in back else points)
    right = max((across[name] + widths[name] / 2 for row in rows for name in row), default=0.0)
    return Placed({name: at[name] for name in names}, bends, right + 20, y - gap + 20)


def _ways_back(names: Sequence[str], arrows: Sequence[Pair]) -> set[Pair]:
    targets: dict[str, list[str]] = defaultdict(list)
    for source, target in arrows:
        targets[source].append(target)
    back: set[Pair] = set()
    done: set[str] = set()
    for root in names:
        open_now: dict[str, None] = {}
        todo = [(root, False)]
        while todo:
            name, leaving = todo.pop()
            if leaving:
                open_now.pop(name, None)
                done.add(name)
            elif name not in done and name not in open_now:
                open_now[name] = None
                todo.append((name, True))
                for target in reversed(targets[name]):
                    if target in open_now:
                        back.add((name, target))
                    elif target not in done:
                        todo.append((target, False))
    return back


def _layers(names: Sequence[str], arrows: Sequence[Pair]) -> dict[str, int]:
    layer = dict.fromkeys(names, 0)
    for _ in names:
        moved = False
        for upper, lower in arrows:
            if upper != lower and layer[lower] <= layer[upper]:
                layer[lower], moved = layer[upper] + 1, True
        if not moved:
            break
    return layer


def _order(rows: list[list[str]], links: Sequence[Pair]) -> None:
    up, down = _neighbours(links)
    for sweep in range(8):
        order = range(1, len(rows)) if sweep % 2 == 0 else range(len(rows) - 2, -1, -1)
        for index in order:
            other = rows[index - 1] if sweep % 2 == 0 else rows[index + 1]
            near, rank = (up if sweep % 2 == 0 else down), {n: i for i, n in enumerate(other)}
            own = {name: i for i, name in enumerate(rows[index])}

            def weight(
                name: str,
                near: dict[str, list[str]] = near,
                rank: dict[str, int] = rank,
                own: dict[str, int] = own,
            ) -> float:
                found = [rank[each] for each in near[name] if each in rank]
                return sum(found) / len(found) if found else float(own[name])

            rows[index].sort(key=weight)


def _across(
    rows: list[list[str]], links: Sequence[Pair], widths: Mapping[str, float]
) -> dict[str, float]:
    up, down = _neighbours(links)
    at: dict[str, float] = {}
    for row in rows:
        x = 20.0
        for name in row:
            at[name] = x + widths[name] / 2
            x += widths[name] + GAP
    for sweep in range(24):
        order = rows if sweep % 2 == 0 else rows[::-1]
        near = up if sweep % 2 == 0 else down
        for row in order:
            wish = {
                name: sum(at[n] for n in near[name]) / len(near[name]) if near[name] else at[name]
                for name in row
            }
            _settle(row, wish, at, widths)
    left = min((at[name] - widths[name] / 2 for name in at), default=0.0)
    return {name: x - left + 20 for name, x in at.items()}


def _settle(
    row: Sequence[str], wish: Mapping[str, float], at: dict[str, float], widths: Mapping[str, float]
) -> None:
    """Put every thing of a row where it wishes, as near as its neighbours let it."""

    def least(left: str, right: str) -> float:
        return (widths[left] + widths[right]) / 2 + GAP

    from_left: dict[str, float] = {}
    for index, name in enumerate(row):
        edge = from_left[row[index - 1]] + least(row[index - 1], name) if index else wish[name]
        from_left[name] = max(wish[name], edge)
    from_right: dict[str, float] = {}
    for index in range(len(row) - 1, -1, -1):
        name, last = row[index], index == len(row) - 1
        edge = wish[name] if last else from_right[row[index + 1]] - least(name, row[index + 1])
        from_right[name] = min(wish[name], edge)
    for name in row:
        at[name] = (from_left[name] + from_right[name]) / 2


def _neighbours(links: Sequence[Pair]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    up: dict[str, list[str]] = defaultdict(list)
    down: dict[str, list[str]] = defaultdict(list)
    for upper, lower in links:
        up[lower].append(upper)
        down[upper].append(lower)
    return up, down
