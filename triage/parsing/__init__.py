"""Bytes to `Email`: pure, bounded, and never raising, whatever the bytes are."""
