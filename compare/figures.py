"""What a comparison came to, as figures: of which the report and the exit status are made."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import groupby
from typing import Any

from compare.errors import CannotRun
from compare.rules import QUANTILES, Rules
from compare.sides import Side
from compare.state import State
from compare.wallets import Wallet

# Wallets that are shown of each cause, and flips.
SAMPLES = 3
FLIPS = 20
# Fields that are listed.
FIELDS = 60
SLOWER = "candidate slower"
SIDES = ("primary", "candidate")
# The field that differs by when it was asked for.
SCORED_AT = "last_score_timestamp"
# Bars of the picture for a factor of two of time.
BINS = 3

DIFFERENCES = """
select w.id, w.scorer_id, w.address, d.field, d.cause, d.primary_value, d.candidate_value, d.is_noise
from difference as d inner join wallet as w on w.id = d.wallet_id
order by w.id, d.rowid
"""

QUANTILE = {
    (side, start): f"select {side}_{start} from wallet where outcome = 'compared' order by 1"  # noqa: S608
    for side in SIDES
    for start in ("due", "sent")
}


@dataclass
class Tally:
    """Of a cause or a field: wallets by what becomes of the difference, and some of them."""

    wallets: Counter[str] = field(default_factory=Counter)
    samples: list[int] = field(default_factory=list)


@dataclass
class Seen:
    """What one pass over all differences finds."""

    wallets: Counter[str] = field(default_factory=Counter)
    causes: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    fields: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    rules: Counter[int] = field(default_factory=Counter)


def of(state: State, rules: Rules, primary: Side, candidate: Side, is_timed: bool) -> dict[str, Any]:
    """All figures. is_timed: whether the times of the two may be compared. Raises CannotRun where nothing
    could be compared."""
    outcomes = dict(state.rows("select outcome, count(*) from wallet group by outcome"))
    compared = outcomes.get("compared", 0)
    if not compared and not outcomes.get("error"):
        raise CannotRun("No wallet could be compared.")
    if outcomes.get("not_had", 0) > compared:
        raise CannotRun(
            "Most wallets were not had within the limit: raise --limit, or --resume at a quieter time."
        )
    ((scored,),) = state.rows(
        "select count(*) from wallet where primary_status = 200 and candidate_status = 200"
    )
    state.settle()
    seen = pass_over(state, rules)
    differing = seen.wallets.total()
    if not scored and not seen.wallets["unexplained"] and not outcomes.get("error"):
        raise CannotRun("No wallet was scored by both: two that refuse the same agree on nothing.")
    times = times_of(state)
    slower = [
        {"quantile": name, "from": start, "ratio": times[start][name]["ratio"], "limit": rules.times[name]}
        for name in QUANTILES
        for start in ("due", "sent")
        if is_timed
        and name in rules.times
        and times[start]
        and times[start][name]["ratio"] > rules.times[name]
    ]
    verdict = {
        "asked": compared + outcomes.get("error", 0) + outcomes.get("not_had", 0),
        "equal": compared - differing,
        "explained": seen.wallets["explained"],
        "noise": seen.wallets["noise"],
        "unexplained": seen.wallets["unexplained"],
        "errors": outcomes.get("error", 0),
        "not_had": outcomes.get("not_had", 0),
        "left": outcomes.get(None, 0),
        "scored_by_both": scored,
        "flips": next(state.rows("select count(*) from wallet where is_flip"))[0],
    }
    verdict["agrees"] = not (verdict["unexplained"] or verdict["errors"] or slower)
    so_far = "So far they" if verdict["left"] else "They"
    verdict["headline"] = f"{so_far} {'agree' if verdict['agrees'] else 'differ'}"
    shown = Samples(state, primary, candidate)
    return {
        "verdict": verdict,
        "flips": [shown.of(id_) for (id_,) in state.rows(
            "select w.id from wallet as w where w.is_flip order by w.id limit ?", FLIPS
        )],
        "causes": [
            {"cause": cause, **counts(tally), "samples": [shown.of(id_) for id_ in tally.samples]}
            for cause, tally in ranked(seen.causes)
        ],
        "fields": [{"field": name, **counts(tally)} for name, tally in ranked(seen.fields)[:FIELDS]],
        "fields_left_out": max(0, len(seen.fields) - FIELDS),
        "statuses": [
            {"primary": there, "candidate": here, "wallets": count}
            for there, here, count in state.rows(
                "select primary_status, candidate_status, count(*) from wallet where outcome = 'compared'"
                " group by 1, 2 order by 3 desc"
            )
        ],
        "faults": [
            {"fault": fault, "wallets": count}
            for fault, count in state.rows(
                "select fault, count(*) from wallet where fault <> '' group by 1 order by 2 desc limit 20"
            )
        ],
        "times": times,
        "slower": slower,
        "picture": histogram(state),
        "rules": {
            "source": rules.source,
            "times": dict(rules.times) if is_timed else {},
            "rules": [
                {"accepts": rule.text, "reason": rule.reason, "differences": seen.rules[number]}
                for number, rule in enumerate(rules.rules)
            ],
        },
    }  # fmt: skip


def pass_over(state: State, rules: Rules) -> Seen:
    """Reads every difference once. A wallet is unexplained where one of its differences is; else explained
    where one is accepted; else noise."""
    seen = Seen()
    with_bodies = {id_ for (id_,) in state.rows("select wallet_id from sample")}
    for id_, found in groupby(state.rows(DIFFERENCES), key=lambda row: row[0]):
        fates: Counter[str] = Counter()
        by_cause: defaultdict[str, set[str]] = defaultdict(set)
        for _, scorer_id, address, name, cause, there, here, is_noise in found:
            number = next(
                (
                    number
                    for number, rule in enumerate(rules.rules)
                    if rule.accepts(
                        cause=cause,
                        field=name,
                        primary=there,
                        candidate=here,
                        scorer=scorer_id,
                        address=address,
                    )
                ),
                None,
            )
            fate = "noise" if is_noise else "unexplained" if number is None else "explained"
            if number is not None and not is_noise:
                seen.rules[number] += 1
            fates[fate] += 1
            by_cause[cause].add(fate)
            seen.fields[name].wallets[fate] += 1
        for cause, its in by_cause.items():
            tally = seen.causes[cause]
            tally.wallets[worst(its)] += 1
            if id_ in with_bodies and len(tally.samples) < SAMPLES:
                tally.samples.append(id_)
        seen.wallets[worst(fates)] += 1
    return seen


def worst(fates: Any) -> str:
    return next(fate for fate in ("unexplained", "explained", "noise") if fate in fates)


def ranked(tallies: dict[str, Tally]) -> list[tuple[str, Tally]]:
    return sorted(
        tallies.items(), key=lambda item: (-item[1].wallets["unexplained"], -item[1].wallets.total(), item[0])
    )


def counts(tally: Tally) -> dict[str, int]:
    return {fate: tally.wallets[fate] for fate in ("unexplained", "explained", "noise")}


def times_of(state: State) -> dict[str, dict[str, dict[str, float]]]:
    """Milliseconds by start (due: planned to be sent; sent) and quantile, and the candidate's over the
    primary's."""
    ((count,),) = state.rows("select count(*) from wallet where outcome = 'compared'")
    found: dict[str, dict[str, dict[str, float]]] = {"due": {}, "sent": {}}
    for start in found if count else ():
        for name in QUANTILES:
            offset = math.ceil(int(name[1:]) / 100 * count) - 1
            there, here = (
                next(state.rows(f"{QUANTILE[side, start]} limit 1 offset ?", offset))[0] * 1000
                for side in SIDES
            )
            found[start][name] = {"primary": there, "candidate": here, "ratio": here / max(there, 1e-3)}
    return found


def histogram(state: State) -> list[dict[str, float]]:
    """How many answers took so long, from when they were planned to be sent; bars from and to milliseconds,
    on a logarithmic scale."""
    bars: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
    for times in state.rows("select primary_due, candidate_due from wallet where outcome = 'compared'"):
        for side, seconds in enumerate(times):
            bars[math.floor(math.log2(max(seconds * 1000, 0.1)) * BINS)][side] += 1
    return [
        {
            "from": 2 ** (number / BINS),
            "to": 2 ** ((number + 1) / BINS),
            "primary": bars[number][0] if number in bars else 0,
            "candidate": bars[number][1] if number in bars else 0,
        }
        for number in (range(min(bars), max(bars) + 1) if bars else ())
    ]


class Samples:
    """Wallets as a reader may look into them."""

    def __init__(self, state: State, primary: Side, candidate: Side) -> None:
        self._state = state
        self._sides = (primary, candidate)

    def of(self, id_: int) -> dict[str, Any]:
        ((scorer_id, address),) = self._state.rows("select scorer_id, address from wallet where id = ?", id_)
        wallet = Wallet(scorer_id, address)
        bodies = next(
            self._state.rows("select primary_body, candidate_body from sample where wallet_id = ?", id_), None
        )
        statuses = next(
            self._state.rows("select primary_status, candidate_status from wallet where id = ?", id_)
        )
        found = [
            {"field": name, "cause": cause, "primary": there, "candidate": here}
            for name, cause, there, here in self._state.rows(
                "select field, cause, primary_value, candidate_value from difference where wallet_id = ?"
                " order by rowid limit 50",
                id_,
            )
        ]
        is_asked_in_time = all(difference["field"] != SCORED_AT for difference in found)
        return {
            "scorer_id": scorer_id,
            "address": address,
            "statuses": list(statuses),
            "differences": found,
            "lines": [
                {
                    **{side: f"status {status}" for side, status in zip(SIDES, statuses, strict=True)},
                    "same": statuses[0] == statuses[1],
                },
                *(
                    side_by_side(bodies[0], bodies[1], SCORED_AT if is_asked_in_time else None)
                    if bodies
                    else ()
                ),
            ],
            "commands": [side.command(wallet) for side in self._sides],
        }


def side_by_side(primary: str, candidate: str, ignored: str | None) -> Iterator[dict[str, Any]]:
    """The lines of two bodies in pairs, and whether they are the same; whatever the field that is ignored
    holds."""
    there, here = primary.splitlines(), candidate.splitlines()

    def compared(lines: list[str]) -> list[str]:
        return [ignored if ignored and line.startswith(f'  "{ignored}"') else line for line in lines]

    matcher = SequenceMatcher(None, compared(there), compared(here), autojunk=False)
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        for n in range(max(i2 - i1, j2 - j1)):
            yield {
                "primary": there[i1 + n] if i1 + n < i2 else "",
                "candidate": here[j1 + n] if j1 + n < j2 else "",
                "same": kind == "equal",
            }
