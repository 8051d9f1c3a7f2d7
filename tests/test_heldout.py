"""What a run that was never tested has read of the images it held out."""

from dataclasses import replace

from mnistlab.heldout import last_accuracies
from mnistlab.store import Store
from tests.reports import ended, running


def test_the_last_epoch_counts_and_a_run_without_one_is_left_out(store: Store) -> None:
    one, attempt = running(store)
    other, _ = running(store)
    read = [replace(ended(epoch, 5 * epoch), validation_accuracy=share) for epoch, share in ((1, 0.8), (2, 0.9))]
    store.log(one, attempt, epochs=read)
    assert last_accuracies([one, other], store) == {one: 0.9}
    assert last_accuracies([], store) == {}


def test_what_an_untrained_network_reads_is_not_the_runs(store: Store) -> None:
    one, attempt = running(store)
    store.log(one, attempt, epochs=[replace(ended(0, 0), validation_accuracy=0.1)])
    assert last_accuracies([one], store) == {}


def test_runs_of_other_lengths_do_not_mix(store: Store) -> None:
    (short, of_short), (long, of_long) = running(store), running(store)
    store.log(short, of_short, epochs=[replace(ended(1, 5), validation_accuracy=0.7)])
    read = [replace(ended(epoch, 5 * epoch), validation_accuracy=share) for epoch, share in ((1, 0.8), (2, 0.9))]
    store.log(long, of_long, epochs=read)
    assert last_accuracies([long, short], store) == {short: 0.7, long: 0.9}
    assert last_accuracies([short], store) == {short: 0.7}
