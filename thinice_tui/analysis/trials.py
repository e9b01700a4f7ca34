"""The normalisations that were tried, in words: for warnings of the engine and for the report."""

from collections.abc import Mapping


def describe_accuracies(accuracies: Mapping[str, float], seen: Mapping[str, int]) -> str:
    """`cifar10 74.7 %, none 20.3 % on the first 64`: the normalisations that were tried, the best first.

    accuracies: in [0,1], by name; seen: the number of images for each. Those on the most images come first.
    """
    most = max(seen.values(), default=0)

    def order(name: str) -> tuple[int, float]:
        return -seen.get(name, most), -accuracies[name]

    parts = []
    for name in sorted(accuracies, key=order):
        fewer = f" on the first {seen[name]}" if seen.get(name, most) < most else ""
        parts.append(f"{name} {100 * accuracies[name]:.1f} %{fewer}")
    return ", ".join(parts)
