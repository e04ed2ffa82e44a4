"""API keys in the forms that the database stores."""

import base64
import hashlib


def prefix(key: str) -> str:
    """What stands before the key's first dot: how the key is looked up."""
    return key.partition(".")[0]


def sha256_hash(key: str) -> str:
    """The stored form: sha256$ and the hex digest of the whole key."""
    return f"sha256${hashlib.sha256(key.encode()).hexdigest()}"


def pbkdf2_hash(key: str, parameters: str) -> str:
    """The legacy stored form, for parameters pbkdf2_sha256$iterations$salt; costs tens of milliseconds."""
    _, iterations, salt = parameters.split("$")
    digest = hashlib.pbkdf2_hmac("sha256", key.encode(), salt.encode(), max(1, int(iterations)))
    return f"{parameters}${base64.b64encode(digest).decode()}"
