"""Score rows with a model directory, in a process of its own.

A program, not a module to import: it may run under an interpreter that does not have mltoolkit, so it
imports MLflow, pandas and pyarrow alone. It is started with a clean environment and bounds on memory.

    python scorer.py REQUEST.json

The request names ``model``, ``rows`` (Parquet), ``golden`` (positions of rows to make requests of),
``memory`` (bytes), and the three files to write: ``answers`` (Parquet, one column, or one for each
class), ``requests`` (JSON: the body of ``/invocations`` and the predictions for it) and ``costs`` (JSON:
seconds and bytes that all of it took).
"""

import json
import resource
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

ASKED = 3
"""How often each golden row is asked alone."""
PATIENCE = 10.0
"""Seconds after which no further row is asked: a slow model has shown by then that it is one."""


def main(path: str) -> None:
    """Load, score, write."""
    request = json.loads(Path(path).read_text(encoding="utf-8"))
    # Set before the model is read: a model is code, and a bomb must not take the machine with it.
    resource.setrlimit(resource.RLIMIT_AS, (request["memory"], request["memory"]))
    warnings.simplefilter("ignore")

    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq
    from mlflow import pyfunc

    # The warnings compare every installed package with the model's requirements: half a second.
    model = pyfunc.load_model(request["model"], suppress_warnings=True)
    schema = model.metadata.get_input_schema()
    names = schema.input_names() if schema is not None and schema.has_input_names() else None
    present = set(pq.read_schema(request["rows"]).names)
    if names is not None:
        required = set(names) if schema is None else set(schema.required_input_names())
        if missing := sorted(required - present):
            sys.exit(f"the rows lack the model's columns {', '.join(missing)}")
        names = [name for name in names if name in present]
    else:
        hidden = set(request["hidden"])
        names = [name for name in pq.read_schema(request["rows"]).names if name not in hidden]
    rows = pq.read_table(request["rows"], columns=names).to_pandas()

    def ask(frame: pd.DataFrame) -> Any:
        answers = model.predict(frame)
        if isinstance(answers, pd.DataFrame | pd.Series):
            answers = answers.to_numpy()
        return np.asarray(answers)

    begun = time.perf_counter()
    answers = ask(rows)
    batch = time.perf_counter() - begun
    if answers.ndim not in {1, 2} or len(answers) != len(rows):
        sys.exit(f"the model answered {answers.shape} for {len(rows)} rows")
    if answers.ndim == 2 and not answers.shape[1]:  # noqa: PLR2004 - a table
        sys.exit("the model answered a table without columns")
    strange = {type(value).__name__ for value in answers.ravel().tolist()} - {
        "int",
        "float",
        "bool",
        "str",
        "NoneType",
    }
    if strange:
        sys.exit(f"the model answered {', '.join(sorted(strange))} and neither numbers nor names")
    table = answers.reshape(len(rows), -1)
    columns = {str(at): pa.array(table[:, at].tolist()) for at in range(table.shape[1])}
    pq.write_table(pa.table(columns), request["answers"])

    golden = rows.iloc[request["golden"]]
    body = {"dataframe_split": json.loads(golden.to_json(orient="split", index=False, double_precision=15))}
    # Asked again as JSON brings them, so that a server is compared with what it can see.
    seen = pd.DataFrame(**body["dataframe_split"]).astype(golden.dtypes.to_dict())
    Path(request["requests"]).write_text(
        json.dumps({"request": body, "predictions": ask(seen).tolist()}), encoding="utf-8"
    )
    costs = {
        "memory": peak(),
        "scoring": 1000 * batch / len(rows),
        "latency": latency([partial(ask, seen.iloc[[at]]) for at in range(len(seen))]),
    }
    Path(request["costs"]).write_text(json.dumps(costs), encoding="utf-8")


def latency(requests: list[Callable[[], object]]) -> float:
    """Return the seconds of the slowest request but one: a single hiccup of the machine is none of the model's."""
    taken: list[float] = []
    for ask in requests * ASKED:
        begun = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - begun)
        if sum(taken) > PATIENCE:
            break
    return sorted(taken)[-2:][0]


def peak() -> int:
    """Return the bytes that this process held at most."""
    try:
        # Not by getrusage where this is there: that counts the process that started us before we began.
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024
    except (OSError, StopIteration):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024


if __name__ == "__main__":
    main(sys.argv[1])
