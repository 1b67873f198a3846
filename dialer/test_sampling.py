from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.sampling import Member, Sample, Stratum, allocate, draw, place

sizes = st.dictionaries(st.tuples(st.text(max_size=3)), st.integers(0, 200), max_size=8)


@given(sizes=sizes, total=st.integers(0, 2000))
def test_shares_add_up_and_lie_within_one_of_the_exact_proportion(
    sizes: dict[Stratum, int], total: int
) -> None:
    shares = allocate(sizes, total)
    population = sum(sizes.values())
    assert sum(shares.values()) == min(total, population)
    for name, size in sizes.items():
        assert 0 <= shares[name] <= size
        if population:
            assert abs(shares[name] - size * min(total, population) / population) < 1


@given(sizes=sizes, total=st.integers(0, 2000))
def test_shares_do_not_depend_on_the_order_of_strata(sizes: dict[Stratum, int], total: int) -> None:
    backwards = dict(reversed(sizes.items()))
    assert allocate(sizes, total) == allocate(backwards, total)


@given(sizes=sizes, total=st.integers(0, 2000))
def test_where_asked_for_no_stratum_is_left_out(sizes: dict[Stratum, int], total: int) -> None:
    shares = allocate(sizes, total, each_at_least_one=True)
    filled = sum(size > 0 for size in sizes.values())
    assert all(shares[name] >= 1 for name, size in sizes.items() if size)
    assert all(shares[name] <= size for name, size in sizes.items())
    assert sum(shares.values()) == max(filled, min(total, sum(sizes.values())))


members = st.lists(
    st.tuples(st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)), st.tuples(st.text("ab"))),
    unique_by=lambda pair: pair[0],
    max_size=150,
)


@given(population=members, number=st.integers(0, 200), seed=st.integers(), shuffle=st.randoms())
def test_the_same_seed_draws_the_same_people_in_whatever_order_they_come(
    population: list[tuple[Member, Stratum]], number: int, seed: int, shuffle: object
) -> None:
    sample = Sample(number=number, seed=seed, by=("unit",))
    drawn = draw(population, sample)
    assert len(drawn) == min(number, len(population))
    strata = dict(population)
    expected = allocate(dict(Counter(strata.values())), number)
    assert Counter(strata[member] for member in drawn) == Counter(expected)
    again = list(population)
    shuffle.shuffle(again)  # type: ignore[attr-defined]
    assert draw(again, sample) == drawn


@given(population=members, seed=st.integers(0, 5))
def test_a_larger_sample_of_one_stratum_contains_the_smaller(
    population: list[tuple[Member, Stratum]], seed: int
) -> None:
    flat = [(member, ()) for member, _ in population]
    few, many = (draw(flat, Sample(number=number, seed=seed)) for number in (5, 20))
    assert few <= many


def test_who_is_drawn_is_the_same_on_every_machine() -> None:
    assert place(7, (1, 2)) == 4592688105058823564  # printf 7:1:2 | sha256sum
    population = [((number, 1), ()) for number in range(1, 1001)]
    assert sorted(draw(population, Sample(number=5, seed=42))) == [
        (68, 1),
        (116, 1),
        (342, 1),
        (679, 1),
        (788, 1),
    ]


def test_neither_number_nor_ratio_draws_everybody() -> None:
    population = [((number, 1), ()) for number in range(10)]
    assert len(draw(population, Sample())) == 10
    assert Sample().as_json() == {}


@pytest.mark.parametrize(
    ("ratio", "population", "size"), [(0.07, 100, 7), (0.5, 5, 3), (0.001, 100, 0), (1.0, 9, 9)]
)
def test_a_ratio_is_meant_as_it_is_written(ratio: float, population: int, size: int) -> None:
    assert Sample(ratio=ratio).size(population) == size


@pytest.mark.parametrize(
    "wrong",
    [{"number": 5, "ratio": 0.5}, {"number": -1}, {"ratio": 1.5}, {"by": ("weather",)}],
)
def test_an_impossible_sample_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Sample(**wrong)  # type: ignore[arg-type]


def test_different_seeds_draw_different_people() -> None:
    population = [((number, 1), ()) for number in range(1000)]
    first = draw(population, Sample(number=100, seed=1))
    assert first != draw(population, Sample(number=100, seed=2))


def test_everybody_has_the_same_chance() -> None:
    population = [((number, 1), ()) for number in range(50)]
    times = Counter(
        member for seed in range(400) for member in draw(population, Sample(number=10, seed=seed))
    )
    # Each is expected 80 times (standard deviation 8): six of them is far beyond chance.
    assert all(32 <= times[member] <= 128 for member, _ in population)
