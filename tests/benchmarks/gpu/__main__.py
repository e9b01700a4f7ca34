"""Measures what only a GPU can tell, in at most 8 minutes, and writes one page.

    python -m tests.benchmarks.gpu                     # the GPU with the most free memory; writes docs/gpu.md
    python -m tests.benchmarks.gpu --device cpu --small -o try.md       # does everything run? the figures mean nothing

Each part has its share of the minutes; what is left over goes to the later ones. Parts whose time is out say what they
left out, and those that were not begun are measured by the next call: results are kept in a file beside the page
(--results). --again measures everything anew, --only a part. A part that fails says why, and the others go on.
"""

import argparse
import json
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

import torch

from tests.benchmarks.gpu.bench import Bench, OutOfTime, first_line
from tests.benchmarks.gpu.device_memory import device_memory
from tests.benchmarks.gpu.end_to_end import end_to_end
from tests.benchmarks.gpu.environment import environment, smoke
from tests.benchmarks.gpu.errors import errors
from tests.benchmarks.gpu.graphs import graphs
from tests.benchmarks.gpu.keys import keys
from tests.benchmarks.gpu.steps import steps
from tests.benchmarks.gpu.throughput import throughput
from tests.benchmarks.gpu.verdicts import judged_again, robust_sets
from tests.places import ROOT
from thinice_tui.engine.worker.device import choose_device, describe
from thinice_tui.safe_io.atomic_write import write_text

MINUTES = 8.0
GRACE = 10.0
"""Seconds after its time at which a part is interrupted."""
PAGE = ROOT / "docs" / "gpu.md"


@dataclass(frozen=True)
class Part:
    """A section of the page. share: of the minutes."""

    name: str
    title: str
    share: float
    measure: Callable[[Bench], str]


PARTS = (
    Part("environment", "Environment", 0.02, environment),
    Part("smoke", "Every attack, norm and precision once", 0.1, smoke),
    Part("errors", "Rounding against float64", 0.02, errors),
    Part("judged-again", "The shipped run's adversarial images judged again", 0.06, judged_again),
    Part("robust-sets", "Robust samples beside the shipped run", 0.22, robust_sets),
    Part("throughput", "Throughput by precision, layout and batch", 0.14, throughput),
    Part("steps", "Steps of the attacks", 0.1, steps),
    Part("end-to-end", "`standard` and `fast` beside pyautoattack", 0.18, end_to_end),
    Part("memory", "Memory, and two engines on one GPU", 0.07, device_memory),
    Part("graphs", "CUDA graphs against eager", 0.04, graphs),
    Part("keys", "The interface's keys meanwhile", 0.05, keys),
)


@dataclass(frozen=True)
class Result:
    """What a part gave: a table, or why there is none. measured: it is not measured again."""

    text: str
    seconds: float
    measured: bool


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """Raise OutOfTime after so many seconds, as soon as torch comes back to Python."""

    def raise_it(_: int, __: FrameType | None) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, raise_it)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.1))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def measure(part: Part, device: torch.device, small: bool, seconds: float) -> Result:
    """The part's result, in at most about that many seconds."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(device, small, Path(folder), began + seconds)
        try:
            with interrupted_after(seconds + GRACE):
                text, measured = part.measure(bench), True
        except OutOfTime:
            text, measured = f"Not finished in {seconds:.0f} s.", False
        except Exception as error:
            text, measured = f"Failed: {first_line(error)}", False
    return Result(text, time.monotonic() - began, measured)


def page(results: dict[str, Result], about: str) -> str:
    """The page; about: on what and when it was measured, empty where nothing was."""
    lines = ["# On a GPU", ""]
    lines += [about or "**Not measured**: nobody has run `python -m tests.benchmarks.gpu` on a GPU yet.", ""]
    lines += [
        "Written by `python -m tests.benchmarks.gpu`, which measures all of this on one GPU in at most 8 minutes."
    ]
    for part in PARTS:
        result = results.get(part.name)
        lines += ["", f"## {part.title}", "", "Not measured." if result is None else result.text]
        lines += [] if result is None else ["", f"({result.seconds:.0f} s)"]
    return "\n".join(lines) + "\n"


def read_results(file: Path, where: str) -> dict[str, Result]:
    """What an earlier call has measured on the same device, in the same setting; empty where there is nothing."""
    stored = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    parts = stored.get("parts", {}) if stored.get("where") == where else {}
    return {name: Result(**part) for name, part in parts.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--small", action="store_true", help="small networks, few images, short attacks")
    parser.add_argument("--only", choices=[part.name for part in PARTS], nargs="+")
    parser.add_argument("--again", action="store_true", help="measure again what is measured")
    parser.add_argument("-o", "--output", type=Path, default=PAGE)
    parser.add_argument("--results", type=Path, help="default: beside the page, with the suffix .json")
    args = parser.parse_args(arguments)
    device = choose_device(args.device)
    if device.type != "cuda" and args.output == PAGE:
        parser.error(f"{device} is no GPU: name another page with -o, and give --small to see that everything runs")
    file = args.results or args.output.with_suffix(".json")
    small = ", **small setting: the figures mean nothing**" if args.small else ""
    where = f"{describe(device)}, torch {torch.__version__}{small}"
    results = {} if args.again and not args.only else read_results(file, where)
    about = f"{where}, {time.strftime('%Y-%m-%d')}"
    ends = time.monotonic() + 60 * args.minutes
    wanted = [part for part in PARTS if not args.only or part.name in args.only]
    due = [part for part in wanted if args.again or part.name not in results or not results[part.name].measured]
    for number, part in enumerate(due):
        left = ends - time.monotonic()
        shares = sum(other.share for other in due[number:])
        if left <= GRACE:
            results[part.name] = Result("Skipped: the time was over. The next call measures it.", 0.0, False)
        else:
            print(f"{part.title} …", flush=True)
            results[part.name] = measure(part, device, args.small, (left - GRACE) * part.share / shares)
        stored = {name: asdict(one) for name, one in results.items()}
        write_text(file, json.dumps({"where": where, "parts": stored}, indent=1))
        write_text(args.output, page(results, about))
    print(f"{args.output}: {sum(result.measured for result in results.values())} of {len(PARTS)} parts measured")


if __name__ == "__main__":
    main()
