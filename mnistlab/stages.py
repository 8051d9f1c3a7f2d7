"""A drawing stage by stage, each with the picture that a network would get if the process ended there.

for stage in stages(ink):               # plain resize, box, 20 x 20, centred, full strength
    predictor.probabilities(stage.image[None])
"""

from dataclasses import dataclass

from mnistlab.ink import PLAIN_RESIZE, FloatImage, FramingOptions, frame_ink


@dataclass(frozen=True, eq=False)
class Stage:
    """One stage; `image` is (28, 28) float32, what a network would get if it were the last."""

    name: str
    about: str
    is_on: bool
    image: FloatImage


# The field of FramingOptions that each stage adds, its name, and what it does.
_STEPS = (
    ("box", "Cut out", "Only the box that holds the ink, stretched over the whole picture: place and size are gone."),
    ("size", "20 x 20", "The longer side is 20 pixels, proportions are kept, four pixels are left free around it."),
    ("centre", "Centred by mass", "The centre of mass lies in the middle, as in every MNIST digit."),
    ("strength", "Full strength", "The strongest ink is 1, whatever the pen."),
)


def stages(ink: FloatImage, options: FramingOptions | None = None) -> list[Stage]:
    """The stages of ink (H, W), in order; the first is what a plain resize would have done, the last what is read.

    Args:
        options: steps to leave out; such a stage shows the same picture as the one before.

    Raises:
        EmptyDrawingError, ImageError: as frame_ink.
    """
    options = options or FramingOptions()
    so_far = PLAIN_RESIZE.model_copy(update={"smooth": options.smooth})
    about = "The whole sheet squeezed into 28 x 28, as many programs do."
    found = [Stage("Plain resize", about, True, frame_ink(ink, so_far).image)]
    for field, name, about in _STEPS:
        is_on = bool(getattr(options, field))
        so_far = so_far.model_copy(update={field: is_on})
        found.append(Stage(name, about, is_on, frame_ink(ink, so_far).image))
    return found
