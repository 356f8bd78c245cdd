"""Some of the crash points and pairs that `make sim` lives all of, and how they are counted."""

from __future__ import annotations

import itertools

import pytest

from simulation.chance import OUTCOMES
from simulation.points import EFFECTS, Point, every_pair, every_point, live_point, seams


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_dying_around_every_durable_change_converges_whatever_became_of_the_first_request(outcome: str) -> None:
    places = [number for number, seam in enumerate(seams(outcome)) if seam in EFFECTS]

    red = {}
    for place in places:
        point = Point(outcome, ((place, "after"),))
        if problems := live_point(point).problems:
            red[str(point)] = problems

    assert len(places) >= 7
    assert red == {}


def test_dying_twice_converges() -> None:
    pairs = list(itertools.islice(every_pair(), 0, 120, 6))

    assert {str(pair): live_point(pair).problems for pair in pairs} == {str(pair): [] for pair in pairs}


def test_points_are_every_seam_of_every_outcome_on_both_sides() -> None:
    found = list(every_point())

    assert len(found) == 2 * sum(len(seams(outcome)) for outcome in OUTCOMES)
    assert {point.outcome for point in found} == set(OUTCOMES)


def test_a_point_is_named_as_it_is_read() -> None:
    point = Point("2xx cut short", ((12, "after"), (3, "before")))

    assert str(point) == "2xx_cut_short 12:after 3:before"
    assert Point.parse(str(point)) == point
