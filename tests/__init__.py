"""Tests, and the fakes and factories they share."""
