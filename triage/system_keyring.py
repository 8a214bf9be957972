"""The system's own store of passwords, by the keyring library: the only module that knows it.

Rules: nothing is written there; whatever a keyring's service says is not repeated, since it may
quote an entry; a keyring that waits for somebody to unlock it is given up, as nobody is there.
"""

from __future__ import annotations

import queue
import shlex
import threading


class KeyringProblem(Exception):  # noqa: N818 - told to people as a sentence, see `triage.secrets`
    """Why an entry cannot be had, and what to do, without a secret."""


def entry_of(text: str) -> tuple[str, str]:
    """Service and user of `service/user`; either is empty where the text lacks it."""
    service, _, user = text.rpartition("/")
    return service.strip(), user.strip()


def read(entry: str, *, timeout_s: float) -> str:
    """The password of an entry.

    Raises:
        KeyringProblem: there is no keyring or no such entry, or it is locked.
    """
    answers: queue.SimpleQueue[str | KeyringProblem] = queue.SimpleQueue()
    threading.Thread(target=lambda: answers.put(_asked(entry)), daemon=True).start()
    try:
        answer = answers.get(timeout=timeout_s)
    except queue.Empty:
        says = f"the keyring did not answer within {timeout_s:g} s; is it locked? Unlock it first"
        raise KeyringProblem(says) from None
    if isinstance(answer, KeyringProblem):
        raise answer
    return answer


def _asked(entry: str) -> str | KeyringProblem:
    import keyring  # noqa: PLC0415 - looks for backends, and few need it
    from keyring import errors  # noqa: PLC0415

    service, user = entry_of(entry)
    named = f"{shlex.quote(service)} {shlex.quote(user)}"
    try:
        found = keyring.get_password(service, user)
    except errors.NoKeyringError:
        says = (
            "this user has no keyring that can be used (a service without a desktop has none); "
            "start one, or keep the secret in a file"
        )
        return KeyringProblem(says)
    except errors.KeyringLocked:
        return KeyringProblem("the keyring is locked; unlock it before starting triage")
    except Exception as error:  # noqa: BLE001 - backends raise whatever their services do
        kind = type(error).__name__
        return KeyringProblem(f"the keyring failed ({kind}); see `keyring get {named}`")
    if found is None:
        says = f"the keyring has no entry {entry}; run: keyring set {named}"
        return KeyringProblem(says)
    return found
