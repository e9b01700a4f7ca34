"""Measures how long `--help` takes, beside a bare start of Python.

    python -m tests.benchmarks.startup

Prints medians and the spread of alternating runs; only the ratios mean something on a shared machine.
"""

import statistics
import subprocess
import sys
import time

RUNS = 15
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "thinice-tui --help": ["-m", "thinice_tui", "--help"],
    "python -c 'import torch'": ["-c", "import torch"],
}


def seconds(arguments: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    found: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(RUNS):
        for name, arguments in COMMANDS.items():
            found[name].append(seconds(arguments))
    bare = statistics.median(found["python -c pass"])
    print("| command | median s | min to max | ratio to bare |\n|---|---|---|---|")
    for name, times in found.items():
        middle = statistics.median(times)
        print(f"| `{name}` | {middle:.3f} | {min(times):.3f} to {max(times):.3f} | {middle / bare:.1f} |")


if __name__ == "__main__":
    main()
