"""`presets` and `settings`: what can be trained, and what of it can be changed."""

import argparse
import json
import textwrap

from mnistlab.presets import PRESETS
from mnistlab.settings import FIELDS, allowed_in_words, unit_of, write_value

_WIDTH, _INDENT = 100, "    "


def presets(options: argparse.Namespace) -> int:
    """Print each preset with its shape."""
    for preset in PRESETS.values():
        if options.json:
            print(json.dumps({"preset": preset.name, "about": preset.about, "config": preset.config.model_dump()}))
        else:
            print(f"{preset.name:20} {preset.config.model.shape:24} {preset.about}")
    return 0


def settings(options: argparse.Namespace) -> int:
    """Print each setting of a recipe: its allowed values, its default, and what it does."""
    for path, (section, name) in FIELDS.items():
        info = section.model_fields[name]
        allowed, start, about = allowed_in_words(info), write_value(info.default), info.description or ""
        if options.json:
            told = {"setting": path, "allowed": allowed, "unit": unit_of(info), "default": info.default, "about": about}
            print(json.dumps(told))
        else:
            unit = f"; {unit_of(info)}" if unit_of(info) else ""
            print(f"{name} = {start}   ({allowed}{unit})")
            print(textwrap.fill(about, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT))
    return 0
