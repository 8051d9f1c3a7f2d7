"""The accuracy of runs on their held-out images: the only result of a sweep's trials, which are never tested."""

import json
from collections.abc import Sequence

import sqlalchemy as sa

from mnistlab import schema
from mnistlab.store import Store


def last_accuracies(run_ids: Sequence[str], store: Store) -> dict[str, float]:
    """The validation accuracy, 0 to 1, after the last epoch of each run that has one; epoch 0 does not count."""
    epochs = schema.epochs
    last = (
        sa.select(epochs.c.run_id, sa.func.max(epochs.c.epoch).label("epoch"))
        .where(epochs.c.run_id.in_(run_ids), epochs.c.epoch > 0)
        .group_by(epochs.c.run_id)
        .subquery()
    )
    is_last = (epochs.c.run_id == last.c.run_id) & (epochs.c.epoch == last.c.epoch)
    with store.transaction() as connection:
        rows = connection.execute(sa.select(epochs.c.run_id, epochs.c.figures).join(last, is_last)).all()
    accuracies = {run_id: json.loads(figures)["validation_accuracy"] for run_id, figures in rows}
    return {run_id: accuracy for run_id, accuracy in accuracies.items() if accuracy is not None}
