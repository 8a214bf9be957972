"""Mail and people: watch a shared inbox, decide who must know, and forward a brief."""

__version__ = "0.1.0"
