"""A service, asked over HTTP."""

import http.client
import shlex
import ssl
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from compare.errors import CannotRun
from compare.sides import Answer
from compare.wallets import Wallet

# A service that takes longer has not answered.
ANSWER_SECONDS = 30
# What a path may hold as it is; a log holds it encoded already.
PATH = "/%:@-._~!$&'()*+,;="


@dataclass(frozen=True)
class Service:
    """A service by its URL; key_name is the environment variable of its key."""

    url: str
    key_name: str
    key: str

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
        except ValueError:
            usable = False
        if not usable or parts.username or parts.query or parts.fragment:
            raise CannotRun("Give a service as http://host:port or https://host, without a user or a query.")

    @property
    def name(self) -> str:
        return self.url.rstrip("/")

    def connect(self) -> "KeptOpen":
        return KeptOpen(self.url, self.key)

    def versions(self) -> dict[str, str]:
        connection = self.connect()
        try:
            response = connection.send("/health")
            response.read()
            return {"Server": response.getheader("Server") or "not said"}
        except (OSError, http.client.HTTPException) as error:
            raise CannotRun(f"{self.name} does not answer: {reason(error)}.") from None
        finally:
            connection.close()

    def command(self, wallet: Wallet) -> str:
        return f'curl -i -H "X-API-Key: ${self.key_name}" {shlex.quote(self.name + quote(wallet.path, PATH))}'


class KeptOpen:
    """One connection to a service, opened anew where the service has closed it."""

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        self._prefix = parts.path.rstrip("/")
        self._client: http.client.HTTPConnection = (
            http.client.HTTPSConnection(
                host, parts.port, timeout=ANSWER_SECONDS, context=ssl.create_default_context()
            )
            if parts.scheme == "https"
            else http.client.HTTPConnection(host, parts.port, timeout=ANSWER_SECONDS)
        )
        self._headers = {"X-API-Key": key, "Accept": "application/json"}

    def ask(self, wallet: Wallet) -> Answer:
        try:
            response = self.send(wallet.path)
            return Answer(response.status, response.read())
        except (OSError, http.client.HTTPException) as error:
            self._client.close()
            return Answer(None, fault=reason(error))

    def send(self, path: str) -> http.client.HTTPResponse:
        """The response, its body unread. A connection that was open already may have been closed for being
        idle, which shows when it is used: then, once, another is opened."""
        for is_last in (self._client.sock is None, True):
            try:
                self._client.request("GET", self._prefix + quote(path, PATH), headers=self._headers)
                return self._client.getresponse()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self._client.close()
                if is_last:
                    raise
        raise AssertionError("unreachable")

    def close(self) -> None:
        self._client.close()


def reason(error: Exception) -> str:
    """An error in a few words; its own text might repeat what was sent."""
    if isinstance(error, TimeoutError):
        return f"no answer within {ANSWER_SECONDS} s"
    return getattr(error, "strerror", None) or type(error).__name__
