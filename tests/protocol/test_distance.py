"""The distance measurement as a row."""

from thinice_tui.protocol.distance import DistanceMeasurement, is_distance
from thinice_tui.protocol.ensembles import Stage
from thinice_tui.protocol.phases import build_phases
from thinice_tui.protocol.settings import Settings


def test_in_a_runs_identity_it_has_the_fields_of_a_stage() -> None:
    """And no earlier search's numbers: such a run is not continued. The bisection had 30 steps and no targets."""
    assert DistanceMeasurement().as_dict() == Stage("Distance", "distance", 30, targets=4).as_dict()


def test_its_passes_are_of_the_search_towards_any_class_and_of_those_towards_one() -> None:
    assert DistanceMeasurement(30, 4).passes(2) == (31 + 1, 31)
    assert DistanceMeasurement(30, 4).passes(3) == (3 * 31 + 1, 3 * 31 + 2)
    assert DistanceMeasurement(30, 4).passes(1000) == (5 * 31 + 1, 5 * 31 + 9)


def test_it_comes_after_all_stages_and_only_where_asked_for() -> None:
    *stages, last = build_phases(Settings.build("L2", None, "standard", distances=True), 10)
    assert all(isinstance(stage, Stage) for stage in stages) and isinstance(last, DistanceMeasurement)
    assert build_phases(Settings.build("L2", None, "standard", distances=False), 10) == tuple(stages)


def test_a_stored_stage_tells_whether_it_is_the_measurement() -> None:
    assert is_distance(DistanceMeasurement().as_dict())
    assert not any(
        is_distance(stage.as_dict()) for stage in build_phases(Settings.build("L2", None, "plus", distances=False), 10)
    )
