"""What runs the steps of the pipeline: a loop here, other machinery beside it."""
