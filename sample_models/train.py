"""Make the sample models: adversarial training, magnitude pruning, adversarial fine-tuning.

    python sample_models/train.py dense                         # first
    python sample_models/train.py pruned-90 pruned pruned-99 control
    python sample_models/train.py --seed 1 dense pruned control # another training, in seed-1/
    python sample_models/train.py --report                      # the table of README.md, from what is stored

Run prepare_data.py before. Every epoch is kept in data/SEED/NAME.resume.pt: the same command again goes
on where it stopped. Deterministic for a seed, a thread count and a kind of CPU. Monitoring uses the
last 1000 training images, which are not trained on; the test images are seen once, at the end.
"""

import argparse
import hashlib
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchattacks
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn
from torch.nn import functional as F

from thinice_tui.models.architectures.preact_resnet8 import PreActResNet8
from thinice_tui.models.classifier import Classifier, Normalization, Normalized

HERE = Path(__file__).parent
DATA = HERE / "data" / "cifar10.npz"
EPS, ALPHA = 8 / 255, 10 / 255
HELD_OUT = 1000
CIFAR10 = Normalization("cifar10", (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))
MODEL = {
    "arch": "preact_resnet8",
    "num_classes": 10,
    "normalization": {"name": CIFAR10.name, "mean": list(CIFAR10.mean), "std": list(CIFAR10.std)},
}
"""What a file says of its network."""
console = Console(stderr=True)


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a model, beside the code."""

    epochs: int
    peak_lr: float
    warmup: float
    """Fraction of the steps in which the learning rate rises linearly; then it falls linearly to 0."""
    sparsity: float = 0.0
    start: str = ""
    """The model whose weights it starts from; empty: random."""
    batch: int = 128
    weight_decay: float = 5e-4
    attack: str = "FGSM-RS Linf 8/255, alpha 10/255"
    precision: str = "bf16 autocast, channels_last"


FINE_TUNE: dict[str, Any] = {"epochs": 30, "peak_lr": 0.1, "warmup": 0.1, "start": "dense", "weight_decay": 1e-4}
RECIPES = {
    "dense": Recipe(epochs=30, peak_lr=0.2, warmup=0.3),
    "pruned-90": Recipe(sparsity=0.90, **FINE_TUNE),
    "pruned": Recipe(sparsity=0.95, **FINE_TUNE),
    "pruned-99": Recipe(sparsity=0.99, **FINE_TUNE),
    "control": Recipe(**FINE_TUNE),
}


def models_of(seed: int) -> Path:
    """The folder of the models of a training seed; those of seed 0 are the ones that examples use."""
    return HERE / f"seed-{seed}" if seed else HERE


def prunable(network: nn.Module) -> dict[str, Tensor]:
    """The weights that pruning may zero: of convolutions and linear layers, not their biases."""
    return {name: m.weight for name, m in network.named_modules() if isinstance(m, (nn.Conv2d, nn.Linear))}


def global_magnitude_masks(network: nn.Module, sparsity: float) -> dict[str, Tensor]:
    """Masks that keep the (1 − sparsity) largest absolute weights of all layers together."""
    weights = prunable(network)
    magnitudes = torch.cat([w.detach().abs().flatten() for w in weights.values()])
    lost = round(sparsity * magnitudes.numel())
    if lost == 0:
        return {name: torch.ones_like(w) for name, w in weights.items()}
    threshold = magnitudes.kthvalue(lost).values
    return {name: (w.detach().abs() > threshold).to(w.dtype) for name, w in weights.items()}


@torch.no_grad()
def apply_masks(network: nn.Module, masks: dict[str, Tensor]) -> None:
    for name, weight in prunable(network).items():
        weight.mul_(masks[name])


def augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """Random crop from 4 pixels of zero padding and horizontal flip, per image; uint8 NCHW to float [0,1]."""
    n = len(images)
    padded = F.pad(images, (4, 4, 4, 4)).permute(0, 2, 3, 1)
    top, left = (torch.randint(0, 9, (n, 1), generator=generator) for _ in range(2))
    rows, columns = top + torch.arange(32), left + torch.arange(32)
    flip = torch.rand(n, 1, generator=generator) < 0.5
    columns = torch.where(flip, columns.flip(1), columns)
    crops = padded[torch.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]
    return crops.permute(0, 3, 1, 2).float() / 255


def adversarial(model: nn.Module, images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """One FGSM step from a random start inside the ball (Wong et al. 2020, arXiv 2001.03994)."""
    delta = (torch.rand(images.shape, generator=generator) * 2 - 1) * EPS
    start = (images + delta).clamp(0, 1).requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = F.cross_entropy(model(start).float(), labels)
    (gradient,) = torch.autograd.grad(loss, start)
    moved = start.detach() + ALPHA * gradient.sign()
    return torch.min(torch.max(moved, images - EPS), images + EPS).clamp(0, 1)


def learning_rate(recipe: Recipe, progress: float) -> float:
    rising = progress / recipe.warmup
    falling = (1 - progress) / (1 - recipe.warmup)
    return recipe.peak_lr * min(rising, falling)


def pgd_accuracy(model: nn.Module, images: Tensor, labels: Tensor, steps: int) -> tuple[float, float]:
    """Clean and PGD accuracy in percent, full precision; seeded, random start, step 2/255."""
    classifier = Classifier(model)
    torch.manual_seed(0)
    clean = correct = 0
    for x, y in zip(torch.split(images, 250), torch.split(labels, 250), strict=True):
        attacked = torchattacks.PGD(classifier, eps=EPS, alpha=2 / 255, steps=steps, random_start=True)(x, y)
        with torch.no_grad():
            clean += int((classifier(x).argmax(1) == y).sum())
            correct += int((classifier(attacked).argmax(1) == y).sum())
    model.requires_grad_(True)
    return 100 * clean / len(labels), 100 * correct / len(labels)


def load_images(part: str, path: Path = DATA) -> tuple[Tensor, Tensor]:
    with np.load(path) as data:
        images = torch.from_numpy(data[f"{part}_images"]).permute(0, 3, 1, 2).contiguous()
        return images, torch.from_numpy(data[f"{part}_labels"])


def save_atomically(what: dict[str, Any], path: Path) -> None:
    partial = path.with_suffix(".partial")
    torch.save(what, partial)
    partial.replace(path)


def train(name: str, seed: int) -> None:
    """Train or fine-tune the model `name`, resuming where an earlier call stopped, and store it."""
    recipe = RECIPES[name]
    resume_path = HERE / "data" / str(seed) / f"{name}.resume.pt"
    resume_path.parent.mkdir(exist_ok=True)
    images, labels = load_images("train")
    held = images[-HELD_OUT:].float() / 255, labels[-HELD_OUT:]
    start = models_of(seed) / f"{recipe.start}.pt" if recipe.start else None
    network, cpu_seconds = fit(name, recipe, seed, start, images[:-HELD_OUT], labels[:-HELD_OUT], resume_path, held)
    store(name, network, seed, cpu_seconds)


def fit(
    name: str,
    recipe: Recipe,
    seed: int,
    start: Path | None,
    images: Tensor,
    labels: Tensor,
    resume_path: Path,
    held: tuple[Tensor, Tensor] | None = None,
    weights: Tensor | None = None,
) -> tuple[nn.Module, float]:
    """The network of `recipe` after its epochs, and the processor seconds that they took.

    start: the file of the weights that it starts from; None: random. images: uint8 [n,3,32,32]; labels: [n]. held:
    float images and labels on which each epoch is judged; None: none is. weights: float32 [n], the share of each image
    in the loss; None: all the same. resume_path: keeps every epoch; the same call goes on from there.
    """
    torch.manual_seed(seed)
    network = PreActResNet8()
    start_sha256 = ""
    if start is not None:
        start_sha256 = hashlib.sha256(start.read_bytes()).hexdigest()
        stored = torch.load(start, weights_only=True)
        network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in stored["state_dict"].items()})
    masks = global_magnitude_masks(network, recipe.sparsity)
    model = Normalized(network, CIFAR10).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    decayed = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1]
    optimizer = torch.optim.SGD(
        [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": rest, "weight_decay": 0.0}],
        lr=0.1,
        momentum=0.9,
        nesterov=True,
    )
    about = {"recipe": asdict(recipe), "seed": seed, "start_sha256": start_sha256, "weights": sha256_of(weights)}
    first_epoch, cpu_seconds = 0, 0.0
    if resume_path.exists():
        state = torch.load(resume_path, weights_only=True)
        if any(state.get(key, "") != value for key, value in about.items()):
            raise SystemExit(
                f"{resume_path} was made with another recipe, seed, start or weights: delete it to start again"
            )
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        masks, first_epoch, cpu_seconds = state["masks"], state["epoch"], state["cpu_seconds"]

    batches = len(images) // recipe.batch
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(name, total=recipe.epochs * batches, completed=first_epoch * batches)
        for epoch in range(first_epoch, recipe.epochs):
            started = time.process_time()
            generator = torch.Generator().manual_seed(seed * 1000 + epoch)
            order = torch.randperm(len(images), generator=generator)
            for batch in range(batches):
                chosen = order[batch * recipe.batch : (batch + 1) * recipe.batch]
                x, y = augment(images[chosen], generator), labels[chosen]
                x = x.contiguous(memory_format=torch.channels_last)
                for group in optimizer.param_groups:
                    group["lr"] = learning_rate(recipe, (epoch * batches + batch) / (recipe.epochs * batches))
                attacked = adversarial(model, x, y, generator)
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    logits = model(attacked).float()
                    loss = weighted_loss(logits, y, None if weights is None else weights[chosen])
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                optimizer.step()
                if recipe.sparsity:
                    apply_masks(network, masks)
                progress.advance(task)
            said = f"{name} epoch {epoch + 1}/{recipe.epochs}"
            if held is not None:
                clean, robust = pgd_accuracy(model, *held, steps=10)
                model.train()
                said += f": held-out clean {clean:.1f} %, PGD-10 {robust:.1f} %"
            cpu_seconds += time.process_time() - started
            console.print(said)
            kept = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "masks": masks}
            save_atomically({**kept, **about, "epoch": epoch + 1, "cpu_seconds": cpu_seconds}, resume_path)
    return network, cpu_seconds


def weighted_loss(logits: Tensor, labels: Tensor, weights: Tensor | None) -> Tensor:
    """The mean cross-entropy; with weights, float32 [b], the mean of each image's times its weight."""
    if weights is None:
        return F.cross_entropy(logits, labels)
    return (weights * F.cross_entropy(logits, labels, reduction="none")).mean()


def sha256_of(weights: Tensor | None) -> str:
    """Of the images' weights; empty: there are none."""
    return "" if weights is None else hashlib.sha256(weights.numpy().tobytes()).hexdigest()


def half_precision(network: nn.Module) -> dict[str, Tensor]:
    """The state dict as it is stored: convolution and linear weights in fp16."""
    return {
        key: value.detach()
        .clone(memory_format=torch.contiguous_format)
        .to(torch.float16 if value.ndim > 1 else value.dtype)
        for key, value in network.state_dict().items()
    }


def store(name: str, network: nn.Module, seed: int, cpu_seconds: float) -> None:
    """Write NAME.pt: weights in fp16, and the accuracies of exactly these weights on the test images."""
    state = half_precision(network)
    rounded = PreActResNet8()
    rounded.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    with np.load(HERE / "cifar10-test-1000.npz") as data:
        images = torch.from_numpy(data["images"]).permute(0, 3, 1, 2).float() / 255
        labels = torch.from_numpy(data["labels"].astype(np.int64))
        classes = [str(c) for c in data["class_names"]]
    clean, robust = pgd_accuracy(Normalized(rounded, CIFAR10), images, labels, steps=20)
    weights = prunable(rounded)
    zeros = sum(int((w == 0).sum()) for w in weights.values()) / sum(w.numel() for w in weights.values())
    path = models_of(seed) / f"{name}.pt"
    path.parent.mkdir(exist_ok=True)
    save_atomically(
        {
            "state_dict": state,
            **MODEL,
            "dataset": "cifar10-test-1000.npz" if path.parent == HERE else "../cifar10-test-1000.npz",
            "class_names": classes,
            "recipe": asdict(RECIPES[name]),
            "seed": seed,
            "measured": {
                "on": "cifar10-test-1000.npz",
                "clean_accuracy": clean,
                "pgd20_accuracy": robust,
                "sparsity_conv_linear": 100 * zeros,
                "cpu_seconds": cpu_seconds,
            },
        },
        path,
    )
    console.print(
        f"{path.relative_to(HERE)}: clean {clean:.1f} %, PGD-20 {robust:.1f} %, {100 * zeros:.1f} % of weights zero"
    )


def report() -> None:
    print("| model | sparsity | clean | PGD-20 | CPU minutes |\n|---|---|---|---|---|")
    for path in [HERE / f"{name}.pt" for name in RECIPES] + sorted(HERE.glob("seed-*/*.pt")):
        found = torch.load(path, weights_only=True)["measured"]
        print(
            f"| `{path.relative_to(HERE)}` | {found['sparsity_conv_linear']:.1f} % | {found['clean_accuracy']:.1f} % "
            f"| {found['pgd20_accuracy']:.1f} % | {found['cpu_seconds'] / 60:.1f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"what to make, in this order: {', '.join(RECIPES)}")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="results depend on it; ours were made with 1")
    parser.add_argument("--report", action="store_true", help="print the table of what is stored")
    args = parser.parse_args()
    if unknown := [name for name in args.models if name not in RECIPES]:
        parser.error(f"unknown: {', '.join(unknown)}; expected some of {', '.join(RECIPES)}")
    torch.set_num_threads(args.threads)
    torch.use_deterministic_algorithms(True)
    for name in args.models:
        train(name, args.seed)
    if args.report:
        report()


if __name__ == "__main__":
    main()
