"""How the service reaches its database: what it asks for by default, and TLS against a real certificate."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from api import connection
from api.connection import conninfo
from api.database import Database, Unavailable
from harness.pooler import pooled
from harness.service import free_port

# An address of this machine that is not among those that count as such.
ELSEWHERE = "127.0.0.2"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://db.example/scorer",
        "postgresql:///scorer",
        "postgresql:///scorer?service=prod",
        "postgresql://localhost,db.example/scorer",
        "postgresql:///scorer?host=localhost&hostaddr=10.0.0.1",
        "host=db.example",
    ],
)
def test_the_server_must_prove_who_it_is(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLMODE", "disable")
    monkeypatch.setattr(connection, "AUTHORITIES", ("/nowhere", __file__, "/dev/null"))
    parameters = conninfo_to_dict(conninfo(url))
    assert (parameters["sslmode"], parameters["sslrootcert"]) == ("verify-full", __file__)


def test_a_system_without_authorities_trusts_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "AUTHORITIES", ("/nowhere",))
    parameters = conninfo_to_dict(conninfo("postgresql://db.example/scorer"))
    assert (parameters["sslmode"], parameters["sslrootcert"]) == ("verify-full", "system")


@pytest.mark.parametrize(
    "url", ["postgresql://localhost/scorer", "postgresql://[::1]/scorer", "host=127.0.0.1 dbname=scorer"]
)
def test_loopback_needs_no_tls(url: str) -> None:
    assert "sslmode" not in conninfo_to_dict(conninfo(url))


def test_the_url_decides() -> None:
    parameters = conninfo_to_dict(conninfo("postgresql://db/scorer?sslmode=require&connect_timeout=1"))
    assert (parameters["sslmode"], parameters["connect_timeout"]) == ("require", "1")
    assert "sslrootcert" not in parameters
    parameters = conninfo_to_dict(conninfo("postgresql://db/scorer?sslrootcert=/ca.pem"))
    assert (parameters["sslmode"], parameters["sslrootcert"]) == ("verify-full", "/ca.pem")


def test_a_silent_host_is_given_up() -> None:
    assert {"connect_timeout", "tcp_user_timeout", "keepalives_idle"} <= set(
        conninfo_to_dict(conninfo("postgresql://db/scorer"))
    )


@pytest.fixture
def certificate(tmp_path: Path, server: str) -> Path:
    """A certificate for ELSEWHERE that signs itself, with its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, ELSEWHERE)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(ELSEWHERE))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    # Where the server's user, who runs the pooler, can read it.
    folder = Path(str(conninfo_to_dict(server)["host"])).parent
    folder.chmod(0o755)
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    (folder / "key.pem").chmod(0o644)
    path = folder / "certificate.pem"
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def encrypted(database_url: str, certificate: Path) -> Iterator[str]:
    """A URL of the database on another host that speaks TLS, if asked to, under the certificate."""
    port = free_port()
    with pooled(
        database_url,
        listen_addr=ELSEWHERE,
        listen_port=port,
        client_tls_sslmode="allow",
        client_tls_cert_file=certificate,
        client_tls_key_file=certificate.with_name("key.pem"),
    ) as url:
        yield make_conninfo(url, host=ELSEWHERE)


@pytest.mark.parametrize("authorities", [connection.AUTHORITIES, ()])
def test_an_unknown_certificate_is_refused(
    encrypted: str, authorities: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "AUTHORITIES", authorities)
    with pytest.raises(Unavailable, match="certificate verify failed"):
        Database(encrypted).ask_for_nobody()


def test_a_known_certificate_is_accepted(
    encrypted: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Database(make_conninfo(encrypted, sslrootcert=str(certificate))).ask_for_nobody()
    monkeypatch.setattr(connection, "AUTHORITIES", ("/nowhere", str(certificate)))
    Database(encrypted).ask_for_nobody()
    with psycopg.connect(conninfo(encrypted)) as session:
        assert session.pgconn.ssl_in_use


def test_a_certificate_of_another_host_is_refused(encrypted: str, certificate: Path) -> None:
    url = make_conninfo(encrypted, host="db.example", hostaddr=ELSEWHERE, sslrootcert=str(certificate))
    with pytest.raises(Unavailable, match="does not match host name"):
        Database(url).ask_for_nobody()


def test_plain_text_takes_a_word_in_the_url(database_url: str) -> None:
    port = free_port()
    with pooled(database_url, listen_addr=ELSEWHERE, listen_port=port) as url:
        elsewhere = make_conninfo(url, host=ELSEWHERE)
        with pytest.raises(Unavailable, match="does not support SSL"):
            Database(elsewhere).ask_for_nobody()
        Database(make_conninfo(elsewhere, sslmode="disable")).ask_for_nobody()
