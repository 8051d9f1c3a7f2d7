"""The tutorial's own way to train, written plainly: PIL pictures, torchvision transforms, a DataLoader, batch 20.

It has the same network and optimizer as the preset of the same name, and the same figures at each step; a shorter run
uses only the first images.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn
from torch.utils.data import ConcatDataset, DataLoader, Dataset
from torchvision import transforms

from mnistlab.data import Split


class Digits(Dataset[tuple[torch.Tensor, int]]):
    """Like torchvision.datasets.MNIST: a picture is created and transformed each time it is accessed."""

    def __init__(self, split: Split, transform: Callable[[Image.Image], torch.Tensor]) -> None:
        self._images = torch.tensor(split.images)
        self._labels = torch.tensor(split.labels)
        self._transform = transform

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        picture = Image.fromarray(self._images[index].numpy())
        return self._transform(picture), int(self._labels[index])


class Deep(nn.Module):
    """784-512-120-84-10 with dropout after each hidden layer."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(784, 512), nn.Linear(512, 120)
        self.fc3, self.fc4 = nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        hidden = images.view(-1, 784)
        for layer in (self.fc1, self.fc2, self.fc3):
            hidden = F.dropout(F.relu(layer(hidden)), 0.3, training=self.training)
        logits: torch.Tensor = self.fc4(hidden)
        return logits


def epoch(preset: str, split: Split) -> Callable[[], list[float]]:
    """Prepare `tutorial-mlp`, `tutorial-augmented` or `tutorial-deep`; each call trains one epoch, returns losses."""
    torch.manual_seed(0)
    is_deep = preset == "tutorial-deep"
    model = Deep() if is_deep else nn.Sequential(nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))
    weights = list(model.parameters())
    optimizer = torch.optim.Adam(weights, 1e-3) if is_deep else torch.optim.SGD(weights, 0.1)
    loader = DataLoader(_images(preset, split), batch_size=20, shuffle=False, num_workers=0)

    def run() -> list[float]:
        losses = []
        model.train()
        for images, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    return run


def _images(preset: str, split: Split) -> Dataset[Any]:
    plain = Digits(split, transforms.ToTensor())
    if preset == "tutorial-mlp":
        return plain
    warped = transforms.Compose(
        [
            transforms.RandomRotation(25),
            transforms.RandomAffine(45, translate=(0.1, 0.1), scale=(0.8, 1.2)),
            transforms.ToTensor(),
        ]
    )
    return ConcatDataset([Digits(split, warped), plain])
