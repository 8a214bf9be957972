"""The steps: decide (one message), send (one outbox row), follow up (one timer that fell due).

Each is idempotent over the store, so a runner may repeat any of them after a crash.
"""
