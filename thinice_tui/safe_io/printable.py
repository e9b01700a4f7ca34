"""Makes text of files harmless for a terminal."""

from typing import TypeVar

Value = TypeVar("Value")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def printable(text: str) -> str:
    """`text` with every control character (of escape sequences, line breaks, direction marks) replaced by �."""
    return "".join(character if character.isprintable() else REPLACEMENT for character in text)


def printable_json(value: Value) -> Value:
    """The JSON value with `printable` applied to every string and key."""
    if isinstance(value, str):
        return printable(value)  # type: ignore[return-value]
    if isinstance(value, list):
        return [printable_json(item) for item in value]  # type: ignore[return-value]
    if isinstance(value, dict):
        return {printable(key): printable_json(item) for key, item in value.items()}  # type: ignore[return-value]
    return value


def printable_lines(text: str) -> str:
    """`text` with `printable` applied to every line; line ends stay."""
    return "\n".join(printable(line) for line in text.split("\n"))
