from experiments.stopping import ALPHA, BUDGET, stopped

MODELS = 50
CHANCE = 3 * (ALPHA * (1 - ALPHA) / MODELS) ** 0.5


def test_growing_a_set_nine_times_passes_models_at_the_margin_only_where_nobody_pays() -> None:
    paid = stopped(models=MODELS, budget=BUDGET)
    assert paid.passed <= ALPHA + CHANCE
    # It is no empty promise: nearly all of them use up their patience.
    assert paid.looks > 8
    assert paid.most > 10_000
    assert stopped(models=MODELS, budget=None).passed > paid.passed
