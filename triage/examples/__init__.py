"""Labelled mail as rows that travel: to and from files, with or without its text. Pure."""

from triage.examples.record import Event, Record

__all__ = ["Event", "Record"]
