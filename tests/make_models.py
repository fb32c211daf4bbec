"""A program: save real MLflow models and their rows for tests (see ``saved_models`` in conftest)."""

import sys
import warnings
from pathlib import Path

import mlflow.sklearn
import numpy as np
import pandas as pd
from mlflow.models import infer_signature
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder


def main(folder: Path) -> None:
    """Train on seeded noise with a known signal, save, and write the rows."""
    warnings.simplefilter("ignore")
    generator = np.random.default_rng(7)
    n = 1200
    frame = pd.DataFrame(
        {
            "row_id": [f"r{at}" for at in range(n)],
            "a": generator.normal(size=n),
            "b": generator.choice(["x", "y", "zé"], size=n),
            "group": generator.choice(["north", "south", "east"], size=n, p=[0.6, 0.35, 0.05]),
        }
    )
    signal = 1.5 * frame["a"] + (frame["b"] == "x") * 1.0 - 0.8
    frame["target"] = (signal + generator.logistic(size=n) > 0).astype(int)
    frame["number"] = signal + generator.normal(scale=0.3, size=n)
    train, rows = frame.iloc[:800], frame.iloc[800:]
    features = ["a", "b"]

    def fitted(target: pd.Series, estimator: object) -> object:
        encoder = ColumnTransformer(
            [
                ("number", "passthrough", ["a"]),
                ("name", OneHotEncoder(handle_unknown="ignore"), ["b"]),
            ]
        )
        return make_pipeline(encoder, estimator).fit(train[features], target)

    def save(name: str, model: object, *, predict: str, form: str = "skops") -> None:
        answers = getattr(model, predict)(train[features])
        mlflow.sklearn.save_model(
            model,
            folder / name,
            serialization_format=form,
            pip_requirements=["scikit-learn"],
            signature=infer_signature(train[features], answers),
            pyfunc_predict_fn=predict,
        )

    model = fitted(train["target"], LogisticRegression())
    shuffled = pd.Series(generator.permutation(train["target"].to_numpy()), index=train.index)
    save("binary", model, predict="predict_proba")
    save("labels", model, predict="predict")
    save("pickled", model, predict="predict_proba", form="cloudpickle")
    save("shuffled", fitted(shuffled, LogisticRegression()), predict="predict_proba")
    save("other", fitted(train["target"], LogisticRegression(C=0.05)), predict="predict_proba")
    save("regression", fitted(train["number"], LinearRegression()), predict="predict")
    rows.reset_index(drop=True).to_parquet(folder / "rows.parquet")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
