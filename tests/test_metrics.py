from mltoolkit.metrics import METRICS, Better, Task


def test_every_metric_is_listed_under_its_own_name() -> None:
    assert all(name == metric.name for name, metric in METRICS.items())


def test_errors_and_losses_are_better_when_lower() -> None:
    lower = {name for name, metric in METRICS.items() if metric.better is Better.LOWER}

    assert lower == {"brier", "log-loss", "rmse", "mse", "mae"}


def test_every_task_has_a_metric() -> None:
    assert {task for metric in METRICS.values() for task in metric.tasks} == set(Task)
