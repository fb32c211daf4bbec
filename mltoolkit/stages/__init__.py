"""Ready-made DVC stages for tabular problems: prepare, train, evaluate.

They are a user of the toolkit: they talk by files only, take all their settings from ``params.yaml``,
and nothing imports them. Run one as ``python -m mltoolkit.stages.prepare`` in the project's folder.
"""
