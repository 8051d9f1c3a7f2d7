"""Numbers as people write them: each with its unit, rounded, not truncated; and other people's words, verbatim."""

import re

from mnistlab.figures import certainty, percent
from mnistlab.runs import Run

_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-!|~$:^=&])")
# What the browser's Markdown turns into a link by itself, in spite of escapes: an invisible character prevents it.
_ADDRESS = re.compile(r"(?i)(https?:(?=//)|www(?=\.)|@)")


def sure(share: float) -> str:
    """0.979 -> "97.9 %"; what rounds to 100 is "more than 99.9 %", as no network is ever quite sure."""
    return certainty(share, 1).replace("> ", "more than ")


def a_digit(digit: int, markup: str = "{}") -> str:
    """3 -> "a 3", 8 -> "an 8"; with "**{}**" as markup, "an **8**"."""
    return f"{'an' if digit == 8 else 'a'} {markup.format(digit)}"


def duration(seconds: float) -> str:
    """0.4 -> "0.4 s", 12 -> "12 s", 200 -> "3 min 20 s", 7300 -> "2 h 2 min"."""
    if 0 < seconds < 0.95:
        return f"{max(0.1, seconds):.1f} s"
    whole, minutes = round(seconds), round(seconds / 60)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{minutes // 60} h {minutes % 60} min"


def roughly(seconds: float) -> str:
    """A duration that nobody knows to the second: 43 -> "45 s", 73 -> "1 min 10 s", 363 -> "6 min"."""
    step = 5 if seconds < 60 else 10 if seconds < 300 else 60
    return duration(max(5, step * round(seconds / step))).removesuffix(" 0 s").removesuffix(" 0 min")


def unbroken(text: str) -> str:
    """A text in which no line breaks between a number and its sign: "97.90 %", "p = 0.048", "p < 0.000001"."""
    for part in (" %", "p = ", "p < "):
        text = text.replace(part, part.replace(" ", "\N{NO-BREAK SPACE}"))
    return text


def run_label(run: Run) -> str:
    """A run in one line for a menu, not for Markdown: "tutorial-mlp, abcd2345, 97.90 %"."""
    parts = [run.title, run.id]
    if run.result:
        parts.append(percent(run.result["test_accuracy"]))
    elif run.state != "finished":
        parts.append(run.shown_state)
    elif run.sweep is not None:
        parts.append(f"trial {run.trial}, not tested")
    return ", ".join(parts)


def verbatim(text: str) -> str:
    """Escape other people's words for Markdown, so that nothing in them becomes a link, a picture or a formula."""
    return _MARKUP.sub(r"\\\1", _ADDRESS.sub("\\1\N{WORD JOINER}", text))


def ordinal(number: int) -> str:
    """1 -> "1st", 2 -> "2nd", 11 -> "11th"."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def plain(number: float) -> str:
    """A small number to two digits and without powers of ten: 0.000027, 0.13, 2.5, 140."""
    rounded = float(f"{number:.2g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 10 else f"{rounded:.12f}".rstrip("0").rstrip(".")
