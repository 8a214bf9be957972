"""The pages, one module each: `routes()` says what it answers, by `guard.get` and `guard.post`."""
