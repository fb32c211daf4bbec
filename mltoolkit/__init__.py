"""From a commit to a trustworthy model in production: evidence, verdict, rollout."""

__version__ = "0.1.0"
