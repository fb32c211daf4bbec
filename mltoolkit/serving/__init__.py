"""What runs inside processes that load a model; each is a program that needs MLflow but not us."""
