"""The ways out. `base.Channel` is the port; one file beside it for each kind."""
