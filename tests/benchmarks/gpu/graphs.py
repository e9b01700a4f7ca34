"""CUDA graphs against eager: an APGD step and a query of Square, captured for padded batches.

The engine has no graphs: whether they pay is what this part tells. A bucket is a batch of fixed size that a smaller
one is padded to.
"""

from collections.abc import Callable

import torch

from tests.benchmarks.gpu.bench import OUT_OF_TIME, Bench, table
from tests.benchmarks.gpu.networks import resnet
from thinice_tui.attacks.losses import losses_gradient_margins, lowered_margins
from thinice_tui.attacks.norms import per_image
from thinice_tui.engine.worker.attack_model import prepare_attack_model
from thinice_tui.engine.worker.full_precision import full_precision

BUCKETS = (8, 16, 32, 64, 128)
EPS, STEP_SIZE = 8 / 255, 2 / 255


def graphs(bench: Bench) -> str:
    """Milliseconds of a step and a query, eager and captured, for ResNet-18 at 32²."""
    side, buckets = (16, (2,)) if bench.small else (32, BUCKETS)
    judge = resnet(18, large=False, small=bench.small).to(bench.device)
    rows = list[tuple[object, ...]]()
    with full_precision():
        form = prepare_attack_model(judge, torch.rand(4, 3, side, side).to(bench.device), "fp32").exact
        for bucket in buckets:
            works = {
                "APGD step": _apgd_step(bench, form, bucket, side),
                "Square query": _query(bench, form, bucket, side),
            }
            for name, work in works.items():
                if bench.left <= 0:
                    rows.append((name, bucket, OUT_OF_TIME, "", ""))
                    continue
                eager = bench.seconds(work, 0.3)
                if not bench.cuda:
                    rows.append((name, bucket, 1000 * eager, "not measured here", ""))
                    continue
                captured = bench.seconds(_captured(work), 0.3)
                rows.append((name, bucket, 1000 * eager, 1000 * captured, eager / captured))
    return table(("what", "bucket", "eager ms", "graph ms", "eager over graph"), rows)


def _captured(work: Callable[[], None]) -> Callable[[], None]:
    """`work` as a graph; warmed up on a stream of its own, as capturing needs."""
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            work()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay


def _apgd_step(bench: Bench, form: torch.nn.Module, size: int, side: int) -> Callable[[], None]:
    """A step in place: move, project, differentiate, and keep what is better."""
    x = torch.rand(size, 3, side, side).to(bench.device)
    y = torch.zeros(size, dtype=torch.long).to(bench.device)
    x_adv, grad, x_best, x_old = (x.clone() for _ in range(4))
    loss_best = torch.zeros(size).to(bench.device)
    low, high = (x - EPS).clamp(min=0), (x + EPS).clamp(max=1)

    def step() -> None:
        with torch.no_grad():
            moved = torch.minimum(torch.maximum(x_adv + STEP_SIZE * grad.sign(), low), high)
            found = torch.minimum(torch.maximum(x_adv + 0.75 * (moved - x_adv) + 0.25 * (x_adv - x_old), low), high)
            x_old.copy_(x_adv)
            x_adv.copy_(found)
            losses, gradient, _ = losses_gradient_margins(form, x_adv, y, "ce", None)
            grad.copy_(gradient)
            higher = losses > loss_best
            x_best.copy_(torch.where(per_image(higher), x_adv, x_best))
            loss_best.copy_(torch.where(higher, losses, loss_best))

    return step


def _query(bench: Bench, form: torch.nn.Module, size: int, side: int) -> Callable[[], None]:
    """A query in place: move a window, pass forward, and keep what is lower."""
    x_best = torch.rand(size, 3, side, side).to(bench.device)
    labels = torch.zeros(size, dtype=torch.long).to(bench.device)
    margin_best = torch.full((size,), torch.inf).to(bench.device)
    patch = x_best[..., : side // 4, : side // 4]

    def query() -> None:
        with torch.no_grad():
            before = patch.clone()
            moved = (before + EPS).clamp_(0, 1)
            patch.copy_(moved)
            margins = lowered_margins(form(x_best), labels)
            lower = margins < margin_best
            patch.copy_(torch.where(per_image(lower), moved, before))
            margin_best.copy_(torch.where(lower, margins, margin_best))

    return query
