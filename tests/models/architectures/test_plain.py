"""The rows of networks outside the ResNet family tell them apart by few names, so that few networks are built."""

from thinice_tui.models.architectures.known import KNOWN
from thinice_tui.models.architectures.plain import ROWS


def test_a_state_has_the_names_of_its_row_and_at_most_two_rows_must_be_tried() -> None:
    for row in ROWS:
        state = KNOWN[row.name].make().state_dict()
        assert KNOWN[row.name].may_fit(state), row.name
        tried = [known.name for known in KNOWN.values() if not known.variant_of and known.may_fit(state)]
        assert (row.variant_of or row.name) in tried and len(tried) <= 2, row.name


def test_variants_have_the_names_and_shapes_of_their_architecture() -> None:
    for row in ROWS:
        if row.variant_of:
            shapes = [
                {key: value.shape for key, value in KNOWN[name].make().state_dict().items()}
                for name in (row.name, row.variant_of)
            ]
            assert shapes[0] == shapes[1], row.name


def test_all_networks_have_the_standard_widths_and_the_asked_number_of_classes() -> None:
    """Parameters of the published networks: torchvision's documentation, and the sums of the layers' sizes."""
    counts = {
        "torchvision_vgg11": 132_863_336,
        "torchvision_vgg13_bn": 133_053_736,
        "torchvision_vgg16": 138_357_544,
        "torchvision_vgg19_bn": 143_678_248,
        "torchvision_mobilenet_v2": 3_504_872,
        "torchvision_densenet121": 7_978_856,
        "torchvision_densenet161": 28_681_000,
        "torchvision_densenet169": 14_149_480,
        "torchvision_densenet201": 20_013_928,
    }
    for name, count in counts.items():
        assert sum(parameter.numel() for parameter in KNOWN[name].make(classes=1000).parameters()) == count, name
