"""Who gets to the page, and what nobody may do through it."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest

from tests.web_client import ORIGIN, make_client
from triage.web.roles import Role, Visitor
from triage.web.sessions import LINK_S
from triage.web.views import environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web_client import Client

SOMEBODY = Visitor(name="Nora", by="nora@firm.example", role=Role.RUN)
PROXY = """
[page]
url = "https://triage.firm.example"
[page.proxy]
addresses = ["10.0.0.5"]
header = "X-Forwarded-User"
secret_env = "TEST_PROXY_SECRET"
others = "read"
users = { "ben@firm.example" = "correct" }
"""
BY_PROXY = {
    "host": "triage.firm.example",
    "x-forwarded-user": "ben@firm.example",
    "x-triage-proxy": "s3cret",
}


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return make_client(tmp_path)


@pytest.fixture
def proxied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("TEST_PROXY_SECRET", "s3cret")
    found = make_client(tmp_path, PROXY)
    found.peer = "10.0.0.5"
    return found


def test_without_a_login_nothing_is_shown_but_how_to_log_in(client: Client) -> None:
    answer = client.get("/cases")
    assert answer.status == 401
    assert "triage serve --link" in answer.words
    assert client.post("/logout").status == 401


def test_a_link_logs_in_once_and_looking_at_it_does_not_use_it_up(client: Client) -> None:
    key = client.site.sessions.new_link(SOMEBODY, client.clock())
    for _ in range(3):  # a mail program looks, a preview looks, then the person
        assert "Log in as Nora" in client.get(f"/login?key={key}").words
    assert client.follow(client.post("/login", {"key": key})).status == 303
    assert client.get("/cases").status == 200
    client.cookies.clear()
    assert client.post("/login", {"key": key}).status == 401
    assert "used before" in client.get(f"/login?key={key}").words


def test_a_link_is_no_session_and_a_session_no_link(client: Client) -> None:
    key = client.site.sessions.new_link(SOMEBODY, client.clock())
    client.cookies = {client.site.cookie: key}
    assert client.get("/cases").status == 401
    client.cookies.clear()
    client.log_in()
    [session] = client.cookies.values()
    assert client.post("/login", {"key": session}).status == 401


def test_a_link_is_of_no_use_after_ten_minutes(client: Client) -> None:
    key = client.site.sessions.new_link(SOMEBODY, client.clock())
    client.clock.now += LINK_S
    assert client.post("/login", {"key": key}).status == 401
    assert not client.cookies


def test_a_login_ends_by_itself_and_by_logging_out(client: Client) -> None:
    client.log_in()
    kept = dict(client.cookies)
    client.clock.now += client.site.sessions.session_s - 1
    assert client.get("/cases").status == 200
    assert client.post("/logout").status == 303
    client.cookies = kept  # as a thief would
    assert client.get("/cases").status == 401
    client.log_in()
    client.clock.now += client.site.sessions.session_s
    assert client.get("/cases").status == 401


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(client: Client) -> None:
    key = client.site.sessions.new_link(SOMEBODY, client.clock())
    cookie = client.post("/login", {"key": key}).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_the_file_of_logins_is_private_and_lets_nobody_in_who_reads_it(client: Client) -> None:
    client.log_in()
    key = client.site.sessions.new_link(SOMEBODY, client.clock())
    path = client.site.sessions.path
    text = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert key not in text
    assert not set(client.cookies.values()) & set(text.split('"'))
    for row in json.loads(text):
        client.cookies = {client.site.cookie: row["digest"]}
        assert client.get("/cases").status == 401


def test_a_form_that_another_page_made_is_refused(client: Client) -> None:
    client.log_in()
    forged = {
        "without the token": ({"token": ""}, {}),
        "with another's token": ({"token": client.site.token("session x")}, {}),
        "from another origin": ({}, {"origin": "http://evil.example"}),
        "from another port": ({}, {"origin": "http://127.0.0.1:9999"}),
        "from a file or a frame": ({}, {"origin": "null"}),
        "without origin, across sites": ({}, {"origin": "", "sec-fetch-site": "cross-site"}),
    }
    for what, (fields, headers) in forged.items():
        assert client.post("/logout", fields, headers).status == 400, what
    assert client.get("/cases").status == 200  # still logged in
    assert client.post("/logout").status == 303


def test_a_foreign_page_cannot_log_somebody_in(client: Client) -> None:
    key = client.site.sessions.new_link(SOMEBODY, client.clock())
    assert client.post("/login", {"key": key}, {"origin": "http://evil.example"}).status == 400
    assert not client.cookies


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8717",
        "127.0.0.1",
        "127.0.0.1:80",
        "127.0.0.1.evil.example:8717",
        "x@127.0.0.1:8717",
        "",
        "127.0.0.1:8717/x",
        "10.0.0.9:8717",
    ],
)
def test_a_name_that_was_made_to_point_here_is_refused(client: Client, host: str) -> None:
    client.log_in()
    answer = client.ask("GET", "/cases", headers={"host": host})
    assert answer.status == 421
    assert "Firm" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8717", "localhost:8717", "[::1]:8717"])
def test_names_of_this_machine_are_known(client: Client, host: str) -> None:
    client.log_in()
    assert client.ask("GET", "/cases", headers={"host": host}).status == 200


def test_every_answer_tells_browsers_to_load_nothing_else(client: Client) -> None:
    client.log_in()
    for path in ("/cases", "/nothing-here", "/login", "/static/page.css"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == ("no-cache" if "static" in path else "no-store")
    assert "server" not in client.get("/cases").headers


def test_files_outside_of_the_static_folder_are_not_served(client: Client) -> None:
    for path in ("/static/../base.html", "/static/%2e%2e/base.html", "/static/..%2fbase.html"):
        assert client.get(path).status == 404


def test_a_form_beyond_all_bounds_is_refused(client: Client) -> None:
    client.log_in()
    assert client.post("/logout", {"x": "y" * 300_000}).status == 413
    assert client.post("/logout", {f"x{n}": "y" for n in range(600)}).status == 413
    assert client.post("/logout", headers={"content-type": "multipart/form-data"}).status == 415


def test_a_trusted_proxy_says_who_is_there_and_the_settings_what_they_may(proxied: Client) -> None:
    answer = proxied.get("/cases", BY_PROXY)
    assert answer.status == 200
    assert "Ben West" in answer.text
    assert proxied.get("/cases", {**BY_PROXY, "x-forwarded-user": "who@x.example"}).status == 200


@pytest.mark.parametrize(
    ("peer", "changed"),
    [
        ("10.0.0.6", {}),
        ("127.0.0.1", {}),
        ("10.0.0.5", {"x-triage-proxy": ""}),
        ("10.0.0.5", {"x-triage-proxy": "wrong"}),
        ("10.0.0.5", {"x-forwarded-user": ""}),
    ],
)
def test_nobody_else_can_say_so(proxied: Client, peer: str, changed: dict[str, str]) -> None:
    proxied.peer = peer
    assert proxied.get("/cases", {**BY_PROXY, **changed}).status == 401


def test_without_a_proxy_in_the_settings_its_header_means_nothing(client: Client) -> None:
    assert client.get("/cases", {"x-forwarded-user": "ben@firm.example"}).status == 401


def test_forms_sent_through_the_proxy_come_from_its_name(proxied: Client) -> None:
    proxied.token = proxied.site.token("proxy ben@firm.example")
    ours = {**BY_PROXY, "origin": "https://triage.firm.example"}
    assert proxied.post("/logout", headers=ours).status == 303
    for origin in (ORIGIN, "http://triage.firm.example", "https://evil.example"):
        assert proxied.post("/logout", headers={**ours, "origin": origin}).status == 400


def test_whatever_a_template_prints_is_escaped_and_free_of_hidden_characters() -> None:
    template = environment("UTC").from_string("[{{ text }}]")
    shown = template.render(text="a\u202eb\u200b\x1b\x00 <b>&'\"\n{{ 1 }}")
    assert shown == "[ab   &lt;b&gt;&amp;&#39;&#34;\n{{ 1 }}]"
