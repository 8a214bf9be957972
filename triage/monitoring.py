"""Figures for Prometheus and a health page, worked out from the store when they are asked for.

Rules: nothing here is counted along the way, so that figures survive restarts and agree with
`triage status`; they hold numbers and names of settings, never anything out of a mail.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from triage import __version__
from triage.errors import StoreError
from triage.store import alarms, cases, inbox, leases, mailboxes, outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prometheus_client.metrics_core import Metric

    from triage.store.engine import Store

log = logging.getLogger(__name__)

JSON = ("Content-Type", "application/json")


@dataclass(frozen=True, kw_only=True)
class Figures(Collector):
    """What the store says of the program's work. `clock` gives epoch seconds."""

    store: Store
    clock: Callable[[], float] = time.time

    def collect(self) -> Iterator[Metric]:
        """All figures, of one moment."""
        now = self.clock()
        with self.store.read() as tx:
            outcomes = inbox.outcomes(tx)
            notices = outbox.counts(tx)
            boxes = mailboxes.everything(tx)
            waiting, stuck = alarms.undecided(tx), alarms.unsent(tx)
            open_cases = len(cases.unresolved(tx))
            trouble = len(alarms.open_ones(tx))
            by_mailbox = mailboxes.counts(tx)
            held = leases.held_now(tx) if self.store.shared else {}
        if self.store.shared:
            yield _family(
                GaugeMetricFamily(
                    "triage_lease", "1 where a program holds it.", labels=["lease", "holder"]
                ),
                (((name, holder), float(bool(holder))) for name, holder in held.items()),
            )
        yield _family(
            CounterMetricFamily("triage_messages", "Mails by outcome.", labels=["outcome"]),
            (((action or "waiting",), number) for action, number in outcomes.items()),
        )
        yield _family(
            GaugeMetricFamily("triage_outbox", "Mails of ours by state.", labels=["state"]),
            (((state,), number) for state, number in notices.items()),
        )
        yield _one("triage_open_cases", "Cases that are not closed.", open_cases)
        yield _one("triage_alarms", "Lasting trouble of which somebody was told.", trouble)
        oldest = now - waiting.since if waiting else 0.0
        yield _one("triage_oldest_waiting_seconds", "Age of the oldest mail not judged.", oldest)
        behind = now - stuck.since if stuck else 0.0
        yield _one("triage_oldest_unsent_seconds", "Age of the oldest brief tried in vain.", behind)
        places = [(box.account, box.folder) for box in boxes]
        yield _family(
            GaugeMetricFamily(
                "triage_mailbox_looked_at_seconds",
                "When a folder was last read to its end (epoch).",
                labels=["account", "folder"],
            ),
            zip(places, (box.looked_at or 0.0 for box in boxes), strict=True),
        )
        yield _family(
            GaugeMetricFamily(
                "triage_mailbox_trouble", "1 where it cannot be read.", labels=["account", "folder"]
            ),
            zip(places, (float(bool(box.problem)) for box in boxes), strict=True),
        )
        yield _family(
            CounterMetricFamily(
                "triage_mailbox_messages", "Mails read so far.", labels=["account", "folder"]
            ),
            ((place, number) for place, (number, _) in by_mailbox.items()),
        )
        yield _family(
            GaugeMetricFamily(
                "triage_mailbox_waiting", "Mails not judged yet.", labels=["account", "folder"]
            ),
            ((place, waiting) for place, (_, waiting) in by_mailbox.items()),
        )
        about = GaugeMetricFamily("triage_build", "Version.", labels=["version"])
        yield _family(about, [((__version__,), 1.0)])


def asked_health(host: str, port: int, timeout_s: float = 10.0) -> list[str]:
    """The trouble that a running program tells on its health page.

    Raises:
        OSError: nobody answers there, or somebody else does.
    """
    connection = HTTPConnection(host, port, timeout=timeout_s)
    try:
        connection.request("GET", "/healthz")
        said = json.loads(connection.getresponse().read(1 << 20))
        return [str(each) for each in said["trouble"]]
    except (HTTPException, ValueError, KeyError, TypeError) as error:
        raise OSError from error
    finally:
        connection.close()


def _family(family: Any, samples: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    for names, value in samples:
        family.add_metric(list(names), value)
    found: Metric = family
    return found


def _one(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(name, says, value=value)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing: whoever asks does so every few seconds."""


class Monitor:
    """Answers `/metrics` and `/healthz`. `silent` names the loops that make no progress."""

    def __init__(
        self, store: Store, silent: Callable[[], list[str]], *, host: str, port: int
    ) -> None:
        """Listen; port 0 takes a free one. Raises OSError."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(Figures(store=store))
        self._store = store
        self._silent = silent
        self._metrics = make_wsgi_app(registry)
        self._server = make_server(
            host, port, self._answer, server_class=_Server, handler_class=_Quiet
        )
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.5,), daemon=True).start()
        log.info("figures", extra={"action": "monitoring", "port": self.port})

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ: Any, start: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        try:
            if path == "/metrics":
                page: Iterable[bytes] = self._metrics(environ, start)
                return page
            if path == "/healthz":
                return self._health(start)
        except StoreError as error:
            start("503 Service Unavailable", [JSON])
            return [json.dumps({"trouble": [type(error).__name__]}).encode()]
        start("404 Not Found", [JSON])
        return [b'{"there is": ["/metrics", "/healthz"]}']

    def _health(self, start: Any) -> Iterable[bytes]:
        """200 while all is well; 503 with what is not."""
        with self._store.read() as tx:
            trouble = [each.key for each in alarms.open_ones(tx)]
        trouble += [f"loop {name}" for name in self._silent()]
        start("503 Service Unavailable" if trouble else "200 OK", [JSON])
        return [json.dumps({"trouble": trouble}).encode()]
