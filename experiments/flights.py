"""Flights of 2013 month by month, and what the flagship's boosted trees say of one month after learning from earlier ones.

The table and the settings are the flagship's own (``pipeline/ingest.py``, ``params.yaml``). What was predicted is
kept in ``experiments/.predictions_cache``, which git ignores: the first run trains, later ones read.
"""

import hashlib
import os
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

# Threads that wait without spinning: the machine is shared. It is read when OpenMP is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

import numpy as np  # noqa: E402 - after the line above
import pandas as pd  # noqa: E402 - as above
from ruamel.yaml import YAML  # noqa: E402 - as above

from mltoolkit import example  # noqa: E402 - as above
from mltoolkit.statistics.answers import Codes, Floats  # noqa: E402 - as above
from pipeline import ingest  # noqa: E402 - as above

CACHE = Path(__file__).parent / ".predictions_cache"
UNTIL = "2013-12"
MONTHS = ("2013-07", "2013-08", "2013-09", "2013-10", "2013-11", "2013-12")
ALL = 10**9
"""As many training rows as there are."""


class Month(NamedTuple):
    """The evaluation rows of one month.

    Attributes:
        name: Such as ``2013-11``.
        truth: (n,) codes: 1 for late.
        days: (n,) codes from 0.
        rate: The share of late flights in all months before.
    """

    name: str
    truth: Codes
    days: Codes
    rate: float


class Flights:
    """The table, and models on it.

    Args:
        cache: Where predictions are kept.
    """

    def __init__(self, cache: Path = CACHE) -> None:
        self.cache = cache
        settings = YAML(typ="safe").load((example.flagship() / "params.yaml").read_text(encoding="utf-8"))
        self.prepare: dict[str, Any] = settings["prepare"]
        self.parameters: dict[str, Any] = settings["train"]["estimators"]["boosted"]["parameters"]

    @cached_property
    def table(self) -> pd.DataFrame:
        """All flights, one row each."""
        kept = self.cache / "flights.parquet"
        if not kept.exists():
            made = ingest.build(*ingest.read_sources(ingest.find_data()), UNTIL)
            self.cache.mkdir(parents=True, exist_ok=True)
            made.to_parquet(kept, index=False)
        return pd.read_parquet(kept)

    @cached_property
    def _features(self) -> Floats:
        from sklearn.preprocessing import OrdinalEncoder

        numeric = self.table[self.prepare["numeric"]].to_numpy(dtype=np.float64)
        # Trees take missing numbers as they are; codes of names are of the whole year and tell nothing of the target.
        names = OrdinalEncoder().fit_transform(self.table[self.prepare["categorical"]])
        return np.column_stack([numeric, names])

    def month(self, name: str) -> Month:
        """Return the rows that a month is judged on."""
        months = self.table["month"].to_numpy()
        rows = self.table[months == name]
        return Month(
            name=name,
            truth=rows["late"].to_numpy().astype(np.int64),
            days=np.unique(rows["date"].to_numpy().astype(str), return_inverse=True)[1].astype(np.int64),
            rate=float(self.table["late"].to_numpy()[months < name].mean()),
        )

    def predicted(
        self, month: str, *, before: str | None = None, seed: int = 0, rows: int = ALL, shuffled: bool = False
    ) -> Floats:
        """Return the probability of being late for every row of a month.

        Args:
            month: What is predicted.
            before: Months before this one train; those before ``month``, if None.
            seed: Decides which tenth of the training rows is left out, and how labels are shuffled.
            rows: Training rows at most, at equal distances.
            shuffled: Whether the model learns from shuffled labels.
        """
        before = before or month
        key = f"{month} {before} {seed} {rows} {shuffled} {sorted(self.parameters.items())}"
        kept = self.cache / f"{month}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npy"
        if kept.exists():
            return np.asarray(np.load(kept), dtype=np.float64)
        made = self._trained(month, before, seed, rows, shuffled=shuffled)
        self.cache.mkdir(parents=True, exist_ok=True)
        np.save(kept, made)
        return made

    def _trained(self, month: str, before: str, seed: int, rows: int, *, shuffled: bool) -> Floats:
        from sklearn.ensemble import HistGradientBoostingClassifier
        from threadpoolctl import threadpool_limits

        random = np.random.default_rng(seed)
        months, late = self.table["month"].to_numpy(), self.table["late"].to_numpy().astype(np.int64)
        learned = np.flatnonzero(months < before)
        if learned.size > rows:
            learned = learned[np.linspace(0, learned.size - 1, rows).astype(np.int64)]
        learned = learned[random.random(learned.size) < 0.9]
        target = random.permutation(late[learned]) if shuffled else late[learned]
        with threadpool_limits(1):
            model = HistGradientBoostingClassifier(**self.parameters, random_state=seed)
            model.fit(self._features[learned], target)
            said = model.predict_proba(self._features[months == month])[:, 1]
        return np.asarray(said, dtype=np.float64)
