"""Model: build a network, see what it costs, and ask it before it has learned anything."""

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mnistlab.config import ModelConfig
from mnistlab.errors import ConfigError
from mnistlab.figures import size
from mnistlab.presets import get_preset
from mnistlab.widths import Kind, misses_an_end, nearest_widths, parse_widths
from ui import diagram, frame, model_views, recipe, untrained_facts
from ui.bound import Bound, chips, name_of
from ui.experiments import Experiment, try_this

_LAYERS, _CHANNELS = "784 - 512 - 10", "16 - 16 - 32 - 32 - 64 - 64"
_START = ModelConfig()
_FIVE_SIGMOIDS = ModelConfig(hidden=(64,) * 5, activation="sigmoid")
_PRESETS = {
    "No hidden layer": ModelConfig(hidden=()),
    "Tutorial": get_preset("tutorial-mlp").config.model,
    "Deeper": get_preset("tutorial-deep").config.model,
    "Keras variant": get_preset("tutorial-keras").config.model,
    "Five sigmoids": _FIVE_SIGMOIDS,
    "Small CNN": get_preset("small-cnn").config.model,
}


_FIRST = ("deslant", "normalise")  # done to the pixels before the first layer


def _keys(config: ModelConfig) -> dict[str, Any]:
    """The values of the page's controls that make this config."""
    values = {f"model_{name}": getattr(config, name) for name in ("kind", "activation", "dropout", "batch_norm")}
    values |= {f"model_{name}": getattr(config, name) for name in _FIRST}
    is_mlp = config.kind == "mlp"
    values["model_layers"] = " - ".join(map(str, (784, *config.hidden, 10))) if is_mlp else _LAYERS
    values["model_channels"] = _CHANNELS if is_mlp else " - ".join(map(str, config.channels))
    return values


_EXPERIMENTS = (
    Experiment(
        "Five layers of sigmoid",
        "Look at the gradients at the end of the page: each layer gets only a part of what the one after it got. Then "
        "compare with ReLU beside it.",
        _keys(_FIVE_SIGMOIDS),
    ),
    Experiment(
        "No hidden layer",
        "Watch the number of parameters: ten neurons look straight at the pixels. Train it: it still reads about 92 % "
        "of the digits.",
        _keys(ModelConfig(hidden=())),
    ),
    Experiment(
        "Convolutions",
        "Watch the two totals: far fewer parameters than the tutorial's network, but many times its multiplications, "
        "because each weight is used at every place of the picture.",
        _keys(get_preset("small-cnn").config.model),
    ),
)


def draw() -> None:
    try_this("model_try", _EXPERIMENTS)
    bound = Bound("model", _START)
    picture, controls = st.columns(frame.PICTURE_AND_CONTROLS, gap="medium")
    line = picture.container()  # above the diagram, where five wide layers have room
    with controls:
        config = _settings(bound, line)
        seed = bound.number("Seed", 0, 9999, "model_seed", "The same seed gives the same first weights.")
        if st.button("Use this for training", type="primary", width="stretch"):
            st.session_state[recipe.MODEL_SENT] = config.model_dump()
            st.switch_page(frame.page_script("Train"), query_params={})
    with picture:
        _show_shape(config)
    bound.tell_unknown(also=("model_layers", "model_channels"))
    _show_untrained(config, seed)
    _show_code()


def _settings(bound: Bound, line: DeltaGenerator) -> ModelConfig:
    presets = st.container()
    kind = bound.choice("kind")
    with line:
        layers = _layers(bound, kind)
    values = {"activation": bound.choice("activation")}
    values["dropout"] = bound.slider("dropout", 0.1)
    with st.expander("More"):
        values |= {name: bound.toggle(name) for name in ("batch_norm", *_FIRST)}
    config = ModelConfig(kind=kind, **{"hidden" if kind == "mlp" else "channels": layers}, **values)
    with presets:
        settings = {title: _keys(preset) for title, preset in _PRESETS.items()}
        chips("Presets", settings, name_of(config, _PRESETS), "model_preset")
    return config


def _layers(bound: Bound, kind: Kind) -> tuple[int, ...]:
    """Show the line of layer widths; return them, or the nearest ones if the line is not allowed."""

    def mend(line: str) -> tuple[str, str] | None:
        return _mend(line, kind)

    if kind == "mlp":
        text = bound.line("Layers (neurons)", _LAYERS, "model_layers", mend, _LAYERS_HELP)
    else:
        text = bound.line("Convolutions (channels)", _CHANNELS, "model_channels", mend, _CHANNELS_HELP)
    mended = mend(text)
    if mended is not None:
        st.error(mended[0])
    elif kind == "mlp" and misses_an_end(text):
        widths = " - ".join(map(str, (784, *nearest_widths(text, kind), 10)))
        st.caption(f"Read as {widths}: write both ends, 784 and 10, or neither.")
    return nearest_widths(text, kind)


def _mend(line: str, kind: Kind) -> tuple[str, str] | None:
    """What is wrong with a line of widths, and the nearest allowed line; None if nothing is wrong."""
    try:
        parse_widths(line, kind)
    except ConfigError as error:
        widths = nearest_widths(line, kind)
        nearest = " - ".join(map(str, (784, *widths, 10) if kind == "mlp" else widths))
        return f"{error} You see {nearest} instead.", nearest
    return None


_LAYERS_HELP = "From 784 pixels to 10 digits; between them up to five hidden layers of 1 to 2048 neurons."
_CHANNELS_HELP = "One to six convolutions, each with 1 to 256 channels: the number of pictures it makes from its input."


def _show_shape(config: ModelConfig) -> None:
    from mnistlab.layers import describe_layers, memory_bytes, source

    layers = describe_layers(config)
    connections = [layer.num_parameters for layer in layers if layer.name == "Linear"]
    st.markdown(diagram.diagram(config, connections), unsafe_allow_html=True)
    num_parameters = sum(layer.num_parameters for layer in layers)
    weights, training = memory_bytes(num_parameters)
    st.markdown(
        f"**{num_parameters:,} parameters** (weights and biases): {size(weights)}, and {size(training)} while an "
        "optimizer such as Adam trains them, for it keeps four numbers for each parameter (its value, its gradient, "
        "and two running averages)."
    )
    st.html(model_views.layer_table(layers))
    with st.expander("This network in PyTorch"):
        st.code(source(config), language="python")


def _show_untrained(config: ModelConfig, seed: int) -> None:
    st.header("Before the first step", anchor=False)
    model_views.show_weights(config, seed)
    st.header("What it answers now", anchor=False)
    model_views.show_answers(config, seed)
    st.header("Who hears the teacher?", anchor=False)
    st.markdown(
        "After each batch the error is sent back through the network, from the digits to the pixels. What reaches a "
        "layer is its **gradient**: it says how the layer's weights should change. A sigmoid, an activation shaped "
        "like an S, passes on at most a quarter of what it gets, so the first layers of a deep network hear next to "
        "nothing. With ReLU or batch norm they hear more."
    )
    model_views.show_gradients(config, seed)
    if config.kind == "mlp" and not config.hidden:
        st.caption("These are one and the same network: without a hidden layer there is no activation.")
    st.caption(
        "The average size of a weight's gradient in each layer, for one batch of "
        f"{untrained_facts.batch_size(config)} training images, before the first step. The scale counts powers of "
        "ten: a seventh of the full bar more is ten times as much, and a full bar is 0.1."
    )


def _show_code() -> None:
    from mnistlab.models import build_model
    from mnistlab.untrained import gradient_sizes

    frame.show_code(build_model, gradient_sizes)


frame.show_page("Model", draw)
