"""The web session asks politely, gives up in words, and never leaves the declared address."""

import contextlib
import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from old_system import Asked, OldSystem, Reply, as_json, context, running

from connectors.base import ChannelError, RetryError, RunError
from connectors.http import Anonymous, Bearer, TooLarge, WebSession
from schemas.web_sources import Politeness


def session(url: str, address: str | None = None, secrets: tuple[str, ...] = (), **politeness: object) -> WebSession:
    polite = Politeness.model_validate({"per_second": 1000, "timeout_seconds": 2, "retries": 1} | politeness)
    return WebSession(url, polite, context(address=address), Anonymous(), wants="application/json", secrets=secrets)


def in_turn(*replies: Reply) -> Callable[[Asked], Reply]:
    left = list(replies)
    return lambda asked: left.pop(0) if len(left) > 1 else left[0]


def get(system: OldSystem, **politeness: object) -> bytes:
    with session(system.url, **politeness) as web:
        return web.get(web.at("/x")).body


def test_a_system_that_is_busy_is_asked_again_after_the_pause_it_asks_for() -> None:
    with running(in_turn(Reply(status=429, headers={"Retry-After": "1"}), Reply(b"ok"))) as system:
        assert get(system) == b"ok"
        assert system.asked[1].at - system.asked[0].at >= 1.0


def test_a_pause_may_be_asked_for_by_date() -> None:
    later = formatdate(time.time() + 2, usegmt=True)
    with running(in_turn(Reply(status=503, headers={"Retry-After": later}), Reply(b"ok"))) as system:
        assert get(system) == b"ok"
        assert system.asked[1].at - system.asked[0].at > 0.5


def test_a_pause_that_is_nonsense_is_not_waited_for() -> None:
    with running(in_turn(Reply(status=503, headers={"Retry-After": "soon"}), Reply(b"ok"))) as system:
        assert get(system) == b"ok"


def test_a_pause_of_hours_is_left_to_another_run() -> None:
    with running(in_turn(Reply(status=429, headers={"Retry-After": "7200"}))) as system:
        with pytest.raises(RetryError, match="come back in 7200 s"):
            get(system)
        assert len(system.asked) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_system_that_stumbles_is_asked_again(status: int) -> None:
    with running(in_turn(Reply(status=status), Reply(b"ok"))) as system:
        assert get(system) == b"ok"


def test_a_system_that_stays_down_is_a_reason_to_retry_later() -> None:
    with running(in_turn(Reply(status=503))) as system:
        with pytest.raises(RetryError, match=rf"{system.url}: answers 503 \(asked 3 times\)"):
            get(system, retries=2)
        assert len(system.asked) == 3


def test_pauses_grow_from_attempt_to_attempt() -> None:
    with running(in_turn(Reply(status=503))) as system:
        with pytest.raises(RetryError):
            get(system, retries=2)
        first, second = (b.at - a.at for a, b in zip(system.asked, system.asked[1:], strict=False))
        assert second > first + 0.5


def test_silence_is_a_time_out() -> None:
    def slow(asked: Asked) -> Reply:
        time.sleep(0.6)
        return Reply(b"late")

    with running(slow) as system, pytest.raises(RetryError, match=r"does not answer within 0\.2 s"):
        get(system, timeout_seconds=0.2)


def test_nobody_listening_is_a_reason_to_retry_later() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with session(url) as web, pytest.raises(RetryError, match=rf"{url}: cannot be reached"):
            web.get(web.at("/x"))


def test_a_body_that_is_cut_off_is_asked_for_again() -> None:
    short = Reply(b"only this", headers={"Content-Length": "1000"})
    with running(in_turn(short, Reply(b"whole"))) as system:
        assert get(system) == b"whole"


def test_a_packed_body_is_unpacked() -> None:
    packed = Reply(gzip.compress(b"halo"), headers={"Content-Encoding": "gzip"})
    with running(in_turn(packed)) as system:
        assert get(system) == b"halo"


def test_a_packed_body_that_is_garbled_is_asked_for_again() -> None:
    garbled = Reply(b"no gzip at all", headers={"Content-Encoding": "gzip"})
    with running(in_turn(garbled, Reply(b"whole"))) as system:
        assert get(system) == b"whole"


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_names_the_secret_to_check(status: int) -> None:
    with running(in_turn(Reply(status=status))) as system:
        with session(system.url, secrets=("SIGAP_TOKEN",)) as web, pytest.raises(ChannelError, match="SIGAP_TOKEN"):
            web.get(web.at("/x"))
        assert len(system.asked) == 1


def test_a_path_that_is_not_there_stops_the_channel() -> None:
    with (
        running(in_turn(Reply(status=404))) as system,
        pytest.raises(ChannelError, match="answers 404; check the path"),
    ):
        get(system)


def test_a_status_that_is_expected_is_an_answer() -> None:
    with running(in_turn(Reply(b"gone", status=404))) as system, session(system.url) as web:
        answer = web.get(web.at("/x"), accept={404})
        assert (answer.status, answer.body) == (404, b"gone")


@pytest.mark.parametrize("reply", [Reply(status=503), Reply(b"cut", headers={"Content-Length": "1000"})])
def test_a_form_is_never_sent_twice(reply: Reply) -> None:
    with running(in_turn(reply)) as system:
        with session(system.url, retries=5) as web, pytest.raises(RetryError):
            web.post(web.at("/login"), {"a": "b"})
        assert len(system.asked) == 1


def test_a_redirect_on_the_host_is_followed_and_named() -> None:
    with running(in_turn(Reply(status=302, headers={"Location": "/y?z=1"}), Reply(b"ok"))) as system:
        with session(system.url) as web:
            answer = web.get(web.at("/x"))
        assert answer.url == f"{system.url}/y?z=1"
        assert answer.origin == {"method": "GET", "url": answer.url, "status": "200", "content_type": ""}


@pytest.mark.parametrize(
    "where", ["http://127.0.0.2:{port}/x", "http://127.0.0.1:1/x", "https://127.0.0.1:{port}/x", "//a.b/"]
)
def test_a_redirect_that_leaves_the_declared_place_is_not_followed(where: str) -> None:
    with running(lambda asked: Reply(b"stolen")) as other:
        location = where.format(port=other.url.rpartition(":")[2])
        astray = in_turn(Reply(status=302, headers={"Location": location}))
        with running(astray) as system, pytest.raises(ChannelError, match="leads away"):
            get(system)
        assert other.asked == []


def test_redirects_in_a_circle_end() -> None:
    with running(in_turn(Reply(status=302, headers={"Location": "/x"}))) as system:
        with pytest.raises(ChannelError, match="in a circle"):
            get(system)
        assert len(system.asked) < 10


def test_requests_are_spaced() -> None:
    with running(in_turn(Reply(b"ok"))) as system:
        with session(system.url, per_second=10) as web:
            for _ in range(4):
                web.get(web.at("/x"))
        gaps = [b.at - a.at for a, b in zip(system.asked, system.asked[1:], strict=False)]
        assert min(gaps) > 0.08


def test_the_budget_counts_every_attempt() -> None:
    with running(in_turn(Reply(status=503), Reply(b"ok"))) as system:
        with session(system.url, max_requests=2) as web:
            web.get(web.at("/x"))
            with pytest.raises(ChannelError, match=r"more than 2 requests; raise politeness\.max_requests"):
                web.get(web.at("/x"))
        assert len(system.asked) == 2


def test_we_say_who_we_are() -> None:
    with running(in_turn(Reply(b"ok"))) as system:
        get(system, contact="diskominfo@kota.go.id.example\nX-Bad: 1")
        agent = system.asked[0].headers["User-Agent"]
        assert agent.startswith("satukanal/")
        assert agent.endswith("(+diskominfo@kota.go.id.example X-Bad: 1)")


def test_an_address_given_for_the_run_replaces_scheme_host_and_port() -> None:
    with running(in_turn(as_json({}))) as system, session("https://sigap.example.go.id/api/v1", system.url) as web:
        web.get(web.at("/laporan", {"page": "2", "q": "a b"}))
        assert system.asked[0].path == "/api/v1/laporan"
        assert system.asked[0].query == {"page": "2", "q": "a b"}


@pytest.mark.parametrize("address", ["sigap", "ftp://a", "http://", "http://a:b@c", "http://a:x"])
def test_an_address_for_the_run_that_is_none_stops_the_run(address: str) -> None:
    with pytest.raises(RunError, match="no"):
        session("http://a", address)


def test_a_password_in_the_address_is_refused_and_not_shown() -> None:
    with pytest.raises(ChannelError) as refused:
        session("https://admin:hunter2@sigap.example.go.id")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("token", ["", " ", "satu\ndua", "tökén"])
def test_a_token_that_cannot_be_sent_is_named_and_not_shown(token: str) -> None:
    with pytest.raises(ChannelError, match="secret SIGAP_TOKEN: is no token") as refused:
        Bearer("SIGAP_TOKEN", token)
    assert not token.strip() or token not in str(refused.value)


def test_an_untrusted_certificate_stops_the_channel(tmp_path: Path) -> None:
    """Against a real TLS server with a certificate of nobody's."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = tmp_path / "server.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                try:
                    tls.wrap_socket(peer, server_side=True)
                except OSError:
                    return  # the client hung up, as it should

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        with session(url) as web, pytest.raises(ChannelError, match="certificate is not trusted"):
            web.get(web.at("/x"))
        thread.join(5)


def test_an_answer_that_trickles_for_ever_is_given_up() -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        with contextlib.suppress(OSError):
            for _ in range(1000):
                connection.sendall(b"x")
                time.sleep(0.05)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=lambda: drip(server.accept()[0]), daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(RetryError, match=r"does not answer within 0\.2 s"):
            get(OldSystem(url, []), timeout_seconds=0.2, retries=0)
        assert time.monotonic() - began < 10


def test_an_answer_larger_than_wanted_is_not_read_to_its_end() -> None:
    polite = Politeness.model_validate({"per_second": 1000, "retries": 0})
    with running(in_turn(Reply(bytes(1_000_000)))) as system:
        web = WebSession(system.url, polite, context(), Anonymous(), wants="*/*", most_bytes=100_000)
        with web, pytest.raises(TooLarge):
            web.get(web.at("/x"))
