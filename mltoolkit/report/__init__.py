"""Markdown from values: the verdict first, then what it rests on. Nothing is read or written here."""
