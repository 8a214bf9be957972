"""The page over a store on a real PostgreSQL, which several programs share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.postgresql import opened
from tests.web_client import Client, make_client
from tests.web_mails import MAILS, fill
from triage.runners.leasing import Leaseholder
from triage.web.server import build_app

if TYPE_CHECKING:
    from pathlib import Path

    from tests.postgresql import Cluster


def test_every_page_is_shown_and_running_says_which_program_holds_what(
    cluster: Cluster, tmp_path: Path
) -> None:
    database = cluster.database()
    client = make_client(tmp_path)
    settings = client.site.settings
    there = replace(settings, config=replace(settings.config, store=database))
    fill(there, MAILS, start=client.clock.now - 3600).close()
    with opened(database) as store:
        Leaseholder(
            store=store, name="alpha/7/c0ffee", role="both", folders=["inbox/INBOX"], most=5
        ).look()
        site = replace(client.site, store=store)
        asked = Client(app=build_app(site), site=site, clock=client.clock).log_in("run")
        for path in ("/cases", "/cases/1", "/cases?q=login", "/models", "/policy"):
            assert asked.get(path).status == 200, path
        page = asked.get("/operations")
    assert page.status == 200
    assert "alpha/7/c0ffee reads, decides and sends" in page.words
    assert "inbox/INBOX alpha/7/c0ffee" in page.words
