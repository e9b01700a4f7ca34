"""The user's preferences: theme, columns, order, keys. Kept in the user's configuration folder."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import platformdirs

from thinice_tui.analysis.margins import MARGIN_KINDS, MarginKind
from thinice_tui.analysis.table import COLUMNS, DEFAULT_COLUMNS
from thinice_tui.safe_io.atomic_write import write_text
from thinice_tui.tui.action_registry import BY_NAME
from thinice_tui.tui.content.plot_kinds import PLOTS


@dataclass(frozen=True)
class Preferences:
    """All preferences. `keys`: other keys for actions, by the action's name, as `{"export": "ctrl+e"}`."""

    theme: str = "textual-dark"
    columns: tuple[str, ...] = DEFAULT_COLUMNS
    sort: str = "margin"
    descending: bool = False
    margin: MarginKind = "clean"
    plot: str = "margins"
    keys: Mapping[str, str] = field(default_factory=dict)


def preferences_file() -> Path:
    return platformdirs.user_config_path("thinice-tui") / "settings.json"


def load_preferences(file: Path) -> tuple[Preferences, str]:
    """The preferences in `file`, and what is wrong with it (empty: nothing). A wrong value becomes the default."""
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Preferences(), ""
    except (OSError, ValueError) as error:
        return Preferences(), f"{file} is not readable ({error}): the defaults are used, and it is left as it is"
    if not isinstance(stored, dict):
        return Preferences(), f"{file}: expected a JSON object; the defaults are used, and it is left as it is"
    good = {key: _checked(key, value) for key, value in stored.items()}
    bad = sorted(key for key, value in good.items() if value is None)
    found = replace(Preferences(), **{key: value for key, value in good.items() if value is not None})
    return found, f"{file}: not understood: {', '.join(bad)}" if bad else ""


def save_preferences(file: Path, preferences: Preferences) -> str:
    """Write `preferences` to `file`; what went wrong (empty: nothing)."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(file, json.dumps(asdict(preferences), indent=2) + "\n", sync=False)
    except OSError as error:
        return f"the settings cannot be saved: {error}"
    return ""


def _checked(key: str, value: Any) -> Any:
    """The value as Preferences holds it; None where it is not a valid one."""
    if key == "columns":
        known = isinstance(value, list) and value and all(isinstance(name, str) and name in COLUMNS for name in value)
        return tuple(dict.fromkeys(value)) if known else None
    if key == "keys":
        known = isinstance(value, dict) and all(name in BY_NAME and isinstance(k, str) for name, k in value.items())
        return value if known else None
    if key == "descending":
        return value if isinstance(value, bool) else None
    choices: dict[str, object] = {"sort": COLUMNS, "margin": MARGIN_KINDS, "plot": PLOTS}
    if key == "theme":
        return value if isinstance(value, str) else None
    return value if key in choices and isinstance(value, str) and value in choices[key] else None  # type: ignore[operator]
