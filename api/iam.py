"""Signing in at a database by IAM: instead of a password a token, signed with the credentials of the process.
By hand: importing AWS's client library would double a cold start."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote, urlencode, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "rds-db"
# A token is looked at when a connection opens, and never again.
VALID_SECONDS = 900
# The credentials' place is on this machine.
CREDENTIALS_SECONDS = 2


class Credentials(NamedTuple):
    """What AWS knows the process by."""

    key_id: str
    secret: str
    session: str = ""


def token(host: str, port: str, user: str, region: str, credentials: Credentials, at: datetime) -> str:
    """The password of a user of the database at host and port, valid from that time (UTC) on: a presigned
    request in Signature Version 4, as RDS defines it."""
    day, time = f"{at:%Y%m%d}", f"{at:%Y%m%dT%H%M%SZ}"
    scope = f"{day}/{region}/{SERVICE}/aws4_request"
    parameters = {
        "Action": "connect",
        "DBUser": user,
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{credentials.key_id}/{scope}",
        "X-Amz-Date": time,
        "X-Amz-Expires": str(VALID_SECONDS),
        "X-Amz-SignedHeaders": "host",
    }
    if credentials.session:
        parameters["X-Amz-Security-Token"] = credentials.session
    query = urlencode(sorted(parameters.items()), quote_via=quote, safe="-_.~")
    request = f"GET\n/\n{query}\nhost:{host}:{port}\n\nhost\n{sha256('')}"
    signature = f"AWS4{credentials.secret}".encode()
    for part in (day, region, SERVICE, "aws4_request", f"{ALGORITHM}\n{time}\n{scope}\n{sha256(request)}"):
        signature = hmac.digest(signature, part.encode(), "sha256")
    return f"{host}:{port}/?{query}&X-Amz-Signature={signature.hex()}"


def sha256(text: str) -> str:
    """Its hexadecimal digest."""
    return hashlib.sha256(text.encode()).hexdigest()


def credentials(environ: Mapping[str, str]) -> Credentials:
    """Those of a function or a container: from the environment, else from the place on this machine that the
    environment names, as for a function with SnapStart. Raises OSError."""
    if key_id := environ.get("AWS_ACCESS_KEY_ID"):
        return Credentials(
            key_id, environ.get("AWS_SECRET_ACCESS_KEY", ""), environ.get("AWS_SESSION_TOKEN", "")
        )
    # Imported where it is needed. With SnapStart Lambda's runtime has done so before the snapshot is taken.
    from http.client import HTTPConnection

    place = urlsplit(environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI", ""))
    if place.scheme != "http" or not place.netloc:
        raise OSError("the environment names no AWS credentials")
    password = environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
    with closing(HTTPConnection(place.netloc, timeout=CREDENTIALS_SECONDS)) as connection:
        connection.request(
            "GET", place._replace(scheme="", netloc="").geturl(), headers={"Authorization": password}
        )
        response = connection.getresponse()
        if response.status != 200:
            raise OSError(f"AWS gives no credentials: {response.status} {response.reason}")
        given = json.load(response)
    return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["Token"])
