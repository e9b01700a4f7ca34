from thinice_tui.analysis.trials import describe_accuracies


def test_the_best_comes_first_after_what_saw_the_most_images() -> None:
    accuracies = {"none": 0.5, "cifar10": 0.747, "imagenet": 0.9}
    said = describe_accuracies(accuracies, {"none": 256, "cifar10": 256, "imagenet": 64})
    assert said == "cifar10 74.7 %, none 50.0 %, imagenet 90.0 % on the first 64"


def test_runs_that_do_not_say_on_how_many_images() -> None:
    assert describe_accuracies({"none": 0.5, "half": 1.0}, {}) == "half 100.0 %, none 50.0 %"
