"""The soak: the program dies at every step, between servers that misbehave, and the books balance.

`plan` draws what happens from a seed, `life` is the program with a trap at one of its steps,
`driving` starts and ends it, `books` holds the servers' own records against the store.
"""
