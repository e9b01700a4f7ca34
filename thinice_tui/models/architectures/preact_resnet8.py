"""The sample models' network: a small pre-activation ResNet for 32×32 images."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class PreActBlock(nn.Module):
    """Two 3×3 convolutions, each after batch norm and ReLU (He et al. 2016, arXiv 1603.05027)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.shortcut: nn.Module | None = None
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        active = F.relu(self.bn1(x))
        skip = x if self.shortcut is None else self.shortcut(active)
        out = self.conv1(active)
        out = self.conv2(F.relu(self.bn2(out)))
        return torch.add(out, skip)


class PreActResNet8(nn.Module):
    """Stride-2 stem and one block at each of 32, 64 and 128 channels; [N,3,32,32] to logits [N,classes]."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 3, 2, 1, bias=False)
        self.layer1 = PreActBlock(32, 32, 1)
        self.layer2 = PreActBlock(32, 64, 2)
        self.layer3 = PreActBlock(64, 128, 2)
        self.bn = nn.BatchNorm2d(128)
        self.fc = nn.Linear(128, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        out = self.layer3(self.layer2(self.layer1(self.stem(x))))
        out = F.relu(self.bn(out)).mean(dim=(2, 3))
        logits: Tensor = self.fc(out)
        return logits
