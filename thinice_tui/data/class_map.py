"""`--class-map FILE`: the label number of each class folder, where it is not the alphabetical order."""

import csv
import io
import json
from pathlib import Path

from thinice_tui.data.text_file import check_text_file
from thinice_tui.errors import DataError
from thinice_tui.safe_io.file_kind import checked_head

EXPECTED = 'JSON {"folder": number} or CSV lines folder,number'
MAX_BYTES = 16 * 2**20


def read_class_map(path: Path) -> tuple[dict[str, int], tuple[str, ...]]:
    """Label numbers by folder name, and class names by number; raises DataError.

    JSON: {"cat": 3}, {"3": "cat"}, {"3": ["n01491361", "tiger_shark"]} as ImageNet's own, or a list of folder names
    in the order of the labels. CSV: a line folder,number for each, with or without a header.
    """
    head = checked_head(path, EXPECTED, DataError)
    check_text_file(path, head, "class map", EXPECTED, MAX_BYTES, "write the class map as text")
    try:
        written = path.read_text(encoding="utf-8-sig")
        pairs = _from_json(written) if written.lstrip()[:1] in ("{", "[") else _from_csv(written)
    except (OSError, ValueError, RecursionError, TypeError, csv.Error) as error:
        raise DataError(f"{path}: is no class map ({error})", f"expected {EXPECTED}") from error
    numbers: dict[str, int] = {}
    names: dict[int, str] = {}
    for folder, number, name in pairs:
        if not 0 <= number < 2**31:
            raise DataError(f"{path}: gives {folder!r} the label {number}", "expected numbers from 0")
        if numbers.setdefault(folder, number) != number:
            raise DataError(f"{path}: gives {folder!r} two labels, {numbers[folder]} and {number}", "remove one")
        names.setdefault(number, name)
    if not numbers:
        raise DataError(f"{path}: is an empty class map", f"expected {EXPECTED}")
    most = max(names) + 1
    if most > 100 * len(names) + 1000:
        raise DataError(
            f"{path}: has {len(names)} classes and the label {most - 1}",
            "expected class numbers",
        )
    return numbers, tuple(names.get(number, str(number)) for number in range(most))


def _from_json(written: str) -> list[tuple[str, int, str]]:
    stored = json.loads(written)
    if isinstance(stored, list):
        stored = {str(number): name for number, name in enumerate(stored)}
    pairs = []
    for key, value in stored.items():
        if type(value) is int:
            pairs.append((key, value, key))
        elif isinstance(value, str):
            pairs.append((value, int(key), value))
        elif isinstance(value, list) and len(value) == 2 and all(isinstance(item, str) for item in value):
            pairs.append((value[0], int(key), value[1]))
        else:
            raise TypeError(f"the entry of {key!r} is a {type(value).__name__}")
    return pairs


def _from_csv(written: str) -> list[tuple[str, int, str]]:
    rows = [row for row in csv.reader(io.StringIO(written)) if row]
    if rows and len(rows[0]) >= 2 and not rows[0][1].strip().isdecimal():
        rows = rows[1:]  # a header
    pairs = []
    for row in rows:
        if len(row) != 2 or not row[1].strip().isdecimal():
            raise ValueError(f"the line {','.join(row)[:80]!r}")
        pairs.append((row[0].strip(), int(row[1]), row[0].strip()))
    return pairs
