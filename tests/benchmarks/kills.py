"""Takes the terminal away from the interface at random moments while it draws, and times how long it lives on.

    python -m tests.benchmarks.kills --kills 100 --seed 1

Half of the terminals are plain pseudo-terminals, half are tmux sessions whose server is killed. Prints a Markdown
table.
"""

import argparse
import random
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.end_to_end.lost_terminals import ENOUGH, seconds_without_terminal, seconds_without_tmux
from tests.fake_runs import write_run

Kill = Callable[[Path, Path, random.Random], float]
WAYS: dict[str, Kill] = {"pseudo-terminal": seconds_without_terminal, "tmux": seconds_without_tmux}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    print("| terminal | kills | survivors | median s | longest s |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        folder = Path(name).resolve()
        write_run(folder / "made.thinice", {"dense": "dense", "pruned": "pruned"}, n=2000)
        for way, kill in WAYS.items():
            times = [kill(folder, folder / "made.thinice", chance) for _ in range(options.kills // len(WAYS))]
            survivors = sum(time >= ENOUGH for time in times)
            middle, longest = statistics.median(times), max(times)
            print(f"| {way} | {len(times)} | {survivors} | {middle:.2f} | {longest:.2f} |", flush=True)


if __name__ == "__main__":
    main()
