"""Measures how long `--help` takes, and how long a run takes until its first stage and to diagnose a model.

    python -m tests.benchmarks.startup
    python -m tests.benchmarks.startup --against ../another-checkout --rounds 7

The run is `compare dense.pt pruned.pt --attack pgd-20 --samples 100 --report` on the sample models, with one thread.
With --against, each round measures both checkouts, one after the other, and the next round in the other order. Prints
medians and the range; on a shared machine only ratios, and of runs only processor time, mean something.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "thinice-tui --help": ["-m", "thinice_tui", "--help"],
    "python -c 'import torch'": ["-c", "import torch"],
}
PARTS = ("import torch", "start to first stage", "diagnosis of a model", "whole run")


def seconds(arguments: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def measure_commands(rounds: int) -> None:
    found: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, arguments in COMMANDS.items():
            found[name].append(seconds(arguments))
    bare = statistics.median(found["python -c pass"])
    print("| command | median s | min to max | ratio to bare |\n|---|---|---|---|")
    for name, times in found.items():
        middle = statistics.median(times)
        print(f"| `{name}` | {middle:.3f} | {min(times):.3f} to {max(times):.3f} | {middle / bare:.1f} |")


def measure_run(folder: Path) -> None:
    """Run the command in this process, and write its processor seconds by PARTS into times.json in `folder`."""
    from thinice_tui.commands.app import entry
    from thinice_tui.engine.worker.environment import prepare_process

    prepare_process()
    times: dict[str, float] = {}
    before = time.process_time()
    import torch

    times["import torch"] = time.process_time() - before
    torch.set_num_threads(1)
    from thinice_tui.engine.phases.schedule import Schedule
    from thinice_tui.engine.worker.diagnosis import DiagnosisTask
    from thinice_tui.engine.worker.tasks import Worker
    from thinice_tui.runfile.records import Finding

    compute, diagnose, diagnoses = Schedule.compute, DiagnosisTask.compute, []

    def timed_compute(schedule: Schedule) -> None:
        times.setdefault("start to first stage", time.process_time())
        compute(schedule)

    def timed_diagnose(task: DiagnosisTask, worker: Worker) -> tuple[Finding, ...]:
        began = time.process_time()
        found = diagnose(task, worker)
        diagnoses.append(time.process_time() - began)
        return found

    Schedule.compute = timed_compute  # type: ignore[method-assign, assignment]
    DiagnosisTask.compute = timed_diagnose  # type: ignore[method-assign, assignment]
    os.chdir(HERE / "sample_models")
    sys.argv = ["thinice-tui", "compare", "dense.pt", "pruned.pt", "--attack", "pgd-20", "--samples", "100", "--report"]
    sys.argv += ["--run", f"{folder}/a.thinice", "-o", f"{folder}/report.txt"]
    try:
        entry()
    except SystemExit as stop:
        assert not stop.code, stop.code
    times |= {"diagnosis of a model": statistics.mean(diagnoses), "whole run": time.process_time()}
    (folder / "times.json").write_text(json.dumps(times))


def in_a_process(checkout: Path) -> dict[str, float]:
    """The same with the code of `checkout`, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--into", folder]
        environment = os.environ | {"PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}
        subprocess.run(command, check=True, capture_output=True, env=environment)
        found: dict[str, float] = json.loads((Path(folder) / "times.json").read_text())
    return found


def measure_runs(rounds: int, other: Path | None) -> None:
    checkouts = [HERE] if other is None else [other.resolve(), HERE]
    found: dict[Path, list[dict[str, float]]] = {checkout: [] for checkout in checkouts}
    for number in range(rounds):
        for checkout in checkouts if number % 2 == 0 else checkouts[::-1]:
            found[checkout].append(in_a_process(checkout))
            print(f"round {number + 1}, {checkout}: {found[checkout][-1]}", file=sys.stderr, flush=True)
    print("\n| processor s | " + " | ".join(["this checkout"] if other is None else ["before", "now", "ratio"]) + " |")
    print("|---" * (2 if other is None else 4) + "|")
    for part in PARTS:
        columns = [spread([one[part] for one in found[checkout]]) for checkout in checkouts]
        if other is not None:
            pairs = zip(found[HERE], found[checkouts[0]], strict=True)
            columns.append(spread([mine[part] / theirs[part] for mine, theirs in pairs]))
        print(f"| {part} | {' | '.join(columns)} |")


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--against", type=Path, help="another checkout to measure the run with, beside this one")
    parser.add_argument("--into", type=Path, help="run once in this process, and write the times into this folder")
    args = parser.parse_args()
    if args.into:
        measure_run(args.into)
        return
    measure_commands(args.rounds)
    measure_runs(args.rounds, args.against)


if __name__ == "__main__":
    main()
