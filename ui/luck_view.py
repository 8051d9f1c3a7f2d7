"""Which of the groups compared was better, whether it was luck, and how the recipes differ, in words."""

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from mnistlab import queue
from mnistlab.differences import SEED, differing, in_words, shown
from mnistlab.errors import DataError
from mnistlab.figures import percent
from mnistlab.intervals import wilson_interval
from mnistlab.runs import Run
from mnistlab.seeds import ONE_RECIPE, Group, counted
from ui import resources
from ui.run_choice import LETTERS, shown_as
from ui.words import unbroken

if TYPE_CHECKING:
    from mnistlab.evaluation import Evaluation

_MOST_IN_WORDS = 3  # settings; more are easier to read in a table as well
_STYLE = """
<style>
.settings { border-collapse: collapse; font-size: 0.88rem; font-variant-numeric: tabular-nums; }
.settings th, .settings td { padding: 0.25rem 0.7rem 0.25rem 0; text-align: left; border-bottom: 1px solid
  var(--st-border-color); }
.settings th b { border-bottom: 3px solid var(--own); }
.scrolling { overflow-x: auto; }
</style>
"""


def show(compared: Sequence[Group]) -> None:
    """Answer in sentences, then say what differs."""
    st.header("Was it luck?", anchor=False)
    st.markdown(unbroken(_answer(compared)))
    for note in _notes(compared):
        st.caption(note)
    if len(compared) > 1:
        st.header("What differs?", anchor=False)
        _differences(compared)


def _answer(compared: Sequence[Group]) -> str:
    if len(compared) == 1:
        return _alone(compared[0])
    tested = [number for number, group in enumerate(compared) if group.mean is not None]
    if len(tested) < 2:
        return f"There will be an answer once two of these are tested. {_when_tested(compared)}"
    best = sorted(tested, key=lambda number: -(compared[number].mean or 0))[:2]
    try:
        said = _compare(compared, *sorted(best))
    except DataError as error:
        return str(error)
    if len(tested) > 2:
        said = f"The two best of these {len(tested)} are {LETTERS[best[0]]} and {LETTERS[best[1]]}. {said}"
    untested = [LETTERS[number] for number in range(len(compared)) if number not in tested]
    if untested:
        have = f"{untested[0]} has" if len(untested) == 1 else f"{', '.join(untested[:-1])} and {untested[-1]} have"
        said = f"{said} {have} no test result yet. {_when_tested(compared)}"
    return said


def _when_tested(compared: Sequence[Group]) -> str:
    """When those of these groups without a test result will have one."""
    without = [run for group in compared if group.mean is None for run in group.runs]
    trials = [_is_a_trial(run) for run in without]
    of_trials = "A sweep's trials are not tested until they are trained for more epochs, on Train."
    if all(trials):
        return of_trials
    return "A run is tested when it is finished." + (f" {of_trials}" if any(trials) else "")


def _is_a_trial(run: Run) -> bool:
    """Whether it ends, or has ended, without a test. One that is resumed by hand, or given more epochs, is tested."""
    is_trial = run.sweep is not None and run.planned_epochs is None
    return is_trial and (run.is_active or run.state == "finished")


def _compare(compared: Sequence[Group], first: int, second: int) -> str:
    from mnistlab.luck import answer  # needs torch, which loads after the table is on screen

    one, other = compared[first], compared[second]
    return answer(one, other, (LETTERS[first], LETTERS[second]), (_answers(one), _answers(other)))


def _answers(group: Group) -> "Evaluation | None":
    """A single run's answers on the test images; None for several, which are judged by their means."""
    return _kept(group.tested[0].id, group.tested[0].step) if len(group.tested) == 1 else None


@st.cache_resource(show_spinner=False, max_entries=40)
def _kept(run_id: str, step: int) -> "Evaluation | None":
    from mnistlab.predictions import kept_answers

    return kept_answers(resources.store(), resources.store().run(run_id))


def _alone(group: Group) -> str:
    from mnistlab.luck import scatter

    if len(group.accuracies) > 1:
        return scatter(group, LETTERS[0])
    if not group.accuracies:
        return f"This run has no test result yet. {_when_tested([group])} Tick another one to compare them."
    low, high = wilson_interval(*counted(group.tested[0]))
    run = group.runs[0]
    repeat = "" if run.rate_changes else ", or repeat this one with other seeds to see what luck does"
    if repeat and any(_is_repeat(other, run) for other in queue.active(resources.store(), with_trials=False)):
        repeat = ", or wait for the same recipe with other seeds, which is on its way"
    return (
        f"A reads {percent(group.accuracies[0])} of the test digits. On all digits of this kind it would read between "
        f"{percent(low)} and {percent(high)} (95 % interval). Tick another run to compare them{repeat}."
    )


def _is_repeat(other: Run, run: Run) -> bool:
    return other.recipe == run.recipe and other.config.train.seed != run.config.train.seed


def _notes(compared: Sequence[Group]) -> list[str]:
    notes = []
    if len(compared) > 1 and len({group.runs[0].recipe for group in compared}) == 1:
        if not _same_seed(compared):
            notes.append(
                f"{ONE_RECIPE} A better network is not a better recipe then. Turn on Seeds together to see how far "
                "luck goes."
            )
    elif sum(len(group.accuracies) for group in compared) > 1 and all(len(group.accuracies) < 2 for group in compared):
        by_hand = any(group.runs[0].rate_changes for group in compared)
        how = ", but what was steered by hand cannot be repeated" if by_hand else ": press Repeat for each of them"
        notes.append(
            "This is about these trained networks. Only more seeds can tell whether the recipe itself is better, "
            f"whatever random numbers it begins with{how}."
        )
    if len(compared) > 2:
        notes.append("The best of many has been lucky as well: the more there are to choose from, the luckier.")
    for number, group in enumerate(compared):
        if group.runs[0].rate_changes:
            notes.append(
                f"The learning rate of {LETTERS[number]} was changed by hand: its recipe is not the whole story."
            )
    return notes


def _differences(compared: Sequence[Group]) -> None:
    each = _settings(compared)
    names = differing(each)
    if not names:
        same = "the same recipe with the same seed, so the same network" if _same_seed(compared) else "the same recipe"
        st.markdown(f"Nothing: these are {same}.")
        return
    if len(each) == 2:
        st.markdown(f"{LETTERS[1]} is {LETTERS[0]} with {in_words(each[0], each[1], names)}.")
    if len(each) > 2 or len(names) > _MOST_IN_WORDS:
        st.html(_table(each, names))


def _settings(compared: Sequence[Group]) -> list[Mapping[str, object]]:
    """The settings of each group; for single runs with how far they were trained, else without the seeds."""
    if all(len(group.runs) == 1 for group in compared):
        return [group.runs[0].course for group in compared]
    of_groups = [group.runs[0].settings for group in compared]
    return [{name: value for name, value in one.items() if name != SEED} for one in of_groups]


def _same_seed(compared: Sequence[Group]) -> bool:
    return len({run.config.train.seed for group in compared for run in group.runs}) == 1


def _table(each: Sequence[Mapping[str, object]], names: Sequence[str]) -> str:
    heads = "".join(
        f'<th><b style="--own:{shown_as(number).colour}">{LETTERS[number]}</b></th>' for number in range(len(each))
    )
    lines = ""
    for name in names:
        cells = "".join(f"<td>{html.escape(shown(one.get(name)))}</td>" for one in each)
        lines += f"<tr><th>{html.escape(name)}</th>{cells}</tr>"
    return f'{_STYLE}<div class="scrolling"><table class="settings"><tr><td></td>{heads}</tr>{lines}</table></div>'
