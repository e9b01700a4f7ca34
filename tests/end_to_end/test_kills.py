"""A run that is killed with SIGKILL 25 times and resumed each time ends with the same results as one never killed."""

import random
import shutil
import signal
import sqlite3
from pathlib import Path

import pytest

from tests.end_to_end.crash_harness import CrashHarness, KillPlan
from tests.engine_runs import assert_same_outcomes, request, run_it
from tests.linear_models import Files, as_convolutions, write_files
from tests.places import LINEAR_MODELS
from thinice_tui.protocol.request import Request
from thinice_tui.protocol.settings import Settings
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.write_queue import WAITING

KILLS = 25
"""For each of the two runs."""
RESULTS = {
    "clean": "model, position, logits",
    "outcome": "model, position, broken_by, logits, distance, boundary",
    "adversarial": "model, position, image",
    "batch": "model, ordinal, first, samples, forwards, backwards",
    "stage": "model, ordinal, name, parameters, entered, finished",
    "sample": "position, dataset_index, label",
    "image": "position, image",
}
WRITING = ("BEGIN", "COMMIT", "INSERT INTO batch", "INSERT OR REPLACE INTO outcome")
"""How SQL statements start that every engine executes."""


def wanted(files: Files, run: Path, precision: str, distances: bool) -> Request:
    """`quick` in batches of 4, so that there are many; bf16 on models with a convolution, which it rounds."""
    settings = Settings.build("Linf", "4/255", "quick", 0, "4", "all", precision, distances)
    if precision == "fp32":
        return request(files, run, settings=settings)
    return request(files, run, settings=settings, arch=f"{LINEAR_MODELS}:convolution")


def kill_plans(chance: random.Random, span: int) -> list[KillPlan]:
    """Kills while the file is created, in the clean pass, at random moments, and while the run is finished.

    span: how often an engine reports progress at most.
    """

    def within(words: str, count: int) -> KillPlan:
        return KillPlan(chance.choice(("statement", "inside")), count, words=words, steps=chance.randint(1, 30))

    def anywhere() -> KillPlan:
        if chance.random() < 0.6:
            return KillPlan("progress", chance.randint(0, span), delay=0.01 * chance.random())
        return within(chance.choice(WRITING), chance.randint(1, 8))

    making = [within("CREATE", chance.randint(1, 9)), within("INSERT INTO image", chance.randint(1, 90))]
    clean = [within("INSERT OR REPLACE INTO clean", chance.randint(1, 60)) for _ in range(3)]
    stage = [within("UPDATE stage", chance.randint(4, 6)), within("PRAGMA wal_checkpoint", 1)]
    finishing = [
        KillPlan("statement", 2, words="DELETE FROM heartbeat"),  # the first one is at the start of an engine
        KillPlan("inside", 1, words="VACUUM", steps=chance.randint(1, 30)),
        KillPlan("statement", 1, words="PRAGMA journal_mode = DELETE"),
    ]
    rest = KILLS - len(making) - len(clean) - len(stage) - len(finishing)
    return [*making, *clean, *(anywhere() for _ in range(rest)), *stage, *finishing]


def read(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every result in the run file, none before its tables exist; checks the file's integrity.

    Reads a copy: opening the file itself would already recover it, which is the program's task.
    """
    folder = path.parent / "copy"
    folder.mkdir()
    for name in (path.name, f"{path.name}-wal", f"{path.name}-journal"):
        if path.with_name(name).exists():
            shutil.copy(path.with_name(name), folder)
    connection = sqlite3.connect(folder / path.name)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        made = bool(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
        return {
            table: sorted(connection.execute(f"SELECT {columns} FROM {table}").fetchall()) if made else []
            for table, columns in RESULTS.items()
        }
    finally:
        connection.close()
        shutil.rmtree(folder)


@pytest.mark.parametrize(("precision", "distances", "span"), [("fp32", False, 120), ("bf16", True, 200)])
def test_a_run_killed_25_times_ends_with_the_same_results(
    tmp_path: Path, precision: str, distances: bool, span: int
) -> None:
    files = write_files(tmp_path, n=96)
    if precision == "bf16":
        as_convolutions(files)
    whole, cut = tmp_path / "whole.thinice", tmp_path / "cut.thinice"
    run_it(wanted(files, whole, precision, distances))
    names = {ordinal: name for _, ordinal, name, *_ in read(whole)["stage"]}
    known: dict[str, list[tuple[object, ...]]] = {table: [] for table in RESULTS}
    with CrashHarness(wanted(files, cut, precision, distances)) as harness:
        for plan in (*kill_plans(random.Random(precision), span), KillPlan("never")):
            ending = harness.run(plan)
            assert ending.error == "", "neither the file nor its lock is in the way"
            assert ending.signal == (0 if plan.at == "never" else signal.SIGKILL), f"it ended before {plan}"
            found = read(cut)
            assert set(known["batch"]) <= set(found["batch"]), "kept batches stay"

            def batches(rows: list[tuple[object, ...]]) -> set[tuple[object, object, object]]:
                return {(model, names[ordinal], batch) for model, ordinal, batch, *_ in rows}

            started = [batch for batch in ending.started if batch[1] in names.values()]
            assert not batches(known["batch"]) & set(started), "no kept batch is computed again"
            assert len(started) == len(set(started))
            assert len(set(started) - batches(found["batch"])) <= 1 + WAITING, "at most those in flight are lost"
            clean = sum(samples for _, stage, samples in ending.started if stage == "clean")
            assert clean - (len(found["clean"]) - len(known["clean"])) in (0, 4)
            known = found
    assert known == read(whole)
    assert_same_outcomes(read_run(cut), read_run(whole))
    assert read_run(cut).complete
