"""The benchmark for GPUs runs through on the pretend GPU, in its small setting, and can be resumed."""

import json
import time
from pathlib import Path

import pytest

from tests.benchmarks.gpu import __main__ as benchmark
from tests.benchmarks.gpu.__main__ import PAGE, PARTS, Part, Result, main, page
from tests.pretend_gpu import AVAILABLE, NAME

LACKS = ("no TF32", "not run: bf16 convolutions")
"""What a pretend GPU does not have; torch's autocast knows no such device."""


def kept(file: Path) -> dict[str, Result]:
    stored = json.loads(file.with_suffix(".json").read_text())
    return {name: Result(**part) for name, part in stored["parts"].items()}


@pytest.mark.skipif(not AVAILABLE, reason="this torch lets no Python code be a backend")
def test_every_part_is_measured_on_the_pretend_gpu(tmp_path: Path) -> None:
    file = tmp_path / "gpu.md"
    main(["--device", f"{NAME}:0", "--small", "--minutes", "30", "-o", str(file)])
    text = file.read_text()
    assert {name: one.text for name, one in kept(file).items() if not one.measured} == {}
    assert list(kept(file)) == [part.name for part in PARTS]
    assert all(f"## {part.title}" in text for part in PARTS)
    assert "the figures mean nothing" in text and "Not measured" not in text and "Failed" not in text
    for error in ("Error", "Exception", "left out", "exit codes [1"):
        lines = [line for line in text.splitlines() if error in line]
        assert all(any(lack in line for lack in LACKS) for line in lines), lines


def parts(monkeypatch: pytest.MonkeyPatch, **measures: object) -> list[str]:
    """Replace the parts by these; returns what they measured, in order."""
    done = list[str]()

    def part(name: str, measure: object) -> Part:
        def measured(bench: object) -> str:
            done.append(name)
            assert callable(measure)
            return str(measure(bench))

        return Part(name, name, 0.5, measured)

    monkeypatch.setattr(benchmark, "PARTS", tuple(part(name, measure) for name, measure in measures.items()))
    return done


def test_what_failed_or_was_not_begun_is_measured_by_the_next_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, works = tmp_path / "gpu.md", [False]

    def fails_first(_: object) -> str:
        if not works[0]:
            raise RuntimeError("no such kernel")
        return "found"

    done = parts(monkeypatch, one=lambda _: "first", two=fails_first)
    arguments = ["--device", "cpu", "-o", str(file)]
    main(arguments)
    assert "Failed: RuntimeError: no such kernel" in file.read_text()
    works[0] = True
    main(arguments)
    assert done == ["one", "two", "two"] and "found" in file.read_text() and "first" in file.read_text()
    main([*arguments, "--again", "--only", "one"])
    assert done[3:] == ["one"]
    main([*arguments, "--minutes", "0.1", "--again"])
    assert "Skipped: the time was over" in file.read_text() and len(done) == 4


def test_a_part_that_hangs_is_ended_and_the_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "GRACE", 0.2)
    done = parts(monkeypatch, hanging=lambda _: time.sleep(60), quick=lambda _: "found")
    began = time.monotonic()
    main(["--device", "cpu", "--minutes", "0.02", "-o", str(tmp_path / "gpu.md")])
    assert done == ["hanging", "quick"] and time.monotonic() - began < 20
    stored = kept(tmp_path / "gpu.md")
    assert stored["hanging"].text.startswith("Not finished in") and not stored["hanging"].measured
    assert stored["quick"].measured


def test_results_of_another_device_or_setting_are_not_mixed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = parts(monkeypatch, one=lambda _: "found")
    arguments = ["--device", "cpu", "-o", str(tmp_path / "gpu.md")]
    main(arguments)
    main(arguments)
    assert done == ["one"]
    main([*arguments, "--small"])
    assert done == ["one", "one"] and "the figures mean nothing" in (tmp_path / "gpu.md").read_text()


def test_the_page_of_the_documents_is_for_gpus(capsys: pytest.CaptureFixture[str]) -> None:
    before = PAGE.read_bytes()
    with pytest.raises(SystemExit):
        main(["--device", "cpu", "--small"])
    assert "is no GPU: name another page with -o" in capsys.readouterr().err and PAGE.read_bytes() == before


def test_the_page_says_that_nothing_is_measured_until_somebody_has_run_it() -> None:
    """Where somebody has, it holds every part."""
    text = PAGE.read_text(encoding="utf-8")
    assert text == page({}, "") or all(f"## {part.title}" in text for part in PARTS)
    assert "**Not measured**" in page({}, "") and abs(sum(part.share for part in PARTS) - 1) < 1e-9
