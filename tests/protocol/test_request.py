"""What is asked for, through JSON and through the command line, and back."""

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from thinice_tui.commands.app import app
from thinice_tui.errors import UsageError
from thinice_tui.protocol.data_options import DataOptions
from thinice_tui.protocol.durations import MAX_SECONDS
from thinice_tui.protocol.ensembles import ENSEMBLES, is_audited
from thinice_tui.protocol.model_options import ModelOptions
from thinice_tui.protocol.request import Request
from thinice_tui.protocol.settings import KeepImages, Precision, Settings
from thinice_tui.protocol.threat_model import NORMS, Norm
from thinice_tui.protocol.worker_options import WorkerOptions

NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12)
PATHS = st.one_of(
    st.sampled_from(["dense.pt", "runs/a b.pt", "/m/σ→.pt", "-dense.pt", "--run", "$HOME/'x'.pt", "a\nb", "~/a.pt"]),
    NAMES,
).map(Path)
EPSILONS = st.one_of(
    st.integers(1, 254).map(lambda n: f"{n}/255"),
    st.floats(1e-6, 0.99).map(repr),
    st.sampled_from(["8/255", "0.031", "1e-3", "+0.5"]),
)


def built(
    norm: str,
    eps: str,
    attack: str,
    seed: int,
    batch_size: int | None,
    keep: str,
    stages: str | None,
    precision: str = "fp32",
    distances: bool = False,
    audit: str | None = None,
    escalate: bool = True,
) -> Settings:
    """audit, escalate: of `fast` alone."""
    if stages is not None or not is_audited(attack):
        audit, escalate = None, True
    size = str(batch_size or "auto")
    return Settings.build(norm, eps, attack, seed, size, keep, precision, distances, audit, escalate, stages)


SETTINGS = st.builds(
    built,
    st.sampled_from(NORMS),
    EPSILONS,
    st.sampled_from([*ENSEMBLES, "pgd-7", "pgd-200", "Standard"]),
    st.integers(0, 2**63 - 1),
    st.none() | st.integers(1, 10_000),
    st.sampled_from(["flips", "all", "none"]),
    st.none() | st.sampled_from(["square:queries=7", "pgd-3,apgd-t:steps=9:restarts=2:targets=3,pgd-3"]),
    st.sampled_from(get_args(Precision)),
    st.booleans(),
    st.sampled_from([None, "auto", "all", "0", "7"]),
    st.booleans(),
)
SEVERAL = WorkerOptions(("cuda:0", "cuda:1")), WorkerOptions(("all",), None, "auto"), WorkerOptions((), 3, "10.0.0.1:7")
WORKERS = st.sampled_from([WorkerOptions(), *SEVERAL])


def texts(values: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    """An option that is for all files, for some of them, or both."""
    return st.builds(
        lambda bare, one, some: (*bare, *(f"dense={text}" for text in one), *(f"pruned={text}" for text in some)),
        st.lists(values, max_size=1),
        st.lists(values, min_size=1, max_size=1),
        st.lists(values, max_size=1),
    ) | st.tuples(values)


DATA_OPTIONS = st.builds(
    DataOptions,
    classes=st.none() | NAMES,
    indices=st.none() | PATHS,
    shuffle=st.none() | st.integers(0, 2**63 - 1),
    class_map=st.none() | PATHS,
    resize=st.none() | st.integers(1, 10_000),
    crop=st.none() | st.integers(1, 10_000),
)
REQUESTS = st.builds(
    Request,
    dense=PATHS,
    pruned=st.lists(PATHS, min_size=1, max_size=3).map(tuple),
    control=st.none() | PATHS,
    data=st.none() | NAMES,
    samples=st.none() | st.integers(1, 10**9),
    device=st.sampled_from(["auto", "cpu", "cuda:0"]),
    settings=SETTINGS,
    time_limit=st.none() | st.integers(1, MAX_SECONDS).map(float) | st.floats(1e-9, MAX_SECONDS),
    run=st.none() | PATHS,
    folder=st.sampled_from([Path("/"), Path("/a b/c")]),
    data_options=DATA_OPTIONS,
    model_options=st.builds(
        ModelOptions,
        arch=texts(
            st.one_of(
                st.sampled_from(["auto", "net.py:make(a='=')", "--x"]), NAMES.map(lambda name: name.replace("=", ":"))
            )
        ),
        normalize=texts(st.sampled_from(["auto", "none", "cifar10", "0.5,0.5,0.5/0.2,0.2,0.2"])),
        keep=texts(st.sampled_from(["0.1", "1"])) | st.just(()),
        key=texts(st.sampled_from(["model_ema", "a.b"])) | st.just(()),
        trust_pickle=texts(st.sampled_from(["yes", "no"])) | st.just(()),
    ),
) | st.builds(lambda workers: made(worker_options=workers), WORKERS)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def made(**changes: object) -> Request:
    request = Request(
        dense=Path("dense.pt"),
        pruned=(Path("pruned.pt"),),
        control=None,
        data=None,
        samples=None,
        device="auto",
        settings=Settings.build("Linf", "8/255", "standard"),
        run=None,
        folder=Path("/work"),
    )
    return replace(request, **changes)  # type: ignore[arg-type]


def stored() -> dict[str, Any]:
    """One request as a run file keeps it."""
    found: dict[str, Any] = json.loads(json.dumps(made(samples=5, data="a.npz").as_dict()))
    return found


# as JSON


@given(REQUESTS)
def test_through_json_and_back_it_is_the_same(request: Request) -> None:
    text = json.dumps(request.as_dict())
    assert Request.from_dict(json.loads(text)) == request


def test_a_file_name_that_is_no_text_survives() -> None:
    odd = made(dense=Path("\udcff.pt"), run=Path("\udce9.thinice"))
    assert Request.from_dict(json.loads(json.dumps(odd.as_dict()))) == odd


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dense", None),
        ("dense", 5),
        ("pruned", None),
        ("pruned", "pruned.pt"),
        ("pruned", {"a.pt": 1}),
        ("pruned", [None]),
        ("control", 1),
        ("data", 5),
        ("samples", "5"),
        ("samples", 0),
        ("samples", 1.5),
        ("samples", True),
        ("time_limit", "5"),
        ("time_limit", 0.0),
        ("time_limit", -5.0),
        ("time_limit", float("inf")),
        ("time_limit", float("nan")),
        ("device", []),
        ("run", []),
        ("folder", None),
        ("data_options", None),
        ("data_options", {}),
        ("data_options.classes", 3),
        ("data_options.indices", 3),
        ("data_options.shuffle", -1),
        ("data_options.shuffle", True),
        ("data_options.class_map", []),
        ("data_options.resize", 0),
        ("data_options.crop", 1.5),
        ("model_options", None),
        ("model_options", {}),
        ("model_options.arch", None),
        ("model_options.arch", "auto"),
        ("model_options.normalize", [3]),
        ("model_options.keep", None),
        ("model_options.key", [["a"]]),
        ("model_options.trust_pickle", True),
        ("settings", None),
        ("settings", []),
        ("settings", {}),
        ("settings", "quick"),
        ("settings.norm", "L7"),
        ("settings.norm", None),
        ("settings.eps", "8/255"),
        ("settings.eps", {}),
        ("settings.eps", {"text": "0"}),
        ("settings.eps", {"text": None}),
        ("settings.attack", None),
        ("settings.stages", ["square"]),
        ("settings.seed", "x"),
        ("settings.seed", 1.5),
        ("settings.seed", -1),
        ("settings.seed", True),
        ("settings.seed", None),
        ("settings.seed", float("inf")),
        ("settings.seed", float("nan")),
        ("settings.batch_size", 0),
        ("settings.batch_size", -1),
        ("settings.batch_size", 0.5),
        ("settings.batch_size", []),
        ("settings.keep_images", "some"),
    ],
)
def test_a_value_of_another_kind_is_refused_with_a_message(key: str, value: object) -> None:
    changed = stored()
    inside, dot, name = key.partition(".")
    if dot:
        changed[inside][name] = value
    else:
        changed[key] = value
    with pytest.raises(UsageError) as caught:
        Request.from_dict(changed)
    assert caught.value.what


LATER = ("audit", "escalate", "stages")
"""Settings that files of early versions lack."""


def test_settings_that_early_versions_lack_have_their_default() -> None:
    early = stored()
    for key in LATER:
        del early["settings"][key]
    assert Request.from_dict(early) == Request.from_dict(stored())


def test_a_request_of_an_early_version_has_one_device() -> None:
    early = stored()
    del early["worker_options"]
    assert Request.from_dict(early).worker_options == WorkerOptions()


@pytest.mark.parametrize(
    "key",
    [
        *sorted(stored().keys() - {"worker_options"}),
        *(f"settings.{key}" for key in sorted(stored()["settings"]) if key not in LATER),
    ],
)
def test_a_value_that_is_missing_is_refused_with_a_message(key: str) -> None:
    changed = stored()
    del (changed["settings"] if key.startswith("settings.") else changed)[key.removeprefix("settings.")]
    with pytest.raises(UsageError) as caught:
        Request.from_dict(changed)
    assert caught.value.what


@given(JSON)
def test_no_json_but_a_request_is_one(rubbish: Any) -> None:
    with pytest.raises(UsageError):
        Request.from_dict(rubbish)


@given(st.sampled_from(sorted(stored())), JSON)
def test_with_one_value_replaced_it_is_refused_or_exactly_that(key: str, rubbish: Any) -> None:
    changed = stored() | {key: rubbish}
    check_refused_or_exact(changed)


@given(st.sampled_from(["norm", "attack", "seed", "batch_size", "keep_images"]), JSON)
@example("seed", float("inf"))
def test_with_one_setting_replaced_it_is_refused_or_exactly_that(key: str, rubbish: Any) -> None:
    changed = stored()
    changed["settings"] = changed["settings"] | {key: rubbish}
    check_refused_or_exact(changed)


def check_refused_or_exact(changed: dict[str, Any]) -> None:
    """Nothing is asked for that the file does not say: what is read says the same when written again."""
    try:
        request = Request.from_dict(changed)
    except UsageError:
        return
    assert Request.from_dict(request.as_dict()) == request
    again = json.loads(json.dumps(request.as_dict()))
    paths = {"dense", "control", "run", "folder", "pruned", "data_options"}  # `a//b` is `a/b`
    assert {k: v for k, v in again.items() if k not in paths} == {k: v for k, v in changed.items() if k not in paths}


# as a command


def parsed(words: list[str]) -> Request:
    """What `thinice-tui compare` in the current folder makes of a command line."""
    found: list[Request] = []

    def compare_in_app(request: Request) -> int:
        found.append(request)
        return 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("thinice_tui.tui.app.compare_in_app", compare_in_app)
        patch.setattr("thinice_tui.commands.compare.need_terminal", lambda _: None)
        result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    (request,) = found
    return request


@settings(max_examples=60, deadline=None)
@given(REQUESTS)
@example(made(dense=Path("-dense.pt")))
@example(made(pruned=(Path("-p.pt"), Path("--run"))))
@example(made(control=Path("-control.pt"), run=Path("--seed"), data="-", model_options=ModelOptions(arch=("--x",))))
def test_its_command_asks_for_the_same(request: Request) -> None:
    program, *words = shlex.split(shlex.join(request.command()))
    assert program == "thinice-tui"
    assert parsed(words) == replace(request, folder=Path.cwd())


def test_the_shortest_command_asks_for_what_the_help_says() -> None:
    request = parsed(["compare", "dense.pt", "p.pt"])
    assert request == made(pruned=(Path("p.pt"),), folder=Path.cwd())
    assert request.settings == Settings.build("Linf", "8/255", "standard", 0, "auto", "flips")


def test_at_another_run_file_all_else_is_the_same() -> None:
    moved = made().at(Path("b.thinice"))
    assert moved.run == Path("b.thinice") and replace(moved, run=None) == made()


def test_settings_survive_whatever_their_default_becomes() -> None:
    """Every option is named in the command, so that a later version's defaults change nothing."""
    words = made(settings=built("L2", "0.5", "quick", 3, 7, "all", None)).command()
    norm: Norm = "L2"
    keep: KeepImages = "all"
    for option, value in {
        "--norm": norm,
        "--eps": "0.5",
        "--attack": "quick",
        "--seed": "3",
        "--batch-size": "7",
        "--keep-images": keep,
        "--arch": "auto",
        "--normalize": "auto",
        "--device": "auto",
    }.items():
        assert words[words.index(option) + 1] == value


@pytest.mark.parametrize(
    "changes",
    [
        {"dense": Path("~/a.pt"), "pruned": (Path("~"), Path("~root"))},
        {"control": Path("~nobody-of-that-name/a.pt"), "run": Path("~/a b.thinice")},
    ],
)
def test_a_file_whose_name_begins_with_a_tilde_can_be_given(
    changes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    request = replace(made(**changes), folder=Path.cwd())
    assert parsed(request.command()[1:]) == request


# of earlier versions


def early(keep: str | None, trust: bool, *pruned: str) -> Request:
    """A request as the first version stored it: one architecture, normalisation and list of fractions."""
    before = stored() | {"arch": "net.py:make", "normalize": "cifar10", "pruned": list(pruned), "control": "c.pt"}
    return Request.from_dict(before | {"model_options": {"keep": keep, "trust_pickle": trust}})


def test_requests_of_earlier_versions_are_read() -> None:
    one = early("0.1", True, "p.pt")
    assert one.model_options == ModelOptions(("net.py:make",), ("cifar10",), ("0.1",), (), ("yes",))
    none = early(None, False, "p.pt")
    assert (none.model_options.keep, none.model_options.trust_pickle) == ((), ())
    each = early("1,0.1,0.05,1", False, "a/p.pt", "b/p.pt")
    assert [own.keep for own in each.model_options.for_files(each.files())] == [1, 0.1, 0.05, 1]
    assert {own.arch for own in each.model_options.for_files(each.files())} == {"net.py:make"}
    with pytest.raises(UsageError, match="not readable"):
        early("1,0.1", False, "p.pt")
