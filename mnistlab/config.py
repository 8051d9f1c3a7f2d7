"""Every setting of a run, with its bounds, unit and help: forms, command line and docs read them from here.

All models are frozen and refuse unknown keys. Build one from untrusted input with `parse_config`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from mnistlab.parsing import Frozen, parse

DatasetName = Literal["mnist", "fashion-mnist", "kmnist", "emnist-digits", "qmnist"]
Activation = Literal["relu", "sigmoid", "tanh", "gelu", "none"]
Optimizer = Literal["sgd", "adam", "adamw", "rmsprop"]
Schedule = Literal["constant", "cosine", "one-cycle"]

MAX_HIDDEN, MAX_WIDTH = 5, 2048  # layers, neurons
MAX_CONVOLUTIONS, MAX_CHANNELS, MAX_EPOCHS = 6, 256, 1000
HiddenWidth = Annotated[int, Field(ge=1, le=MAX_WIDTH)]
Channels = Annotated[int, Field(ge=1, le=MAX_CHANNELS)]


class AugmentConfig(Frozen):
    """How far a training image may be warped; each image draws its own values, uniformly within the bounds."""

    rotation: float = Field(
        default=0,
        ge=0,
        le=180,
        description="Turn by up to this angle, either way.",
        json_schema_extra={"unit": "degrees"},
    )
    affine_rotation: float = Field(
        default=0,
        ge=0,
        le=180,
        description="A second turn, drawn independently and added to the first. The tutorial has one (45 degrees), "
        "which turns its digits by up to 70 degrees in all; zero is the better choice.",
        json_schema_extra={"unit": "degrees"},
    )
    shift: float = Field(
        default=0,
        ge=0,
        le=0.5,
        description="Move by up to this share of the picture's side, horizontally and vertically, in whole pixels.",
        json_schema_extra={"unit": "share of the side"},
    )
    scale_min: float = Field(default=1, ge=0.2, le=1, description="Smallest size, as a multiple of the digit's own.")
    scale_max: float = Field(default=1, ge=1, le=3, description="Largest size, as a multiple of the digit's own.")
    shear: float = Field(
        default=0,
        ge=0,
        le=60,
        description="Slant by up to this angle, either way, as handwriting leans.",
        json_schema_extra={"unit": "degrees"},
    )
    stretch: float = Field(
        default=0,
        ge=0,
        le=1,
        description="Make wider and flatter, or narrower and taller: the width is multiplied and the height divided "
        "by up to 1 plus this, or the other way round.",
    )
    elastic: float = Field(
        default=0,
        ge=0,
        le=6,
        description="Bend: a net of 5 x 5 knots over the picture is pulled about, each knot by up to this much.",
        json_schema_extra={"unit": "pixels"},
    )
    thickness: float = Field(
        default=0,
        ge=0,
        le=1,
        description="Thicken or thin the strokes by up to this much at each edge.",
        json_schema_extra={"unit": "pixels"},
    )
    crossed: float = Field(
        default=0,
        ge=0,
        le=1,
        description="Draw a straight stroke through the middle of this share of the pictures, as some people cross "
        "their sevens and zeros.",
        json_schema_extra={"unit": "share of the pictures"},
    )
    framed: bool = Field(
        default=False,
        description="Place the warped digit as MNIST and the Draw page do, before shift and scale: longer side 20 "
        "pixels, centre of mass in the middle.",
    )
    noise: float = Field(
        default=0,
        ge=0,
        le=0.5,
        description="Add random grain to each pixel, with a standard deviation of up to this, where 1 is the whole "
        "range from black to white.",
    )
    erasing: float = Field(
        default=0,
        ge=0,
        le=0.7,
        description="Black out a rectangle with sides of up to this share of the picture's side.",
        json_schema_extra={"unit": "share of the side"},
    )
    interpolation: Literal["bilinear", "nearest"] = Field(
        default="bilinear",
        description="bilinear: each pixel is a mix of the four nearest to where it comes from. nearest: it is the "
        "nearest one alone, as in torchvision's random warps and so in the tutorial; strokes keep hard, ragged edges.",
    )
    use: Literal["replace", "double", "once"] = Field(
        default="replace",
        description="replace: every image is warped afresh in each epoch. double: an epoch is all images warped "
        "afresh, then all originals. once: the originals, then one warped copy of each, made before training.",
    )

    @property
    def summary(self) -> str:
        """The settings that differ from no augmentation, in one line."""
        changed = [f"{name.replace('_', ' ')} {value:g}" for name, value in self._changes().items()]
        return f"{', '.join(changed)} ({self.use})" if changed else "none"

    @property
    def copies(self) -> int:
        """How often an epoch shows each image: twice where warped ones are added to the plain ones."""
        return 2 if self.effective_use in ("double", "once") else 1

    @property
    def effective_use(self) -> Literal["replace", "double", "once", "never"]:
        """How warped images are used; "never" where there are none."""
        return self.use if self.is_active else "never"

    @property
    def is_active(self) -> bool:
        """Whether any image would be changed."""
        return bool(self._changes())

    def _changes(self) -> dict[str, float]:
        """The settings that change images, with their values; not `interpolation` and `use`, which only say how."""
        fields = type(self).model_fields
        return {name: value for name, value in self if not isinstance(value, str) and value != fields[name].default}


class ModelConfig(Frozen):
    """The shape of a network from 28x28 pixels in [0, 1] to ten logits."""

    kind: Literal["mlp", "cnn"] = Field(
        default="mlp",
        description="mlp (multilayer perceptron): fully connected layers, in which each neuron gets all numbers of "
        "the layer before. cnn (convolutional network): 3x3 convolutions, then one linear layer.",
    )
    hidden: tuple[HiddenWidth, ...] = Field(
        default=(512,),
        max_length=MAX_HIDDEN,
        description="Number of neurons in each hidden layer of an MLP; 0 to 5 layers.",
        json_schema_extra={"unit": "neurons"},
    )
    channels: tuple[Channels, ...] = Field(
        default=(16, 16, 32, 32, 64, 64),
        min_length=1,
        max_length=MAX_CONVOLUTIONS,
        description="Channels of each convolution of a CNN.",
    )
    pools: tuple[Annotated[int, Field(ge=1, le=MAX_CONVOLUTIONS)], ...] = Field(
        default=(2, 4),
        max_length=3,
        description="After which convolutions of a CNN the picture's sides are halved: of every four numbers the "
        "largest stays.",
    )
    head: Literal["mean", "places"] = Field(
        default="mean",
        description="What a CNN's last layer sees. mean: the average of each channel. places: each channel at every "
        "place.",
    )
    activation: Activation = Field(default="relu", description="The curve that bends the sum of each hidden neuron.")
    dropout: float = Field(
        default=0,
        ge=0,
        le=0.9,
        description="Share of hidden neurons silenced at random in each training step, never while testing.",
    )
    batch_norm: bool = Field(
        default=False,
        description="Normalise each hidden layer over the batch: mean 0, spread 1, then a learned scale and offset.",
    )
    deslant: bool = Field(
        default=False,
        description="First shear each picture so that its digit stands upright: handwriting slants, digits do not.",
    )
    normalise: bool = Field(
        default=False,
        description="First subtract the mean of MNIST (0.1307) and divide by its standard deviation (0.3081).",
    )

    @property
    def shape(self) -> str:
        """The usual short form: "784-512-10", or "CNN 16-16-32-32-64-64"."""
        if self.kind == "cnn":
            return "CNN " + "-".join(map(str, self.channels))
        return "-".join(map(str, (784, *self.hidden, 10)))


class TrainConfig(Frozen):
    """How a network is trained."""

    optimizer: Optimizer = Field(default="sgd", description="The rule that turns a gradient into a step.")
    learning_rate: float = Field(default=0.1, gt=0, le=100, description="How far each step goes.")
    momentum: float = Field(
        default=0, ge=0, lt=1, description="Share of the last step that is added to the next one (SGD, RMSprop)."
    )
    nesterov: bool = Field(default=False, description="Look ahead before measuring the gradient (SGD with momentum).")
    weight_decay: float = Field(
        default=0, ge=0, le=1, description="Pull weights towards zero at this rate (with AdamW rather than Adam)."
    )
    schedule: Schedule = Field(default="constant", description="How the learning rate changes during the run.")
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32",
        description="The kind of numbers that layers compute with. bfloat16 has 8 bits of precision instead of 24 and "
        "is up to twice as fast; weights and losses stay float32. Where the processor does not support it, float32 is "
        "used.",
    )
    label_smoothing: float = Field(
        default=0, ge=0, lt=1, description="Share of the target probability that is spread evenly over all ten digits."
    )
    batch_size: int = Field(
        default=20, ge=1, le=4096, description="Images per step.", json_schema_extra={"unit": "images"}
    )
    epochs: int = Field(default=10, ge=1, le=MAX_EPOCHS, description="Passes over all training images.")
    shuffle: bool = Field(
        default=True, description="Shuffle the images anew for each epoch; the tutorial keeps the file order."
    )
    validation_size: int = Field(
        default=5000,
        ge=0,
        le=30000,
        description="Training images held out, always the same ones, to judge by while tuning. The tutorial holds "
        "none out and tunes on the test set, which then flatters the network chosen by it.",
        json_schema_extra={"unit": "images"},
    )
    train_size: int = Field(
        default=0,
        ge=0,
        le=60_000,
        description="Learn from only this many images; 0 takes all. They are always the same ones, and a larger "
        "number adds others to them.",
        json_schema_extra={"unit": "images"},
    )
    seed: int = Field(
        default=0,
        ge=0,
        lt=2**31,
        description="Where all random numbers start from: same seed, same machine, same weights.",
    )
    device: str = Field(
        default="auto",
        pattern=r"^(auto|cpu|cuda(:\d+)?|mps|xpu(:\d+)?)$",
        description="Where to compute: auto takes CUDA, MPS or XPU if there is one, else the CPU.",
    )

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> Self:
        if self.nesterov and (self.optimizer != "sgd" or self.momentum == 0):
            raise ValueError("nesterov needs optimizer sgd and a momentum above 0")
        return self


class RunConfig(Frozen):
    """Everything that determines what a run learns."""

    preset: str = Field(default="custom", max_length=40, description="The preset the run came from.")
    dataset: DatasetName = Field(default="mnist", description="The pictures to learn from.")
    model: ModelConfig = ModelConfig()
    train: TrainConfig = TrainConfig()
    augment: AugmentConfig = AugmentConfig()

    @model_validator(mode="after")
    def _batch_norm_needs_a_batch(self) -> Self:
        is_alone = 1 in (self.train.batch_size, self.train.train_size * self.augment.copies)
        if self.model.kind == "mlp" and self.model.hidden and self.model.batch_norm and is_alone:
            raise ValueError("batch_norm needs a batch_size of 2 or more, and at least 2 images")
        return self

    def with_training(self, **settings: object) -> Self:
        """A copy with other training settings, such as `epochs=5`.

        Raises:
            ConfigError: there is no such setting, or it does not allow the value.
        """
        values = self.model_dump()
        values["train"] |= settings
        return parse(type(self), values)


def parse_config(values: Mapping[str, Any] | str | bytes) -> RunConfig:
    """Build a RunConfig from a mapping or JSON text.

    Raises:
        ConfigError: names each wrong field, what was given and what is allowed.
    """
    return parse(RunConfig, values)
