"""Flights of 2013 month by month, and what the flagship's boosted trees say of one month after learning from earlier ones.

The table and the settings are the flagship's own (``pipeline/ingest.py``, ``params.yaml``). What was predicted is
kept in ``experiments/.predictions_cache``, which git ignores: the first run trains, later ones read.
"""

import hashlib
import os
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

# Threads that wait without spinning: the machine is shared. It is read when OpenMP is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

import msgspec
import numpy as np
import pandas as pd

from mltoolkit import config, documents, example
from mltoolkit.stages import estimators
from mltoolkit.stages.settings import (
    PARAMS,
    Constant,
    PrepareSettings,
    Section,
    TrainSettings,
)
from mltoolkit.statistics.answers import Codes, Floats
from mltoolkit.training import Imputation, Prepared
from pipeline import ingest

CACHE = Path(__file__).parent / ".predictions_cache"
UNTIL = "2013-12"
MONTHS = ("2013-07", "2013-08", "2013-09", "2013-10", "2013-11", "2013-12")
BOOSTED = "boosted"
"""The estimator in the flagship's ``params.yaml`` that wins from July on."""

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
        text = (example.flagship() / PARAMS).read_text(encoding="utf-8")
        document = documents.parse(text, PARAMS)
        self.section = Section(name="train", document=document)
        self.prepare = config.section(document, ("prepare",), PrepareSettings)
        self.train = config.section(document, ("train",), TrainSettings)

    @cached_property
    def table(self) -> pd.DataFrame:
        """All flights, one row each."""
        kept = self.cache / "flights.parquet"
        if not kept.exists():
            made = ingest.build(*ingest.read_sources(ingest.find_data()), UNTIL)
            self.cache.mkdir(parents=True, exist_ok=True)
            made.to_parquet(kept, index=False)
        return pd.read_parquet(kept)

    @property
    def prepared(self) -> Prepared:
        """What the flagship's ``prepare`` tells its training, as far as an estimator is built from it."""
        asked = self.prepare
        filled = {name: (asked.impute.numeric, asked.impute.features.get(name)) for name in asked.numeric}
        return Prepared(
            task=asked.task,
            id=asked.id,
            target=asked.target,
            numeric=asked.numeric,
            categorical=asked.categorical,
            impute={name: _fill(own or general) for name, (general, own) in filled.items()}
            | {name: _fill(asked.impute.categorical) for name in asked.categorical},
            splits={},
            positive="1",
            classes={},
            mean=None,
            digests={},
        )

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
        self,
        month: str,
        *,
        before: str | None = None,
        seed: int | None = None,
        rows: int = ALL,
        shuffled: bool = False,
    ) -> Floats:
        """Return the probability of being late for every row of a month.

        Args:
            month: What is predicted.
            before: Months before this one train; those before ``month``, if None.
            seed: Which tenth of the training rows is left out; None leaves out none, as the flagship does.
            rows: Training rows at most, at equal distances.
            shuffled: Whether the model learns from shuffled labels.
        """
        before = before or month
        settings = sorted(self.train.estimators[BOOSTED].parameters.items())
        key = f"{month} {before} {seed} {rows} {shuffled} {settings} {self.train.seed} {self.prepare}"
        kept = self.cache / f"{month}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npy"
        if kept.exists():
            return np.asarray(np.load(kept), dtype=np.float64)
        made = self._trained(month, before, seed, rows, shuffled=shuffled)
        self.cache.mkdir(parents=True, exist_ok=True)
        np.save(kept, made)
        return made

    def _trained(self, month: str, before: str, seed: int | None, rows: int, *, shuffled: bool) -> Floats:
        from threadpoolctl import threadpool_limits

        own = self.train.seed if seed is None else seed
        random = np.random.default_rng(own)
        months, late = self.table["month"].to_numpy(), self.table["late"].to_numpy().astype(bool)
        learned = np.flatnonzero(months < before)
        if learned.size > rows:
            learned = learned[np.linspace(0, learned.size - 1, rows).astype(np.int64)]
        if seed is not None:
            learned = learned[random.random(learned.size) < 0.9]
        target = random.permutation(late[learned]) if shuffled else late[learned]
        asked = self.train.estimators[BOOSTED]
        model = estimators.build(BOOSTED, asked, self.prepared, seed=own, section=self.section)
        features = self.table[[*self.prepare.numeric, *self.prepare.categorical]]
        features = features.astype(dict.fromkeys(self.prepare.categorical, object))
        with threadpool_limits(1):
            model.fit(features.iloc[learned], target)
            said = model.predict_proba(features[months == month])[:, 1]
        return np.asarray(said, dtype=np.float64)


def _fill(setting: str | Constant) -> Imputation:
    if isinstance(setting, Constant):
        return Imputation(strategy="constant", value=setting.constant)
    return msgspec.convert({"strategy": setting}, Imputation)
