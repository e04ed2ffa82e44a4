"""What a split costs: python -m bench.split [--passports N] [--rounds N]

Three servers as in deploy.split. Calls of answer_request for wallets of 20 stamps, all known, go to the
partition itself and through the front, in turn; then the guard of a score by itself. Each table's rows are
weighed, and a community of N passports moves from the home to the other partition. Prints tables of Markdown.
"""

import argparse
import statistics
import time

import psutil

from bench.cases import Wallets
from bench.cost import Requests
from bench.issuers import issuers
from bench.report import line, title
from deploy.split.move import move
from deploy.split.tables import OF_A_COMMUNITY
from harness.server import OwnServer, service_url_of
from harness.split import Split, split
from harness.world import World

STAMPS = 20
SCORE_AGAIN = "update registry_score set status = status where id = (select max(id) from registry_score)"
# As many more passports as {passport}, which has been scored, each with all that it has.
GROW = """
create temporary table made as
select n, '0x' || lpad(to_hex(n), 40, '0') as address from generate_series(1::bigint, {count}) as n;

insert into ceramic_cache (address, provider, stamp, proof_value)
select m.address, c.provider, c.stamp, c.proof_value from made as m, ceramic_cache as c
where c.address = (select address from registry_passport where id = {passport});

insert into registry_passport (address, community_id) select address, 1 from made order by n;

insert into registry_stamp (passport_id, provider, credential)
select p.id, s.provider, s.credential
from made as m
inner join registry_passport as p on p.address = m.address and p.community_id = 1
cross join registry_stamp as s
where s.passport_id = {passport};

insert into registry_score (
    passport_id, score, status, last_score_timestamp, evidence, stamp_scores, stamps, expiration_date
)
select
    p.id, s.score, s.status, s.last_score_timestamp, s.evidence, s.stamp_scores, s.stamps, s.expiration_date
from made as m
inner join registry_passport as p on p.address = m.address and p.community_id = 1
cross join registry_score as s
where s.passport_id = {passport};

insert into registry_hashscorerlink (hash, address, community_id, expires_at)
select encode(sha256(convert_to(m.n || '.' || i, 'UTF8')), 'base64'), m.address, 1, '2090-01-01Z'
from made as m, generate_series(1, {links}) as i;

insert into registry_event (action, address, data, community_id)
select e.action, m.address, e.data, 1 from made as m, registry_event as e
where e.id = (select max(id) from registry_event where community_id = 1);
"""
# A table by month has its rows in its months.
SIZE = """
select
    coalesce(
        (select sum(pg_total_relation_size(relid)) from pg_partition_tree('{table}')),
        pg_total_relation_size('{table}')
    )::float8,
    count(*)
from {table}
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.split", description=__doc__)
    parser.add_argument("--passports", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--wallets", type=int, default=64)
    arguments = parser.parse_args()
    issuer, legacy = issuers()
    with split(issuer, fsync="on") as pair:
        home = pair.worlds[0]
        for community in (1, 2):
            home.add_community(community)
        wallets = Wallets(home, legacy, arguments.wallets)
        addresses = wallets.filled(STAMPS)
        move(pair.urls, 2, 1)
        pair.catch_up()
        print(calls(pair, wallets.trusted, addresses, arguments.rounds))
        print(guard(pair.worlds[1], arguments.rounds))
        Requests(home, wallets.trusted, service_url_of(home.url)).score(addresses[0])
        ((passport,),) = home.execute("select id from registry_passport where community_id = 1")
        ((links,),) = home.execute("select count(*) from registry_hashscorerlink")
        home.execute(GROW.format(count=arguments.passports - 1, passport=passport, links=links))
        pair.catch_up()
        print(sizes(pair))
        start = time.monotonic()
        moved = sum(move(pair.urls, 1, 1).values())
        seconds = time.monotonic() - start
        print(title("passports", "rows", "seconds", "rows/s"))
        print(line(f"{arguments.passports:,}", f"{moved:,}", f"{seconds:.1f}", f"{moved / seconds:,.0f}"))


def calls(pair: Split, trusted: list[str], addresses: list[str], rounds: int) -> str:
    """Milliseconds of a call to the partition and through the front."""
    ways = {
        "the partition": Requests(pair.worlds[1], trusted, service_url_of(pair.worlds[1].url)),
        "through the front": Requests(pair.worlds[1], trusted, pair.service_url),
    }
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for address in addresses:
        for requests in ways.values():
            requests.score(address, 2)
    servers = (pair.partitions[1], pair.front)
    before = [processor_seconds(server) for server in servers]
    for round_ in range(rounds):
        for way, requests in ways.items():
            taken[way].append(requests.score(addresses[round_ % len(addresses)], 2)[0] * 1000)
    used = [processor_seconds(server) - seconds for server, seconds in zip(servers, before, strict=True)]
    taken["apart"] = [there - here for here, there in zip(*taken.values(), strict=True)]
    # The partition answers both ways.
    processor = (used[0] / 2, used[0] / 2 + used[1], used[1])
    lines = [title("calls", "median ms", "processor ms of PostgreSQL")]
    for (way, times), seconds in zip(taken.items(), processor, strict=True):
        lines.append(line(way, f"{statistics.median(times):.2f}", f"{seconds / rounds * 1000:.2f}"))
    return "\n".join(lines)


def guard(world: World, rounds: int) -> str:
    """What the guard of each score takes in a partition, as the server counts it: median ms."""
    taken = []
    for _ in range(rounds):
        (((plan,),),) = world.execute(f"explain (analyze, format json) {SCORE_AGAIN}")
        taken += [t["Time"] for t in plan["Triggers"] if t["Trigger Name"] == "guard_home"]
    return "\n".join([title("the guard of a score", "ms"), line("median", f"{statistics.median(taken):.3f}")])


def processor_seconds(server: OwnServer) -> float:
    """What a server's processes have used so far."""
    postmaster = psutil.Process(int((server.data / "postmaster.pid").read_text().split()[0]))
    times = [process.cpu_times() for process in (postmaster, *postmaster.children())]
    return sum(t.user + t.system for t in times)


def sizes(pair: Split) -> str:
    """Bytes of a row of each table with its indexes."""
    lines = [title("table", "rows", "bytes a row")]
    for table in ("ceramic_cache", *OF_A_COMMUNITY):
        pair.worlds[0].execute(f"vacuum {table}")
        ((size, count),) = pair.worlds[0].execute(SIZE.format(table=table))
        lines.append(line(table, f"{count:,}", f"{size / count:,.0f}"))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
