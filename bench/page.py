"""How long the page takes with many cases: `python -m bench.page [--cases 50000] [--json]`.

A store of that many cases is made up. Then pages are asked for as a browser would ask, but within
the process: the time is that of the server, from the request to the last byte of the page, with
login, queries and template. Every request of a row differs where that can be.
"""

from __future__ import annotations

import os
import random
import re
import tempfile
import time
from dataclasses import asdict, dataclass
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from bench.alone import run_alone
from bench.machine import say
from bench.mails import OUR_DOMAIN, rows
from bench.page_store import DAY_S, fill, reference
from bench.program import make_workspace
from bench.tables import percentile, table
from tests.fakes import Clock
from tests.web_client import PORT, Client
from triage.app import load_settings, open_store
from triage.web.roles import Role
from triage.web.server import build_app, make_site
from triage.web.visitors import visitor_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.web_client import Answer
    from triage.policy import Policy

CASES = 50_000
LIMIT_MS = 150
REQUESTS = 100  # of each kind
NOW = 1_790_000_000.0
_SHARES = (0.5, 0.95)
_MORE = re.compile(r'href="([^"]+)">More cases')


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Seconds of every request, by what was asked for; `cpu_s` are those of the processor alone.

    On a busy machine the two differ: the wall's clock also counts what others do meanwhile.
    """

    cases: int
    store_mib: float
    load: float
    seconds: dict[str, tuple[float, ...]]
    cpu_s: dict[str, tuple[float, ...]]

    def as_json(self) -> dict[str, object]:
        """The same for programs, with every sample."""
        summary = {
            name: {f"p{share * 100:.0f}": percentile(values, share) for share in _SHARES}
            for name, values in self.seconds.items()
        }
        return {**asdict(self), "limit_s": LIMIT_MS / 1000, "summary_s": summary}

    def as_text(self) -> str:
        """A table in milliseconds, and whether the limit is kept."""
        lines = [self._line(name) for name in self.seconds]
        slow = [line[0] for line in lines if int(line[2]) > LIMIT_MS]
        over = f"Over the limit of {LIMIT_MS} ms at p95: {', '.join(slow)}."
        title = (
            f"The page with {self.cases} cases, {self.store_mib:.0f} MiB of store, "
            f"{REQUESTS} requests each (ms at the server)"
        )
        heads = ("", "median", "p95", "longest", "CPU median", "CPU p95")
        kept = f"p95 is within the limit of {LIMIT_MS} ms everywhere."
        load = f"Load at the start: {self.load:.2f}."
        return "\n".join([title, "", table(heads, lines), "", load, over if slow else kept])

    def _line(self, name: str) -> tuple[str, ...]:
        wall, cpu = self.seconds[name], self.cpu_s[name]
        shown = [percentile(wall, share) for share in _SHARES]
        shown += [max(wall), *(percentile(cpu, share) for share in _SHARES)]
        return (name, *(f"{seconds * 1000:.0f}" for seconds in shown))


def measure(number: int = CASES, *, stand_in: bool = False) -> Result:  # noqa: ARG001 - no model
    """Make the store, ask for the pages, take everything away again."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="triage-bench-") as scratch:
        space = make_workspace(
            Path(scratch) / "page", imap_port=9, smtp_port=9, user=f"inbox@{OUR_DOMAIN}"
        )
        settings = load_settings(space.folder / "triage.toml")
        store = open_store(settings.config.store)
        say(f"making up {number} cases ...")
        fill(store, settings.policy, number, now=NOW)
        clock = Clock(now=NOW)
        site = make_site(settings, store, host="127.0.0.1", port=PORT, clock=clock)
        client = Client(app=build_app(site), site=site, clock=clock)
        key = site.sessions.new_link(visitor_of(settings.policy, "ben", Role.RUN), NOW)
        client.follow(client.post("/login", {"key": key}))
        requests = _requests(settings.policy, number, random.Random(1))
        taken = {name: list(_timed(client, paths)) for name, paths in requests.items()}
        taken["further pages, one after another"] = list(_walked(client))
        store.close()
        assert settings.config.store_file is not None
        size = settings.config.store_file.stat().st_size / (1 << 20)
        return Result(
            cases=number,
            store_mib=size,
            load=load,
            seconds={name: tuple(wall for wall, _ in each) for name, each in taken.items()},
            cpu_s={name: tuple(cpu for _, cpu in each) for name, each in taken.items()},
        )


def _requests(policy: Policy, number: int, rng: random.Random) -> dict[str, list[str]]:
    """What is asked for, by name."""
    tags, kinds, people = sorted(policy.routes), sorted(policy.kinds), sorted(policy.people)
    texts = [row["body"].split() for row in rows()]
    several = [text for text in texts if len(text) > 8]

    def phrase() -> str:
        text = rng.choice(several)
        start = rng.randrange(len(text) - 3)
        return " ".join(text[start : start + 3])

    def day(back: int) -> str:
        return time.strftime("%Y-%m-%d", time.gmtime(NOW - back * DAY_S))

    def paths(**values: object) -> str:
        return f"/cases?{urlencode(values)}"

    many = range(REQUESTS)
    return {
        "what is open": [paths() for _ in many],
        "all, a page of 50": [paths(view="all") for _ in many],
        "by tag": [paths(view="all", tag=rng.choice(tags)) for _ in many],
        "by kind": [paths(view="all", kind=rng.choice(kinds)) for _ in many],
        "by client": [paths(view="all", client=f"client{rng.randrange(500)}.") for _ in many],
        "by person": [paths(view="all", person=rng.choice(people)) for _ in many],
        "by date": [
            paths(view="all", since=day(back + 30), until=day(back))
            for back in (rng.randrange(1000) for _ in many)
        ],
        "by everything at once": [
            paths(
                view="all",
                q=rng.choice(rng.choice(texts)),
                tag=rng.choice(tags),
                kind=rng.choice(kinds),
                client=f"client{rng.randrange(40)}",
                person=rng.choice(people),
            )
            for _ in many
        ],
        "search: a word of a text": [
            paths(view="all", q=rng.choice(rng.choice(texts))) for _ in many
        ],
        "search: the commonest words": [paths(view="all", q="the to and") for _ in many],
        "search: the first two letters": [
            paths(view="all", q=rng.choice(rng.choice(texts))[:2]) for _ in many
        ],
        "search: three words": [paths(view="all", q=phrase()) for _ in many],
        "search: a phrase in quotes": [paths(view="all", q=f'"{phrase()}"') for _ in many],
        "search: a number that one case has": [
            paths(view="all", q=reference(rng.randrange(1, number + 1))) for _ in many
        ],
        "search: a word and a person's name": [
            paths(view="all", q=f"{rng.choice(rng.choice(texts))} {rng.choice(people)}")
            for _ in many
        ],
        "search: nothing to find": [paths(view="all", q=f"zzq{n}") for n in many],
        "review: the next mail": ["/review" for _ in many],
        "search in what is open": [paths(q=rng.choice(rng.choice(texts))) for _ in many],
    }


Taken = tuple[float, float]  # wall and processor time, in seconds


def _timed(client: Client, paths: Sequence[str]) -> Iterator[Taken]:
    for path in paths:
        yield _one(client, path)[1]


def _walked(client: Client) -> Iterator[Taken]:
    """From page to page, as deep as there are."""
    path = "/cases?view=all"
    for _ in range(REQUESTS):
        answer, taken = _one(client, path)
        yield taken
        found = _MORE.search(answer.text)
        path = unescape(found[1]) if found else path


def _one(client: Client, path: str) -> tuple[Answer, Taken]:
    wall, cpu = time.perf_counter(), time.process_time()
    answer = client.get(path)
    taken = (time.perf_counter() - wall, time.process_time() - cpu)
    assert answer.status == 200, (path, answer.words)  # else it measures how fast errors are
    return answer, taken


def main() -> None:
    run_alone("page", __doc__, ("--cases", CASES, "cases in the store"), measure)


if __name__ == "__main__":
    main()
