"""How a run differs from the one that a run file holds, in words."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from thinice_tui.errors import RunFileError
from thinice_tui.protocol.distance import is_distance
from thinice_tui.runfile.model_identity import ModelIdentity
from thinice_tui.runfile.records import ModelRecord, RunPlan

SETTINGS = ("norm", "eps", "attack", "seed", "precision", "distances", "audit", "escalate")
IGNORED = ("batch size",)
"""What identities of early versions hold, and what no longer decides outcomes."""
Tables = tuple[Mapping[str, Any], Mapping[str, Any]]
"""The run tables of the stored run and of the wanted one, which the words are taken from."""


def check_same(stored: Mapping[str, Any], plan: RunPlan, models: Sequence[ModelRecord], path: Path) -> None:
    """Raise RunFileError, with what differs, unless the run table `stored` of `path` is that of the planned run."""
    wanted: dict[str, Any] = json.loads(json.dumps(plan.identity))
    names = [model.name for model in models]
    if found := differences(identity_of(stored), wanted, (stored, plan.table), names):
        raise RunFileError(
            f"{path}: holds another run: {'; '.join(found)}",
            "give another file with --run, or repeat the command that made this one",
        )


def identity_of(table: Mapping[str, Any]) -> Mapping[str, Any]:
    """The identity that a run table holds; empty where it holds none."""
    found = table.get("identity")
    return found if isinstance(found, Mapping) else {}


def differences(
    stored: Mapping[str, Any],
    wanted: Mapping[str, Any],
    tables: Tables,
    names: Sequence[str],
) -> list[str]:
    """How the identity `wanted` differs from the `stored` one, in words; empty: they are the same run.

    names: of the wanted models, in their order.
    """
    said = [_setting(key, stored, wanted, tables) for key in SETTINGS if _differs(key, stored, wanted)]
    if _differs("data", stored, wanted):
        said.append(_data(tables))
    said += _models(stored.get("models"), wanted.get("models"), names)
    known = {*SETTINGS, *IGNORED, "data", "models", "stages"}
    said += [
        f"{key} was {stored.get(key)}, now {wanted.get(key)}"
        for key in sorted((stored.keys() | wanted.keys()) - known)
        if _differs(key, stored, wanted)
    ]
    if not said and _differs("stages", stored, wanted):  # else other stages follow from the differences above
        said.append(_stages(stored, wanted))
    return said


def _stages(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    before, after = (
        [row for row in table.get("stages") or [] if not (isinstance(row, Mapping) and is_distance(row))]
        for table in (stored, wanted)
    )
    if before == after:
        return "its distances are those of another version's search"
    return "its stages are not those of this version's ensemble of that name"


def _differs(key: str, stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    before, after = stored.get(key), wanted.get(key)
    if key == "attack":  # files of early versions have it as typed
        before, after = str(before).lower(), str(after).lower()
    return bool(before != after)


def _setting(key: str, stored: Mapping[str, Any], wanted: Mapping[str, Any], tables: Tables) -> str:
    if key == "escalate":
        before, after = ("without" if table.get(key) is False else "with" for table in (stored, wanted))
        return f"its audit was {before} escalation, now {after}"
    if key == "distances":
        before, after = ("measured" if table.get(key) else "not measured" for table in (stored, wanted))
        return f"distances were {before}, now {after}"
    if key == "eps":  # as typed
        stored, wanted = ({"eps": _entry(table, "settings", "eps", "text")} for table in tables)
    return f"{key} was {stored.get(key)}, now {wanted.get(key)}"


def _data(tables: Tables) -> str:
    sources = [_entry(table, "data", "source") for table in tables]
    counts = [_entry(table, "data", "samples") for table in tables]
    if sources[0] != sources[1]:
        return f"the data were {sources[0]}, now {sources[1]}"
    if counts[0] != counts[1]:
        return f"it has {counts[0]} samples, now {counts[1]}"
    return f"other samples, or labels, of {sources[1]}"


def _models(stored: object, wanted: object, names: Sequence[str]) -> list[str]:
    if stored == wanted:
        return []
    try:
        before = [ModelIdentity.parse(text) for text in stored] if isinstance(stored, list) else []
        now = [ModelIdentity.parse(text) for text in wanted] if isinstance(wanted, list) else []
    except (ValueError, TypeError):
        return [f"models was {stored}, now {wanted}"]
    if len(before) != len(now):
        return [f"it has {len(before)} models, now {len(now)}"]
    pairs = list(zip(before, now, names, strict=True))
    said = [words for old, new, name in pairs for words in old.differences(new, name)]
    if said and all(any(not old.differences(new, "") for old in before) for new in now):
        return ["the models come in another order"]
    return said


def _entry(table: Mapping[str, Any], *keys: str) -> object:
    found: Any = table
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found
