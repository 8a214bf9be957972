"""The page and the watcher are two programs on one store, at the same time."""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

from tests.fakes import ScriptedChannel, WordClassifier
from tests.web_client import write_settings
from tests.web_mails import Mail, fill, take
from tests.web_rig import started
from triage.app import make_runner, open_store
from triage.store import audit, cases, inbox
from triage.web.roles import Role
from triage.web.server import sessions_of
from triage.web.visitors import visitor_of

if TYPE_CHECKING:
    from pathlib import Path
    from urllib.request import OpenerDirector

    from triage.app import Settings

CASES = 12


def client_mail(number: int) -> Mail:
    sender = f"Dana <dana@client{number}.example>"
    return Mail(subject=f"Portal {number}", text="We are stuck.", sender=sender)


def logged_in(settings: Settings, url: str) -> OpenerDirector:
    opener = build_opener(HTTPCookieProcessor())
    visitor = visitor_of(settings.policy, "ben", Role.CORRECT)
    key = sessions_of(settings).new_link(visitor, time.time())
    opener.open(Request(f"{url}/login", urlencode({"key": key}).encode(), {"Origin": url}))
    return opener


def click(opener: OpenerDirector, url: str, number: int) -> int:
    """Acknowledge a case as a browser does; the status of the page that follows."""
    with opener.open(f"{url}/cases/{number}") as page:
        token = re.search(rb'name="token" value="(\w+)"', page.read())
    assert token
    body = urlencode({"token": token[1].decode()}).encode()
    sent = Request(f"{url}/cases/{number}/acknowledge", body, {"Origin": url})
    try:
        with opener.open(sent) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


def test_clicks_and_new_mail_at_once_lose_nothing(tmp_path: Path) -> None:
    settings = write_settings(tmp_path)
    fill(settings, [client_mail(n) for n in range(CASES)], start=time.time()).close()
    store = open_store(settings.config.store)
    runner = make_runner(settings, store, ScriptedChannel(), WordClassifier())

    def watch() -> None:
        for number in range(CASES, 2 * CASES):
            take(runner, store, client_mail(number), number + 1, time.time())

    watcher = threading.Thread(target=watch)
    with started(tmp_path) as url:
        opener = logged_in(settings, url)
        watcher.start()
        statuses = [click(opener, url, number) for number in range(1, CASES + 1)]
        watcher.join(60)
    assert statuses == [200] * CASES
    with store.read() as tx:
        clicked = [cases.get(tx, number) for number in range(1, CASES + 1)]
        seen = [e for c in clicked for e in audit.of_case(tx, c.id) if e.action == "acknowledged"]
        assert inbox.outcomes(tx) == {"escalated": 2 * CASES}
    assert {case.acknowledged_by for case in clicked} == {"ben@firm.example"}
    assert len(seen) == CASES
    store.close()
