"""Tokens: had, kept, shared, renewed, refused; each kind of issuer against a stub on loopback."""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.certificates import make_certificates
from tests.oauth_stub import Issuer
from triage.config import OAuthLogin, Secret
from triage.credentials import issuer_of
from triage.errors import LoginError
from triage.oauth import IssuerError, KeptTokens, NeedsLoginError, sasl
from triage.oauth.generic import GenericIssuer
from triage.oauth.loopback import Loopback, parameters

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.certificates import Certificates
    from triage.oauth import DevicePrompt


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("issuer"), "DNS:localhost,IP:127.0.0.1")


@pytest.fixture
def stub(certificates: Certificates) -> Iterator[Issuer]:
    with Issuer(certificates=certificates) as started:
        yield started


@pytest.fixture
def secret(tmp_path: Path, stub: Issuer) -> Secret:
    path = tmp_path / "client-secret"
    path.write_text(stub.secret)
    path.chmod(0o600)
    return Secret(file=path)


def login_of(kind: str, stub: Issuer, secret: Secret, *, app_only: bool = False) -> OAuthLogin:
    if kind == "microsoft":
        return OAuthLogin(
            type="microsoft",
            client_id="client-1",
            client_secret=secret if app_only else None,
            tenant="firm",
            authority=stub.url,
            app_only=app_only,
            ca_file=stub.authority,
        )
    return OAuthLogin(
        type="google" if kind == "google" else "generic",
        client_id="client-1",
        client_secret=secret,
        app_only=app_only,
        token_url=f"{stub.url}/token",
        device_url="" if kind == "google" else f"{stub.url}/device",
        authorize_url=f"{stub.url}/authorize",
        scopes=("mail",),
        ca_file=stub.authority,
    )


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def kept(tmp_path: Path, login: OAuthLogin, clock: Clock | None = None) -> KeptTokens:
    issuer = issuer_of("office", login, "inbox@example.org")
    path = tmp_path / "tokens" / "office.json"
    if clock is None:
        return KeptTokens("office", issuer, path)
    if isinstance(issuer, GenericIssuer):
        issuer = GenericIssuer("office", login, lambda: "client-secret-canary", clock=clock)
    return KeptTokens("office", issuer, path, clock=clock)


def log_in(tokens: KeptTokens, login: OAuthLogin) -> None:
    """What a person does in the browser, with nothing but a browser's means."""
    issuer = issuer_of("office", login, "inbox@example.org")
    listener = Loopback()
    way = issuer.browser(listener.redirect_uri)
    options = {"timeout": 10, "verify": str(login.ca_file)}
    visit = threading.Thread(target=requests.get, args=(way.url,), kwargs=options)
    visit.start()
    came = listener.wait(10)
    visit.join()
    tokens.keep(way.finish(came))


@pytest.mark.parametrize("kind", ["generic", "microsoft", "google"])
def test_a_person_allows_it_once_in_the_browser_and_it_is_renewed_from_then_on(
    kind: str, tmp_path: Path, stub: Issuer, secret: Secret
) -> None:
    login = login_of(kind, stub, secret)
    tokens = kept(tmp_path, login)
    with pytest.raises(NeedsLoginError, match="run: triage login office"):
        tokens()
    log_in(tokens, login)
    first = tokens()
    assert first in stub.valid
    assert tokens() == first
    assert tokens.fresh(first) != first


@pytest.mark.parametrize("kind", ["generic", "microsoft"])
def test_a_person_allows_it_on_another_device_by_a_code(
    kind: str, tmp_path: Path, stub: Issuer, secret: Secret
) -> None:
    login = login_of(kind, stub, secret)
    issuer = issuer_of("office", login, "")
    shown: list[DevicePrompt] = []
    tokens = kept(tmp_path, login)
    tokens.keep(issuer.device(shown.append))
    assert [(p.url, p.code) for p in shown] == [(f"{stub.url}/enter", "ABCD-EFGH")]
    assert tokens() in stub.valid


@pytest.mark.parametrize("kind", ["generic", "microsoft"])
def test_a_program_that_logs_in_as_itself_needs_nobody(
    kind: str, tmp_path: Path, stub: Issuer, secret: Secret
) -> None:
    tokens = kept(tmp_path, login_of(kind, stub, secret, app_only=True))
    assert tokens() in stub.valid
    assert tokens.fresh(tokens()) in stub.valid


@pytest.mark.parametrize("kind", ["generic", "microsoft"])
def test_a_wrong_client_secret_says_what_to_check_and_not_the_secret(
    kind: str, tmp_path: Path, stub: Issuer, secret: Secret
) -> None:
    stub.secret = "another-one"
    with pytest.raises(NeedsLoginError, match="check client_id, client_secret") as caught:
        kept(tmp_path, login_of(kind, stub, secret, app_only=True))()
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("kind", ["generic", "microsoft", "google"])
def test_a_withdrawn_consent_says_which_command_mends_it(
    kind: str, tmp_path: Path, stub: Issuer, secret: Secret
) -> None:
    login = login_of(kind, stub, secret)
    tokens = kept(tmp_path, login)
    log_in(tokens, login)
    stub.withdraw_consent()
    with pytest.raises(NeedsLoginError, match="run: triage login office") as caught:
        tokens.fresh(tokens())
    assert "\n" not in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("kind", ["generic", "microsoft", "google"])
@pytest.mark.parametrize("trouble", ["HTTP 500", "gone"])
def test_an_issuer_in_trouble_is_no_reason_to_call_a_person(
    kind: str, trouble: str, tmp_path: Path, secret: Secret, certificates: Certificates
) -> None:
    with Issuer(certificates=certificates) as stub:
        login = login_of(kind, stub, secret)
        tokens = kept(tmp_path, login)
        log_in(tokens, login)
        token = tokens()
        stub.error = trouble if trouble != "gone" else ""
        if trouble != "gone":
            with pytest.raises(IssuerError):
                tokens.fresh(token)
    if trouble == "gone":
        with pytest.raises(IssuerError, match="cannot be reached") as caught:
            tokens.fresh(token)
        assert "canary" not in str(caught.value)


def test_a_token_is_renewed_before_it_ends_and_not_at_each_login(
    tmp_path: Path, stub: Issuer, secret: Secret
) -> None:
    clock = Clock()
    login = login_of("generic", stub, secret, app_only=True)
    tokens = kept(tmp_path, login, clock)
    first = tokens()
    clock.now += 3299
    assert tokens() == first
    clock.now += 2
    assert tokens() != first


def test_while_the_issuer_is_down_an_early_renewal_goes_on_with_the_token_in_hand(
    tmp_path: Path, stub: Issuer, secret: Secret
) -> None:
    clock = Clock()
    tokens = kept(tmp_path, login_of("generic", stub, secret, app_only=True), clock)
    first = tokens()
    stub.error = "HTTP 500"
    clock.now += 3400
    assert tokens() == first
    clock.now += 300
    with pytest.raises(IssuerError):
        tokens()


def test_threads_and_processes_share_one_token_through_the_file(
    tmp_path: Path, stub: Issuer, secret: Secret
) -> None:
    login = login_of("generic", stub, secret, app_only=True)
    one, other = kept(tmp_path, login), kept(tmp_path, login)
    assert one() == other()
    assert len(stub.asked) == 1
    refused = one()
    assert one.fresh(refused) == other.fresh(refused)
    assert len(stub.asked) == 2


def test_a_refresh_token_that_works_once_is_kept_before_its_token_is_used(
    tmp_path: Path, stub: Issuer, secret: Secret
) -> None:
    stub.rotating = True
    login = login_of("generic", stub, secret)
    tokens = kept(tmp_path, login)
    log_in(tokens, login)
    for _ in range(3):
        tokens = kept(tmp_path, login)  # as after a restart
        assert tokens.fresh(tokens()) in stub.valid


def test_what_is_kept_can_be_read_by_nobody_else(
    tmp_path: Path, stub: Issuer, secret: Secret
) -> None:
    login = login_of("generic", stub, secret)
    tokens = kept(tmp_path, login)
    log_in(tokens, login)
    tokens()
    file = tmp_path / "tokens" / "office.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    file.chmod(0o644)
    with pytest.raises(NeedsLoginError, match="can be read by others"):
        kept(tmp_path, login)()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"issuer": 3}', '{"token": "x"}', "\x00\xff"])
@pytest.mark.parametrize("kind", ["generic", "microsoft", "google"])
def test_a_damaged_file_asks_for_a_new_login(
    kind: str, content: str, tmp_path: Path, stub: Issuer, secret: Secret
) -> None:
    tokens = kept(tmp_path, login_of(kind, stub, secret))
    folder = tmp_path / "tokens"
    folder.mkdir()
    (folder / "office.json").write_text(content, encoding="latin-1")
    (folder / "office.json").chmod(0o600)
    with pytest.raises(NeedsLoginError, match="nobody has logged in yet"):
        tokens()


def test_a_folder_that_cannot_be_written_says_so(
    tmp_path: Path, stub: Issuer, secret: Secret
) -> None:
    (tmp_path / "tokens").write_text("a file in the way")
    with pytest.raises(LoginError, match="cannot be kept in"):
        kept(tmp_path, login_of("generic", stub, secret, app_only=True))()


def test_an_answer_that_belongs_to_another_login_is_refused(stub: Issuer, secret: Secret) -> None:
    for kind in ("generic", "microsoft"):
        way = issuer_of("office", login_of(kind, stub, secret), "").browser("http://localhost:1/")
        with pytest.raises(NeedsLoginError, match="another login"):
            way.finish({"code": "code-1", "state": "forged"})


def test_a_pasted_address_is_as_good_as_a_redirect() -> None:
    assert parameters(" http://localhost:9/?code=a%2Fb&state=s \n") == {"code": "a/b", "state": "s"}


def robot(stub: Issuer, path: Path) -> OAuthLogin:
    return OAuthLogin(
        type="google",
        app_only=True,
        service_account=path,
        token_url=f"{stub.url}/token",
        ca_file=stub.authority,
    )


def test_google_acts_for_the_mailbox_by_a_service_account(tmp_path: Path, stub: Issuer) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    account = {"type": "service_account", "client_email": "robot@firm.example", "private_key_id": 1}
    account |= {"token_uri": f"{stub.url}/token", "private_key": key.decode()}
    path = tmp_path / "robot.json"
    path.write_text(json.dumps(account))
    assert kept(tmp_path, robot(stub, path))() in stub.valid
    claims = stub.asked[0]["assertion"].split(".")[1]
    said = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert (said["sub"], said["scope"]) == ("inbox@example.org", "https://mail.google.com/")


def test_a_key_file_that_is_none_says_so(tmp_path: Path, stub: Issuer) -> None:
    path = tmp_path / "robot.json"
    path.write_text("{}")
    with pytest.raises(LoginError, match="no key of a service account"):
        kept(tmp_path, robot(stub, path))()


def test_the_issuer_must_show_a_certificate_that_verifies(
    tmp_path: Path, stub: Issuer, secret: Secret
) -> None:
    login = login_of("generic", stub, secret, app_only=True)
    with pytest.raises(IssuerError, match="set ca_file"):
        kept(tmp_path, replace(login, ca_file=None))()
    assert kept(tmp_path, login)() in stub.valid


def test_tokens_are_shown_to_servers_as_their_standards_say() -> None:
    def said(mechanism: str) -> str:
        return sasl.initial_response(
            mechanism, username="a,b=c@x.example", token="t", host="imap.x.example", port=993
        )

    assert said("XOAUTH2") == "user=a,b=c@x.example\x01auth=Bearer t\x01\x01"
    assert said("OAUTHBEARER") == (
        "n,a=a=2Cb=3Dc@x.example,\x01host=imap.x.example\x01port=993\x01auth=Bearer t\x01\x01"
    )
    assert sasl.reason(b'{"status":"invalid_token"}') == ""  # an underscore is no word of a status
    assert sasl.reason(b'{"status":"401","schemes":"bearer"}') == "401"
    assert sasl.reason(b"\xff") == ""
