"""Was it luck? Whether one result is better than another, in words: for single runs, and for groups of seeds."""

from statistics import fmean, stdev

from mnistlab.comparison import LUCK, compare, how_often, verdict
from mnistlab.errors import DataError
from mnistlab.evaluation import Evaluation
from mnistlab.figures import percent, points
from mnistlab.intervals import difference_interval
from mnistlab.means import next_interval, welch
from mnistlab.seeds import Group, counted


def answer(
    first: Group, second: Group, names: tuple[str, str], answers: tuple[Evaluation | None, Evaluation | None]
) -> str:
    """Which of two is better, and how sure that is.

    Args:
        names: what they are called in the sentences.
        answers: for single runs, their answers on the test images, if they were kept.

    Raises:
        DataError: one of them has no test result, or they were tested on different images.
    """
    for group, name in zip((first, second), names, strict=True):
        if not group.accuracies:
            raise DataError(f"{name} has no test result yet: a run is tested when it is finished.")
    if first.runs[0].config.dataset != second.runs[0].config.dataset:
        raise DataError(
            f"{names[0]} was tested on {first.runs[0].config.dataset}, {names[1]} on "
            f"{second.runs[0].config.dataset}: results on different digits cannot be compared."
        )
    if len(first.accuracies) > 1 and len(second.accuracies) > 1:
        return _of_means(first, second, names)
    if len(first.accuracies) > 1:
        return _of_one_among_many(second, first, names[1], names[0])
    if len(second.accuracies) > 1:
        return _of_one_among_many(first, second, *names)
    if answers[0] is not None and answers[1] is not None:
        return verdict(compare(answers[0], answers[1]), *names)
    return _of_counts(first, second, names)


def scatter(group: Group, name: str) -> str:
    """How far the seeds of one recipe lie apart, by luck alone; there must be at least two."""
    values, interval = group.accuracies, group.interval
    assert interval is not None
    return (
        f"{len(values)} seeds of {name} read {percent(fmean(values))} of the test digits on average, from "
        f"{percent(min(values))} to {percent(max(values))} (standard deviation {points(stdev(values))}). That "
        f"difference is luck alone. The mean over all seeds lies {_between(*interval)}, one more seed "
        f"{_between(*next_interval(values, resolution=group.resolution))} (95 % intervals)."
    )


def _between(low: float, high: float) -> str:
    """An interval of a share in words, cut to 0 and 1."""
    return f"between {percent(max(0, low))} and {percent(min(1, high))}"


def _of_means(first: Group, second: Group, names: tuple[str, str]) -> str:
    found = welch(first.accuracies, second.accuracies, resolution=second.resolution)
    if found.difference < 0:  # the better one is `second`, and named first
        return _of_means(second, first, names[::-1])
    means = [fmean(group.accuracies) for group in (first, second)]
    odds = how_often(found.p_value, "Welch's test")
    text = (
        f"{names[1]} reads {percent(means[1])} of the test digits on average over {len(second.accuracies)} seeds, "
        f"{names[0]} {percent(means[0])} over {len(first.accuracies)}: {points(found.difference)} less, and over all "
        f"seeds {_span(found.low, found.high)} (95 % interval). If both recipes were equally good, their means would "
        f"come out at least this far apart {odds}"
    )
    if found.p_value < LUCK:
        return (
            f"{text} So this is more than luck: **{names[1]} is the better recipe**, on average over seeds and on "
            "these digits."
        )
    return f"{text} So **this may well be luck**: more seeds would narrow the interval."


def _of_one_among_many(single: Group, many: Group, name: str, others: str) -> str:
    low, high = next_interval(many.accuracies, resolution=many.resolution)
    (accuracy,) = single.accuracies
    text = (
        f"{name} is a single run, with {percent(accuracy)} of the test digits. {len(many.accuracies)} seeds of "
        f"{others} read {percent(fmean(many.accuracies))} on average, and one more would lie "
        f"{_between(low, high)} (95 % interval)."
    )
    if low <= accuracy <= high:
        return f"{text} {name} lies within, so **it may well be luck**. Repeat {name} with other seeds as well."
    side = "better" if accuracy > high else "worse"
    return f"{text} {name} lies outside: **it is {side}** than the luck of the seed explains."


def _of_counts(first: Group, second: Group, names: tuple[str, str]) -> str:
    """Compare by counts alone, as if they had read different images: less exact than image by image."""
    counts = [counted(group.tested[0]) for group in (first, second)]
    low, high = difference_interval(*counts[0], *counts[1])
    shares = [correct / images for correct, images in counts]
    ahead = names[0] if shares[0] > shares[1] else names[1]
    text = (
        f"{names[0]} reads {percent(shares[0])} and {names[1]} {percent(shares[1])} of the test digits. Judging by "
        f"these numbers alone, {names[1]} is {_signed(low)} to {_signed(high)} points above {names[0]} (95 % "
        "interval)."
    )
    if low <= 0 <= high:
        return f"{text} That includes zero, so **this may well be luck**."
    return f"{text} So this is more than luck: **{ahead} is better** on digits like these."


def _span(low: float, high: float) -> str:
    if low < 0:
        return f"between {points(high)} less and {points(-low)} more"
    return f"{100 * low:.2f} to {points(high)} less"


def _signed(difference: float) -> str:
    return f"{100 * difference:+.2f}"
