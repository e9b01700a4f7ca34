"""The network of the sample models: a small pre-activation ResNet for 32×32 images."""

from torch import Tensor, nn
from torch.nn import functional as F

from thinice_tui.models.architectures.layers import Layers
from thinice_tui.models.architectures.preact_block import PreActBlockBase


class PreActResNet8(nn.Module):
    """Stride-2 stem and one block at each of 32, 64 and 128 channels; [N,C,32,32] to logits [N,classes]."""

    def __init__(self, layers: Layers | None = None) -> None:
        super().__init__()
        layers = layers or Layers()
        self.stem = layers.conv("stem", (3, 32), 3, 2, 1)
        self.layer1 = PreActBlockBase(layers.under("layer1"), self.stem.out_channels, 32, 1)
        self.layer2 = PreActBlockBase(layers.under("layer2"), self.layer1.outs, 64, 2)
        self.layer3 = PreActBlockBase(layers.under("layer3"), self.layer2.outs, 128, 2)
        self.bn = layers.norm("bn", self.layer3.outs)
        self.fc = layers.linear("fc", (self.layer3.outs, layers.classes))

    def forward(self, x: Tensor) -> Tensor:
        out = self.layer3(self.layer2(self.layer1(self.stem(x))))
        out = F.relu(self.bn(out)).mean(dim=(2, 3))
        logits: Tensor = self.fc(out)
        return logits
