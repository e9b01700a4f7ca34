"""What was seen of the normalisations that were tried, in words."""

from collections.abc import Mapping


def describe_accuracies(accuracies: Mapping[str, float], seen: Mapping[str, int]) -> str:
    """Accuracies by name, those on most images first, then the highest; fewer images are said. seen: images each."""
    most = max(seen.values(), default=0)

    def order(name: str) -> tuple[int, float]:
        return -seen.get(name, most), -accuracies[name]

    parts = []
    for name in sorted(accuracies, key=order):
        fewer = f" on the first {seen[name]}" if seen.get(name, most) < most else ""
        parts.append(f"{name} {100 * accuracies[name]:.1f} %{fewer}")
    return ", ".join(parts)
