"""How a command ends that cannot do its work: one message that says what to do, exit code 1."""

import signal

import numpy as np
import pytest
import torch
import typer

from tests.commands.calling import LINEAR_MODELS_FILE, QUICK, call, check_refused, error_text, write_data
from tests.linear_models import Files, as_uint8, module
from thinice_tui.commands.failures import shown_errors, sigterm_interrupts


def test_images_in_0_255_are_refused(files: Files) -> None:
    write_data(files, images=as_uint8(files.task.images).astype(np.float32))
    check_refused(call(*files.arguments), "expected [0, 1]", "divide by 255")


def test_labels_out_of_range_are_refused(files: Files) -> None:
    write_data(files, labels=files.task.labels + 3)
    check_refused(call(*files.arguments), "has the label 7", "knows 5 classes")


def test_negative_labels_are_refused(files: Files) -> None:
    write_data(files, labels=files.task.labels - 1)
    check_refused(call(*files.arguments), "lowest label is -1", "whole numbers from 0")


def test_models_of_different_tasks_are_refused(files: Files) -> None:
    torch.save({"state_dict": module(files.task.weight[:4]).state_dict()}, files.pruned)
    write_data(files, labels=files.task.labels % 3)
    check_refused(call(*files.arguments), "knows 4 classes", "models of the same task")


def test_nan_weights_are_refused(files: Files) -> None:
    state = module(files.task.weight).state_dict()
    state["1.weight"][0, 0] = torch.nan
    torch.save(state, files.pruned)
    check_refused(call(*files.arguments), "holds NaN or infinite values", "training diverged")


def test_infinite_logits_are_refused(files: Files) -> None:
    state = {f"inner.{key}": value for key, value in module(files.task.weight).state_dict().items()}
    for path in (files.dense, files.pruned):
        torch.save(state, path)
    result = call(*files.arguments_with(f"{LINEAR_MODELS_FILE}:overflowing"))
    check_refused(result, "NaN or infinite", "check the normalisation")


def test_probabilities_are_refused(files: Files) -> None:
    result = call(*files.arguments_with(f"{LINEAR_MODELS_FILE}:softmaxed"))
    check_refused(result, "returns probabilities", "remove the softmax")


def test_a_truncated_checkpoint_is_refused(files: Files) -> None:
    files.pruned.write_bytes(files.pruned.read_bytes()[:1000])
    check_refused(call(*files.arguments), "truncated", "copy it again")


def test_more_samples_than_there_are_is_refused(files: Files) -> None:
    check_refused(call(*files.arguments, "--samples", 49), "holds 48 samples", "1 to 48")


def test_a_model_without_gradient_is_refused(files: Files) -> None:
    result = call(*files.arguments_with(f"{LINEAR_MODELS_FILE}:undifferentiable"), *QUICK)
    check_refused(result, "dense.pt: has no gradient", "expected a differentiable model")


def test_debug_shows_the_traceback(files: Files) -> None:
    files.pruned.unlink()
    result = call(*files.arguments, "--debug")
    assert result.exit_code == 1 and "no such file" in str(result.exception)


def test_without_a_terminal_it_asks_for_the_report_option(files: Files) -> None:
    result = call(*[a for a in files.arguments if a != "--report"])
    assert result.exit_code == 2 and "add --report" in error_text(result)


def test_sigterm_raises_keyboard_interrupt_inside_the_context_only() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), sigterm_interrupts():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before


def test_an_interruption_exits_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as end, shown_errors(debug=False):
        raise KeyboardInterrupt
    assert end.value.exit_code == 130 and capsys.readouterr().err == "interrupted\n"


@pytest.mark.parametrize("factory", ["broken_factory", "no_module"])
def test_code_of_the_users_that_fails_is_no_wrong_usage(files: Files, factory: str) -> None:
    result = call(*files.arguments_with(f"{LINEAR_MODELS_FILE}:{factory}"))
    assert result.exit_code == 1 and f":{factory}: " in error_text(result), result.stderr
    assert "Traceback" not in result.stderr and result.stdout == ""
