"""`margins`: options, outputs, and what is refused before anything is computed."""

from pathlib import Path

import numpy as np
import pytest

from tests.commands.calling import call, check_refused, error_text
from tests.data.data_files import write_cifar10_train
from tests.linear_models import ARCH, Files, as_uint8
from thinice_tui.report.margins_file import read_margins
from thinice_tui.runfile.reader import read_run


def options(files: Files) -> list[str]:
    return [str(files.dense), "--data", str(files.data), "--arch", ARCH]


def test_clean_margins_are_those_of_a_run(files: Files) -> None:
    result = call("margins", *options(files), "-o", "m.csv")
    assert result.exit_code == 0 and result.stdout == "" and "margins of 48 samples" in result.stderr, result.stderr
    assert call(*files.arguments, "--attack", "pgd-1", "--run", "a.thinice").exit_code == 0
    assert read_margins(Path("m.csv")).clean == pytest.approx(read_run(Path("a.thinice")).models[0].clean_margin)
    assert {path.suffix for path in Path().iterdir()} == {".pt", ".npz", ".csv", ".thinice"}, "nothing is left behind"


def test_under_attack_it_is_a_run_of_the_dense_model_alone(files: Files) -> None:
    attack = ["--attack", "pgd-3", "--eps", "4/255", "--run", "a.thinice"]
    result = call("margins", *options(files), *attack, "-o", "m.npz")
    assert result.exit_code == 0, result.stderr
    found, run = read_margins(Path("m.npz")), read_run(Path("a.thinice"))
    dense = run.models[0]
    assert found.attacked is not None and found.robust is not None
    assert np.array_equal(found.attacked, dense.worst_margin) and np.array_equal(found.clean, dense.clean_margin)
    assert (found.robust == ((dense.broken_by < 0) & (found.clean > 0))).all() and 0 < found.robust.sum() < 48
    alone = ["compare", *options(files), *attack[:4], "--keep-images", "none", "--run", "a.thinice", "--report"]
    assert "finished already" in call(*alone).stderr, "the same run"
    assert call("margins", *options(files), *attack, "-o", "m.npz").exit_code == 0


def test_a_training_split_with_selected_samples(files: Files, tmp_path: Path) -> None:
    images = np.repeat(np.repeat(as_uint8(files.task.images), 4, axis=2), 4, axis=3)
    write_cifar10_train(tmp_path, images, files.task.labels.tolist())
    Path("net.py").write_text(
        "from torch import nn\n\ndef net(num_classes=5):\n"
        "    return nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(192, num_classes))\n"
    )
    import torch

    state = torch.load(files.dense, weights_only=True)["state_dict"]
    torch.save({"2.weight": state["1.weight"], "2.bias": state["1.bias"]}, "cifar.pt")
    where = ["--data", f"cifar10:{tmp_path}#train", "--arch", "net.py:net", "--normalize", "none"]
    result = call("margins", "cifar.pt", *where, "--shuffle", "1", "--samples", "9", "-o", "m.npz")
    assert result.exit_code == 0, result.stderr
    assert call("margins", *options(files), "-o", "all.npz").exit_code == 0
    some, whole = read_margins(Path("m.npz")), read_margins(Path("all.npz"))
    assert len(set(some.indices.tolist())) == 9 and some.indices.tolist() != list(range(9))
    assert some.clean == pytest.approx(whole.clean[some.indices], abs=1e-3)
    exported = call("export", "m.npz", "--thin-ice", "w.csv")
    assert exported.exit_code == 0 and exported.stderr == "", "training images are not warned about"


def test_a_time_limit_exits_with_130_and_the_command_goes_on(files: Files) -> None:
    arguments = ["margins", str(files.dense), "--data", str(files.data), "--arch", ARCH.replace(":linear", ":slow")]
    arguments += ["--batch-size", "8", "--time-limit", "1s", "-o", "m.npz"]
    Path("slow").write_text("0.3")
    stopped = call(*arguments)
    assert stopped.exit_code == 130 and "m.npz.partial keeps" in error_text(stopped), stopped.stderr
    assert not Path("m.npz").exists()
    Path("slow").unlink()
    again = call(*arguments)
    assert again.exit_code == 0 and "going on from there" in error_text(again), again.stderr
    assert Path("m.npz").exists() and not Path("m.npz.partial").exists()


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("-o m.txt", "-o is m.txt, expected NAME.npz or NAME.csv"),
        ("-o data.npz", "would replace a file that this command reads"),
        ("-o m.npz --eps 4/255", "--eps: nothing is attacked add --attack"),
        ("-o m.npz --precision bf16 --norm L2 --seed 1 --run a.thinice", "--norm, --seed, --run, --precision: nothing"),
        ("-o m.npz --attack qick", "--attack is 'qick'"),
        ("-o m.npz --time-limit soon", "soon"),
        ("-o m.npz --batch-size 0", "--batch-size is '0'"),
        ("-o m.npz --keep pruned=0.1", "'pruned' is no model here"),
        ("", "Missing option '-o' / '--output'"),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_read(files: Files, words: str, what: str) -> None:
    result = call("margins", "absent.pt", "--data", "data.npz", *words.split())
    assert result.exit_code == 2 and what in error_text(result).replace("│ ", ""), result.stderr
    assert files.data.exists() and not list(Path().glob("m.*"))


def test_damaged_files_are_refused(files: Files) -> None:
    check_refused(call("margins", "absent.pt", "--data", files.data, "-o", "m.npz"), "absent.pt", "check the path")
    assert call("margins", *options(files), "-o", "m.npz").exit_code == 0
    Path("m.csv.partial").write_text("text")
    check_refused(call("margins", *options(files), "-o", "m.csv"), "m.csv.partial", "remove it")
    Path("absent").mkdir()
    check_refused(call("margins", *options(files), "-o", "absent/b/m.csv"), "cannot be written", "folder")
