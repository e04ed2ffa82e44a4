"""Shows a comparison: an existing service, here a copy of ours that is wrong in a few ways, and our function
as a dry run on its database.

python -m compare.demo
"""

import json
import logging
import os
import tempfile
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from api import keys
from api.app import create_app
from api.settings import Settings
from compare.arguments import FOLDER, parser
from compare.command import compare
from compare.faulty import faulty, served
from db.adopt import adopt
from local import demo, existing, postgres
from local.issuer import Issuer

WALLETS = 300
PROVIDERS = {"Github": "2.25", "Google": "1.0", "Ens": "3", "Linkedin": "0.123456", "Discord": "0.5"}


def main() -> None:
    issuer = Issuer.ethereum()
    with tempfile.TemporaryDirectory() as folder, postgres.server(Path(folder) / "data") as url:
        print(f"An existing database: {WALLETS} wallets. Signing their credentials ...")
        addresses = fill(url, issuer)
        print(f"make adopt    {adopt(url)}")
        with psycopg.connect(url) as connection:
            connection.execute("create role compare login in role scorer_api")
        login = make_conninfo(url, user="compare")
        settings = Settings(login, frozenset([issuer.did]))
        listed = Path(folder) / "wallets.csv"
        listed.write_text("".join(f"{demo.COMMUNITY},{address}\n" for address in addresses))
        with served(faulty(create_app(settings), changed)) as primary:
            environment = os.environ | {
                "PRIMARY_API_KEY": demo.KEY,
                "CANDIDATE_API_KEY": "",
                "DATABASE_URL": login,
                "TRUSTED_IAM_ISSUERS": json.dumps([issuer.did]),
            }
            print(f'make compare ARGS="--primary {primary} --candidate dry-run {listed.name}"\n')
            arguments = ["--primary", primary, "--candidate", "dry-run", "--rate", "100", str(listed)]
            arguments += ["--out", str(Path(FOLDER) / "demo"), "--limit", "900"]
            compare(parser().parse_args(arguments), environment)


def changed(path: str, status: int, body: Any) -> tuple[int, Any]:
    """What is wrong with the existing service of the demo; by the last two digits of the wallet."""
    if status != 200 or "stamps" not in body:
        return status, body
    match path[-2:]:
        case "07":
            return 500, {"detail": "Unexpected error while submitting passport"}
        case "11":
            zoned = json.dumps(body).replace("+00:00", "Z")
            return status, json.loads(zoned)
        case "22" if "Ens" in body["stamps"]:
            left = {name: stamp for name, stamp in body["stamps"].items() if name != "Ens"}
            score = float(body["score"]) - float(body["stamps"]["Ens"]["score"])
            return status, body | {"stamps": left, "score": f"{score:.5f}", "passing_score": score >= 2.5}
        case "42":
            return status, body | {"score": None, "stamps": {}, "error": "KeyError: 'expirationDate'"}
    return status, body


def fill(url: str, issuer: Issuer) -> list[str]:
    """The existing service's tables, with wallets of one to five stamps; every tenth holds accounts that the
    one before it holds too."""
    addresses = [f"0x{0xC0FFEE:06x}{number:034x}" for number in range(WALLETS)]
    with psycopg.connect(url) as connection:
        existing.create(connection)
        existing.add_account(connection, 1)
        existing.add_key(connection, 1, keys.prefix(demo.KEY), keys.sha256_hash(demo.KEY))
        existing.add_scorer(connection, 1, PROVIDERS, demo.THRESHOLD)
        existing.add_community(connection, demo.COMMUNITY, scorer=1)
        for number, address in enumerate(addresses):
            for provider in [*PROVIDERS][number % 4 :]:
                holder = number - 1 if number % 10 == 9 else number
                nullifiers = [f"v1:{provider}{holder}"]
                existing.put(connection, address, issuer.credential(address, provider, nullifiers))
    return addresses


if __name__ == "__main__":
    logging.getLogger("api").addHandler(logging.NullHandler())
    main()
