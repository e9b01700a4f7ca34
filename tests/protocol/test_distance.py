"""The distance measurement as a row."""

from thinice_tui.protocol.distance import DistanceMeasurement, is_distance
from thinice_tui.protocol.ensembles import Stage
from thinice_tui.protocol.phases import build_phases
from thinice_tui.protocol.settings import Settings


def test_in_a_runs_identity_it_has_the_fields_of_a_stage() -> None:
    """Runs of earlier versions go on: these kept it as a stage."""
    assert DistanceMeasurement().as_dict() == Stage("Distance", "distance", 30).as_dict()


def test_it_comes_after_all_stages_and_only_where_asked_for() -> None:
    *stages, last = build_phases(Settings.build("L2", None, "standard", distances=True), 10)
    assert all(isinstance(stage, Stage) for stage in stages) and isinstance(last, DistanceMeasurement)
    assert build_phases(Settings.build("L2", None, "standard", distances=False), 10) == tuple(stages)


def test_a_stored_stage_tells_whether_it_is_the_measurement() -> None:
    assert is_distance(DistanceMeasurement().as_dict())
    assert not any(
        is_distance(stage.as_dict()) for stage in build_phases(Settings.build("L2", None, "plus", distances=False), 10)
    )
