"""scorer communities: who asks for scores, and by which weights and threshold."""

import json
from decimal import Decimal, InvalidOperation
from typing import IO, Any

import click

from cli.connection import ID, Row, call
from cli.output import json_option, say, show_json, show_table

SHOW = "select * from scorer.show_scorer(%(id)s, %(providers)s)"
CHANGE = "select scorer.change_scorer(%(id)s, %(digest)s, %(weights)s, %(threshold)s)"
CREATE = """
select scorer.create_community(
    p_account_id => %(account)s,
    p_name => %(name)s,
    p_weights => %(weights)s,
    p_threshold => %(threshold)s,
    p_human_points_program => %(human_points)s,
    p_external_scorer_id => %(external_id)s
) as id
"""


class Number(click.ParamType[Decimal]):
    """A decimal number, exactly as it is written."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        try:
            number = Decimal(value)
        except InvalidOperation:
            self.fail(f"{value!r} is no number.", param, ctx)
        if not number.is_finite():
            self.fail(f"{value!r} is no number.", param, ctx)
        return number


class Weights(click.File):
    """A file, or - for standard input, that holds a JSON object of provider to weight."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        file: IO[Any] = super().convert(value, param, ctx)
        try:
            weights = json.load(
                file, parse_float=Decimal, parse_constant=no_number, object_pairs_hook=each_once
            )
            # Half of a character is no text.
            json.dumps(weights, ensure_ascii=False, default=str).encode()
        except (ValueError, RecursionError) as error:
            self.fail(f"{value}: {error}", param, ctx)
        if not isinstance(weights, dict):
            self.fail(f"{value}: it is no JSON object of provider to weight.", param, ctx)
        return weights


def no_number(name: str) -> None:
    """For NaN and Infinity, which are not JSON."""
    raise ValueError(f"{name} is no number")


def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of which no name stands twice; raises ValueError."""
    names = [name for name, _ in pairs]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"{', '.join(sorted(twice))} has two weights.")
    return dict(pairs)


@click.group()
def communities() -> None:
    """Communities and their scorers: list, create, show, weights, threshold."""


@communities.command("list")
@click.option("--account", type=ID, help="Those of this account alone.")
@json_option
def list_(account: int | None, as_json: bool) -> None:
    """Communities, and what their scorers come to."""
    rows = call("select * from scorer.list_communities(%(account)s)", account=account)
    if as_json:
        show_json(rows)
    else:
        show_table(
            rows, ["id", "account_id", "name", "external_scorer_id", "threshold", "providers", "deleted_at"]
        )


@communities.command()
@click.argument("account", type=ID)
@click.argument("name")
@click.option("--weights", type=Weights(), required=True, help="A JSON file, object of provider to weight.")
@click.option("--threshold", type=Number(), required=True, help="The score from which a wallet passes.")
@click.option("--human-points", is_flag=True, help="Award human points.")
@click.option("--external-id", help="Another id that requests may ask by.")
@json_option
def create(as_json: bool, **arguments: Any) -> None:
    """Make a community NAME of ACCOUNT, and its scorer."""
    (made,) = call(CREATE, **arguments | {"weights": as_text(arguments["weights"])})
    if as_json:
        show_json(made)
    else:
        say(f"Community {made['id']} is made: /v2/stamps/{made['id']}/score/ADDRESS is answered.")


@communities.command()
@click.argument("id", type=ID)
@json_option
def show(id: int, as_json: bool) -> None:  # noqa: A002
    """The weights and the threshold of community ID."""
    (scorer,) = call(SHOW, id=id, providers=None)
    if as_json:
        show_json(scorer)
        return
    say(f"Community {scorer['id']}, {scorer['name']}: {scorer['passports']} passports,"
        f" threshold {scorer['threshold']}.")  # fmt: skip
    weights = scorer["weights"] or {}
    show_table(
        [{"provider": provider, "weight": weights[provider]} for provider in sorted(weights)],
        ["provider", "weight"],
    )


@communities.command()
@click.argument("id", type=ID)
@click.argument("weights", metavar="FILE", type=Weights())
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def weights(id: int, weights: dict[str, Any], yes: bool, as_json: bool) -> None:  # noqa: A002
    """Change the weights of community ID to those of FILE, all of them, once the difference was confirmed."""
    (scorer,) = call(SHOW, id=id, providers=None)
    changes = differences(scorer["weights"] or {}, weights)
    (counted,) = call(SHOW, id=id, providers=[change["provider"] for change in changes])
    scorer["passports"] = counted["passports"]
    change_scorer(scorer, changes, yes, as_json, weights=as_text(weights))


@communities.command()
@click.argument("id", type=ID)
@click.argument("threshold", type=Number())
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def threshold(id: int, threshold: Decimal, yes: bool, as_json: bool) -> None:  # noqa: A002
    """Change the threshold of community ID, once that was confirmed. A negative one stands after --."""
    (scorer,) = call(SHOW, id=id, providers=None)
    changes = [] if scorer["threshold"] == threshold else [
        {"provider": "threshold", "old": scorer["threshold"], "new": threshold}
    ]  # fmt: skip
    change_scorer(scorer, changes, yes, as_json, threshold=threshold)


def change_scorer(scorer: Row, changes: list[Row], yes: bool, as_json: bool, **change: Any) -> None:
    """Shows the changes, asks whether they are meant, and makes them; refuses where somebody else changed the
    scorer after it was read."""
    if not changes:
        if as_json:
            show_json({"changes": [], "passports": 0})
        else:
            say("Nothing differs.")
        return
    if not as_json or not yes:
        rows = [{"change": kind_of(change)} | change for change in changes]
        show_table(rows, ["change", "provider", "old", "new"], err=as_json)
        say(f"It can change the scores of {scorer['passports']} passports.", err=as_json)
    if not yes:
        click.confirm("Change it?", abort=True, err=as_json)
    arguments = {"weights": None, "threshold": None} | change
    call(CHANGE, id=scorer["id"], digest=scorer["digest"], **arguments)
    if as_json:
        show_json({"changes": changes, "passports": scorer["passports"]})
    else:
        say(f"Changed. Requests score by it from now on; the scores that are stored follow with"
            f" scorer rescore --scorer {scorer['id']}.")  # fmt: skip


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[Row]:
    """Each provider whose weight differs, by name; None where it has none. 1 and "1.0" are one weight."""
    return [
        {"provider": provider, "old": old.get(provider), "new": new.get(provider)}
        for provider in sorted(old.keys() | new.keys())
        if number(old.get(provider)) != number(new.get(provider))
    ]


def kind_of(change: Row) -> str:
    if change["old"] is None:
        return "added"
    return "removed" if change["new"] is None else "changed"


def number(weight: Any) -> Any:
    """A weight as a number; what is none stays what it is, for the database to refuse."""
    try:
        value = None if weight is None else Decimal(str(weight))
    except InvalidOperation:
        return weight
    return weight if value is not None and value.is_snan() else value


def as_text(weights: dict[str, Any]) -> str:
    """Weights as JSON, each to the digit as it was written."""
    return json.dumps(weights, default=str)
