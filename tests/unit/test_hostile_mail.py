"""Every kind of hostile mail, through the whole pipeline: one outcome, in time, nothing emitted."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import pytest

from tests.hostile import KINDS
from tests.hostile.emitted import UNSAFE, original_of, troubles
from tests.hostile.running import fresh, make_hardened, run
from triage.logs import JsonFormatter, PlainFormatter
from triage.rendering.ids import OWN_ID
from triage.rendering.renderer import ATTACH_MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.hostile.running import Ran
    from tests.hostile.shape import Kind
    from tests.steps import Bench

LONGEST_S = 10.0
RUNS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork")
REACHES = ("socket.connect", "socket.getaddrinfo", "urllib.Request", "pickle.find_class")


class Watch:
    """Notes what Python is asked to run, to connect to or to unpickle while it is on."""

    def __init__(self) -> None:
        self.on = False
        self.seen: list[str] = []
        sys.addaudithook(self._heard)

    def _heard(self, event: str, _arguments: object) -> None:
        if self.on and event.startswith((*RUNS, *REACHES)):
            self.seen.append(event)


WATCH = Watch()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, Path]:
    """A bench, and its store while it is still empty."""
    folder = tmp_path_factory.mktemp("hostile")
    bench = make_hardened(folder)
    bench.store.close()
    return bench, folder / "triage.db"


@pytest.fixture
def watched() -> Iterator[Watch]:
    WATCH.seen.clear()
    WATCH.on = True
    yield WATCH
    WATCH.on = False


def lines_logged(records: list[logging.LogRecord]) -> list[str]:
    return [
        style.format(record) for record in records for style in (PlainFormatter(), JsonFormatter())
    ]


def assert_original_travels(ran: Ran, content: bytes) -> None:
    for notice in ran.notices:
        carried = original_of(notice)
        if not content or len(content) > ATTACH_MAX_BYTES:
            assert carried is None
        else:
            unix = content.replace(b"\n", b"\r\n") if b"\r" not in content else content
            assert carried in (content, unix)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_hostile_mail_ends_once_in_time_and_steers_nothing(
    kind: Kind,
    template: tuple[Bench, Path],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    watched: Watch,
) -> None:
    caplog.set_level(logging.DEBUG)
    content = kind.build()
    bench = fresh(*template, tmp_path)

    ran = run(bench, content)

    assert [outcome.action for outcome in ran.outcomes] == [ran.outcomes[0].action]
    assert ran.outcomes[0].action in kind.ends
    assert [mail.error for mail in ran.mails] == [""]
    assert ran.cpu_s < LONGEST_S
    assert len(ran.notices) == (ran.outcomes[0].action in ("escalated", "unreadable"))
    assert {notice.recipient for notice in ran.notices} <= {
        "ben@firm.example",
        "priya@firm.example",
    }
    assert [trouble for notice in ran.notices for trouble in troubles(notice)] == []
    assert all(OWN_ID.fullmatch(notice.message_id.encode()) for notice in ran.notices)
    assert_original_travels(ran, content)
    shown = [v for m in ran.mails for v in (m.subject, m.sender, m.client, m.why)]
    assert [line for line in (*shown, *lines_logged(caplog.records)) if UNSAFE.search(line)] == []
    assert watched.seen == []
    bench.store.close()


def test_kinds_are_numbered_without_gaps_and_enough() -> None:
    assert [kind.number for kind in KINDS] == list(range(1, len(KINDS) + 1))
    assert len({kind.name for kind in KINDS}) == len(KINDS) >= 80
