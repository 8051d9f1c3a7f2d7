"""The order of the images, the optimizer and the loop of a plain script."""

from mnistlab.config import RunConfig
from mnistlab.data import CHUNK_IMAGES
from mnistlab.export.script_model import pixels_as_read
from mnistlab.export.source import Source


def draws_order(config: RunConfig) -> bool:
    """Whether the data need random numbers."""
    return config.train.shuffle or config.augment.is_active


def order_lines(config: RunConfig) -> list[str]:
    """A function `batches()`: all batches in the lab's order, warped in chunks of several batches as in the lab."""
    use = config.augment.effective_use
    total = "2 * len(labels)" if use == "double" else "len(labels)"
    shuffled = f"torch.randperm({total}, generator=generator(0, epoch))"
    index = "which % len(labels)" if use == "double" else "which"
    warp = {
        "replace": ["pictures = augment(pictures, generator(1, epoch, first))"],
        "double": [
            "warped = augment(pictures, generator(1, epoch, first))",
            "pictures = torch.where((which < len(labels))[:, None, None], warped, pictures)",
        ],
    }
    return [
        *(_once_lines() if use == "once" else []),
        # A last batch of a single image is left out, because batch norm cannot use it.
        f"STEPS = -(-{total} // BATCH)"
        + (f" - ({total} % BATCH == 1 < {total})" if config.train.batch_size > 1 else ""),
        "",
        f"def batches(chunk=max(1, {CHUNK_IMAGES} // BATCH)):  # all epochs; pictures are made ready in chunks",
        "    for epoch in range(EPOCHS):",
        f"        order = {shuffled if config.train.shuffle else f'torch.arange({total})'}",
        "        for first in range(0, STEPS, chunk):",
        "            which = order[first * BATCH : min(first + chunk, STEPS) * BATCH]",
        f"            pictures, digits = images[{index}] / 255, labels[{index}]",
        *(f"            {line}" for line in warp.get(use, [])),
        "            yield from zip(pictures.split(BATCH), digits.split(BATCH))",
        "",
    ]


def _once_lines() -> list[str]:
    return [
        "random = generator(2)",
        f"warped = [(augment(part / 255, random) * 255).round().byte() for part in images.split({CHUNK_IMAGES})]",
        "images, labels = torch.cat([images, *warped]), labels.repeat(2)",
    ]


def optimizer_line(config: RunConfig) -> str:
    """The optimizer, with the arguments that differ from torch's defaults."""
    train = config.train
    given = ["model.parameters()", repr(train.learning_rate)]
    if train.momentum and train.optimizer in ("sgd", "rmsprop"):
        given.append(f"momentum={train.momentum!r}")
    if train.nesterov:
        given.append("nesterov=True")
    if train.weight_decay or train.optimizer == "adamw":
        given.append(f"weight_decay={train.weight_decay!r}")
    names = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop"}
    if train.optimizer != "rmsprop":
        given.append("fused=True")  # as in the lab: rounded alike, and faster
    return f"optimizer = torch.optim.{names[train.optimizer]}({', '.join(given)})"


def rate_lines(source: Source) -> list[str]:
    """A function `rate(step)`, if the learning rate is not constant."""
    train = source.config.train
    peak, lines = repr(train.learning_rate), []
    if source.rate_changes:
        changes = [(0, train.learning_rate), *source.rate_changes]
        lines.append(f"PEAKS = {changes!r}  # changed by hand after these steps")
        peak = "[peak for start, peak in PEAKS if step >= start][-1]"
    course = {
        "constant": [f"    return {peak}"],
        "cosine": [f"    return {peak} * (1 + np.cos(np.pi * step / (STEPS * EPOCHS))) / 2"],
        "one-cycle": [
            "    done = step / max(1, STEPS * EPOCHS - 1)",
            "    start, end, part = (0.04, 1, done / 0.3) if done < 0.3 else (1, 4e-6, (done - 0.3) / 0.7)",
            f"    return {peak} * (end + (start - end) * (1 + np.cos(np.pi * part)) / 2)",
        ],
    }
    return [*lines, "def rate(step):", *course[train.schedule], ""] if has_course(source) else []


def has_course(source: Source) -> bool:
    """Whether the learning rate changes during the run."""
    return source.config.train.schedule != "constant" or bool(source.rate_changes)


def loop_lines(source: Source) -> list[str]:
    """The loop: step, print."""
    config = source.config
    smoothing = f", label_smoothing={config.train.label_smoothing!r}" if config.train.label_smoothing else ""
    logits = f"model({pixels_as_read(config.model, 'pictures')})"
    learned = [f"    loss = nn.functional.cross_entropy({logits}, digits{smoothing})"]
    before = []
    if config.train.precision == "bfloat16":
        before = [
            'UNITS = ("avx512_bf16", "amx_tile")  # without one of them a CPU only imitates bfloat16',
            'HALF = any(getattr(torch.cpu, f"_is_{unit}_supported", bool)() for unit in UNITS)',
        ]
        learned = [
            '    with torch.autocast("cpu", torch.bfloat16, enabled=HALF):',
            f"        logits = {logits}",
            f"    loss = nn.functional.cross_entropy(logits.float(), digits{smoothing})",
        ]
    return [
        *before,
        "for step, (pictures, digits) in enumerate(batches()):",
        *(['    optimizer.param_groups[0]["lr"] = float(rate(step))'] if has_course(source) else []),
        "    optimizer.zero_grad()",
        *learned,
        "    loss.backward()",
        "    optimizer.step()",
        "    if step < 10 or (step + 1) % STEPS == 0:",
        '        print(f"step {step + 1}: loss {loss.item():.6f}", flush=True)',
    ]


def test_lines(config: RunConfig, pictures: str, labels: str) -> list[str]:
    """The test at the end; `pictures` and `labels` are the suffixes that bring torchvision's tensors into shape."""
    read = pixels_as_read(config.model, "part / 255")
    return [
        "model.eval()",
        "with torch.no_grad():",
        f"    answers = torch.cat([model({read}).argmax(1) for part in test.data{pictures}.split(1000)])",
        f'print(f"test accuracy {{(answers == test.targets{labels}).float().mean():.2%}}")',
    ]
