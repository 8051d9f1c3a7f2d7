"""The network of a plain script."""

from mnistlab.config import ModelConfig
from mnistlab.data import IMAGE_SIDE, NUM_CLASSES
from mnistlab.export.script_lines import LONGEST_LINE
from mnistlab.parameters import num_features
from mnistlab.pixels import MNIST_MEAN, MNIST_STD

_ACTIVATIONS = {"relu": "nn.ReLU()", "sigmoid": "nn.Sigmoid()", "tanh": "nn.Tanh()", "gelu": "nn.GELU()"}


def model_lines(config: ModelConfig) -> list[str]:
    """The network, built as the lab builds it, so that the same seed gives the same weights."""
    return [*_deslant_lines(config), *_dropout_lines(config), *(_mlp(config) if config.kind == "mlp" else _cnn(config))]


def pixels_as_read(config: ModelConfig, pictures: str) -> str:
    """An expression for the network's input, given one for pictures."""
    pictures = f"deslant({pictures})" if config.deslant else pictures
    return f"({pictures} - {MNIST_MEAN}) / {MNIST_STD}" if config.normalise else pictures


def _activation(config: ModelConfig) -> list[str]:
    return [_ACTIVATIONS[config.activation]] if config.activation in _ACTIVATIONS else []


def _dropout(config: ModelConfig) -> list[str]:
    return [f"Dropout({config.dropout!r})"] if config.dropout else []


def _deslant_lines(config: ModelConfig) -> list[str]:
    if not config.deslant:
        return []
    return [
        "def deslant(pictures):  # shear each about its centre of mass until its rows and columns are uncorrelated",
        f"    places, rows = torch.arange({IMAGE_SIDE}.0), pictures.sum(2)",
        "    down = places - (rows * places).sum(1, keepdim=True) / rows.sum(1, keepdim=True).clamp(min=1e-6)",
        "    covariance = (pictures * places).sum(2).mul(down).sum(1, keepdim=True)",
        "    slant = (covariance / (rows * down**2).sum(1, keepdim=True).clamp(min=1e-6)).clamp(-1, 1)",
        "    across = places + (slant * down).unsqueeze(2)",
        f"    grid = (2 * torch.stack([across, places.unsqueeze(1).expand_as(across)], 3) + 1) / {IMAGE_SIDE} - 1",
        "    return nn.functional.grid_sample(pictures.unsqueeze(1), grid, align_corners=False).squeeze(1)",
        "",
    ]


def _dropout_lines(config: ModelConfig) -> list[str]:
    """Dropout as the lab implements it: torch's own would draw other random numbers."""
    if not config.dropout:
        return []
    return [
        "class Dropout(nn.Dropout):  # as torch's own, with the lab's random numbers",
        "    def forward(self, x): return x * (torch.rand_like(x) >= self.p).div(1 - self.p) if self.training else x",
        "",
    ]


def _mlp(config: ModelConfig) -> list[str]:
    """An MLP, on one line if it fits, else with a line for each hidden layer."""
    blocks, width = ["nn.Flatten()"], IMAGE_SIDE * IMAGE_SIDE
    for hidden in config.hidden:
        normalised = [f"nn.BatchNorm1d({hidden})"] if config.batch_norm else []
        layers = [f"nn.Linear({width}, {hidden})", *normalised, *_activation(config), *_dropout(config)]
        blocks.append(", ".join(layers))
        width = hidden
    blocks.append(f"nn.Linear({width}, {NUM_CLASSES})")
    short = f"model = nn.Sequential({', '.join(blocks)})"
    first, second, *others = blocks
    blocks = [f"{first}, {second}", *others]
    return [short] if len(short) <= LONGEST_LINE else ["model = nn.Sequential(", *(f"    {b}," for b in blocks), ")"]


def _cnn(config: ModelConfig) -> list[str]:
    bias = ", bias=False" if config.batch_norm else ""
    block = [f"nn.Conv2d(channels, filters, 3, padding=1{bias})"]
    block += ["nn.BatchNorm2d(filters)"] if config.batch_norm else []
    return [
        f"layers, channels = [nn.Unflatten(1, (1, {IMAGE_SIDE}))], 1  # (N, 28, 28) -> (N, 1, 28, 28)",
        f"for place, filters in enumerate({config.channels}, 1):",
        f"    layers += [{', '.join([*block, *_activation(config)])}]",
        *([f"    layers += [nn.MaxPool2d(2)] if place in {config.pools} else []"] if config.pools else []),
        "    channels = filters",
        f"layers += [{', '.join([*_head(config), *_dropout(config)])}]",
        # The lab's memory format: in another one, a CPU adds up the channels of a picture in another order.
        f"model = nn.Sequential(*layers, nn.Linear({num_features(config)}, {NUM_CLASSES}))"
        ".to(memory_format=torch.channels_last)",
    ]


def _head(config: ModelConfig) -> list[str]:
    return ["nn.AdaptiveAvgPool2d(1)", "nn.Flatten()"] if config.head == "mean" else ["nn.Flatten()"]
