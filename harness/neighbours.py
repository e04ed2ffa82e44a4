"""Wallets of which every two neighbours hold a stamp with the same nullifier."""

from harness.invariants import watch
from harness.world import World

WALLETS = [f"0x{number:040x}" for number in range(6)]


def fill(world: World) -> World:
    """Wallets with two stamps each, of which they share one with a neighbour."""
    watch(world.connection)
    for number, address in enumerate(WALLETS):
        world.put_valid(address, "Github", f"v0:own{number}")
        world.put_valid(address, "Ens", f"v0:shared{number // 2}")
    return world
