import math

import pytest

from mltoolkit.metrics import METRICS, Better, Task


def test_every_metric_is_listed_under_its_own_name() -> None:
    assert all(name == metric.name for name, metric in METRICS.items())


def test_errors_and_losses_are_better_when_lower() -> None:
    lower = {name for name, metric in METRICS.items() if metric.better is Better.LOWER}

    assert lower == {"brier", "log-loss", "rmse", "mse", "mae", "pinball"}


def test_every_task_has_a_metric() -> None:
    assert {task for metric in METRICS.values() for task in metric.tasks} == set(Task)


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        ("accuracy", (0, 1)),
        ("roc-auc", (0, 1)),
        ("brier", (0, 2)),
        ("log-loss", (0, math.inf)),
        ("rmse", (0, math.inf)),
        ("r2", (-math.inf, 1)),
    ],
)
def test_a_metric_lies_between_its_ends(name: str, ends: tuple[float, float]) -> None:
    assert METRICS[name].ends == ends
