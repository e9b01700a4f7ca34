"""TwinRep's weights, folded and with their twins, by the formula of its paper."""

from pathlib import Path

import pytest
import torch

from tests.models.checks import NETWORK, check, weights, zeroed
from tests.models.masks import small_network
from tests.models.reference_networks import REFERENCES, Maker
from thinice_tui.models.load import load_model


def test_folded_twinrep_weights(tmp_path: Path) -> None:
    state = zeroed(REFERENCES["vgg16_twinrep"].make(10, 3))
    torch.save(state, tmp_path / "a.pt")
    check(load_model(tmp_path / "a.pt"), "vgg16_twinrep", state)


@pytest.mark.parametrize("mode", ["weight", "channel"])
@pytest.mark.parametrize("name", [NETWORK, "vgg16_twinrep"])
def test_twinrep_weights_with_twins(mode: str, name: str, tmp_path: Path) -> None:
    state, maker = REFERENCES[name].make(10, 3), Maker(9)
    stored, effective = dict(state), dict(state)
    for key in weights(state):
        weight = state[key]
        if weight.ndim != 4:
            continue
        outs = weight.shape[0]
        mask = (maker.draw(*weight.shape) > 0).float()
        aux = maker.draw(*weight.shape)
        effective[key] = weight * aux * mask
        if mode == "channel":
            mask, aux = (maker.draw(outs, 1, 1, 1) > 0).float(), maker.draw(outs, outs) / outs**0.5
            effective[key] = (aux @ weight.reshape(outs, -1)).reshape(weight.shape) * mask
        stored[key.replace("weight", "aux_weight")], stored[key.replace("weight", "mask")] = aux, mask
    torch.save(stored, tmp_path / "a.pt")
    check(load_model(tmp_path / "a.pt"), name, effective)


def test_a_mask_that_one_layer_lacks_is_missing(tmp_path: Path) -> None:
    state = small_network.make()
    stored = state | {"conv.aux_weight": torch.ones(4, 3, 3, 3), "fc.aux_weight": torch.ones(5, 256)}
    small_network.check(small_network.save(stored, tmp_path), state)
    stored["conv.mask"] = torch.ones(4, 3, 3, 3)
    error = small_network.refused(small_network.save(stored, tmp_path))
    assert "the mask of fc is missing: other layers have aux_weight and mask (TwinRep)" in error.what
