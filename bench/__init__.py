"""What performance claims rest on. `make bench` runs all; see docs/performance.md."""
