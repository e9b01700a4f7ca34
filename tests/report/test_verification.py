"""The text of a verification: what was found, and no more lines than a reader can use."""

import io
import json
from pathlib import Path

from tests.fake_runs import write_run
from thinice_tui.report.verification import MOST_SHOWN, conclusion, print_verification
from thinice_tui.report.verified_run import Discrepancy, VerifiedModel, VerifiedRun

PATH = Path("a.thinice")


def made(*models: VerifiedModel, wrong: tuple[Discrepancy, ...] = ()) -> VerifiedRun:
    PATH.unlink(missing_ok=True)
    run = write_run(PATH, {"dense": "dense", "p": "pruned"}, n=20)
    return VerifiedRun(run, models, ("left",), wrong, "cpu (1 threads)")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def text(found: VerifiedRun, form: str = "text", terminal: bool = False) -> str:
    stream = Terminal() if terminal else io.StringIO()
    print_verification(found, form, stream)
    return stream.getvalue()


def test_the_text_counts_and_says_what_was_not_checked() -> None:
    found = made(VerifiedModel("[red]\x1b", "a.pt", 20, 20, 9, 7, 6, too_close=1))
    shown = text(found)
    assert "a.thinice: standard, Linf, eps 8/255, 20 samples" in shown and "[red]" in shown and "\x1b" not in shown
    assert "20 of 20" in shown and "6 of 7" in shown
    assert "not checked, as no file of theirs was given: left" in shown
    assert "2 broken samples have no image in the file" in shown
    assert "1 image is so close to the decision boundary that rounding decides" in shown
    assert shown.rstrip().endswith("6 of 7 adversarial images verified")


def test_a_terminal_names_discrepancies_up_to_a_number_and_a_pipe_all() -> None:
    wrong = tuple(Discrepancy("p", index, "is wrong") for index in range(MOST_SHOWN + 3))
    found = made(VerifiedModel("p", "p.pt", 20, 20, 5, 5, 5), wrong=(Discrepancy("", None, "changed"), *wrong))
    piped = text(found)
    assert "the data: changed" in piped and f"p, index {MOST_SHOWN + 2}: is wrong" in piped and "more" not in piped
    shown = text(found, terminal=True)
    assert "the data: changed" in shown and "p, index 18: is wrong" in shown and "index 19" not in shown
    assert "… and 4 more: --format json lists all" in shown
    assert "NOT verified: 24 discrepancies; 5 of 5 adversarial images verified" in shown
    parsed = json.loads(text(found, "json"))
    assert len(parsed["discrepancies"]) == 24 and parsed["discrepancies"][0] == {
        "model": None,
        "index": None,
        "problem": "changed",
    }
    assert parsed["verified"] is False and parsed["not_checked"] == ["left"] and parsed["eps"]["text"] == "8/255"


def test_the_conclusion_without_images() -> None:
    assert conclusion(made(VerifiedModel("p", "p.pt", 20, 20, 5, 0, 0))).startswith("no verdict can be verified")
    assert conclusion(made(VerifiedModel("p", "p.pt", 20, 20, 0, 0, 0))) == "0 of 0 adversarial images verified"
