"""Shows a move: makes a small database of the existing service, adopts it, answers on it, and leaves.

python -m local.adopt_demo
"""

import tempfile
from pathlib import Path

import psycopg

from api import keys
from api.app import create_app
from api.settings import Settings
from db import adopt_plan
from db.adopt import adopt
from db.leave import leave
from db.snapshot import dump
from local import demo, existing, postgres
from local.issuer import Issuer

HISTORY = """
select e.address, e.action, e.data #>> '{fields,evidence,rawScore}'
from public.registry_event as e
order by e.id
"""


def main() -> None:
    issuer = Issuer.ethereum()
    with tempfile.TemporaryDirectory() as folder, postgres.server(Path(folder) / "data") as url:
        fill(url, issuer)
        before = dump(url, postgres.programs(), "public")
        print(f"An existing database: {len(existing.tables())} tables, {len(demo.STAMPS)} wallets.\n")
        plan = adopt_plan.lines(None)
        print(f"make adopt ARGS=--plan    {len(plan)} lines, the last of which are:")
        print("\n".join(f"    {line}" for line in plan[-4:-1]))
        print(f"\nmake adopt                {adopt(url)}\n")
        client = create_app(Settings(url, frozenset([issuer.did]))).test_client()
        for address in demo.STAMPS:
            path = f"/v2/stamps/{demo.COMMUNITY}/score/{address}"
            answer = client.get(path, headers={"X-API-Key": demo.KEY})
            print(f"GET {path}\n    {answer.status_code} {answer.text}")
        with psycopg.connect(url) as connection:
            print("\nThe existing service reads in its own tables:")
            for address, action, score in connection.execute(HISTORY):
                print(f"    {address} {action} {score or ''}".rstrip())
        print(f"\nmake leave                {leave(url)}")
        same = dump(url, postgres.programs(), "public") == before
        print(f"The existing schema is {'as it was, to the byte' if same else 'not as it was'}.")


def fill(url: str, issuer: Issuer) -> None:
    """The existing service's tables, with the demo's community, key and wallets."""
    with psycopg.connect(url) as connection:
        existing.create(connection)
        existing.add_account(connection, 1)
        existing.add_key(connection, 1, keys.prefix(demo.KEY), keys.sha256_hash(demo.KEY))
        existing.add_scorer(connection, 1, demo.WEIGHTS, demo.THRESHOLD)
        existing.add_community(connection, demo.COMMUNITY, scorer=1)
        for address, stamps in demo.STAMPS.items():
            for provider, nullifiers in stamps.items():
                existing.put(connection, address, issuer.credential(address, provider, nullifiers))


if __name__ == "__main__":
    main()
