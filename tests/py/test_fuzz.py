"""A forger with documents that others signed: what still counts says what was signed, and what worked without
the closed shape is refused with it."""

import tempfile
from collections import Counter

import pytest

from tests.fuzz.catalogue import KINDS, TEXT_KINDS, forgeries
from tests.fuzz.checking import (
    CRASHED,
    DID_NOT_END,
    LEFT_OUT,
    MORE,
    REFUSED,
    SIGNED,
    Job,
    Outcome,
    judged,
    outcomes,
)
from tests.fuzz.grammar import mutated
from tests.fuzz.signed import GENUINE, corpus

DOCUMENTS, SEED = 2000, 1
# Of the processor's time. What does not end takes minutes at least.
SECONDS = 3.0


def run(job: Job) -> tuple[list[Outcome], bytes]:
    """The outcomes in the order of the documents, and what the checks printed."""
    with tempfile.TemporaryFile() as printed:
        found = sorted(outcomes(job, printed), key=lambda outcome: outcome.index)
        printed.seek(0)
        return found, printed.read()


def run_named(shape: bool) -> tuple[dict[str, Outcome], bytes]:
    """The outcome of each builder, by its name."""
    found, printed = run(Job(len(forgeries.named()), shape=shape, limit=SECONDS))
    return {outcome.kinds[0]: outcome for outcome in found}, printed


def test_each_form_that_issuers_wrote_counts_as_it_was_signed() -> None:
    found = {signed.form: judged(signed.text) for signed in corpus() if signed.form in GENUINE}
    assert {form: verdict for form, (verdict, _) in found.items() if verdict != SIGNED} == {}


def test_each_forgery_works_where_nothing_but_the_proof_is_checked() -> None:
    found, printed = run_named(shape=False)
    verdicts = {name: outcome.verdict for name, outcome in found.items()}
    assert {name: verdicts[name] for name in forgeries.FORGERIES if verdicts[name] != MORE} == {}
    assert {name: verdicts[name] for name in forgeries.HANGS if verdicts[name] != DID_NOT_END} == {}
    assert {verdicts[name] for name in forgeries.CRASHES} <= {CRASHED, DID_NOT_END}
    assert b"`@forged`" in printed
    assert forgeries.PRINTED.encode() in printed


def test_each_forgery_is_left_out_before_its_proof_is_checked() -> None:
    found, printed = run_named(shape=True)
    assert {name: outcome for name, outcome in found.items() if outcome.verdict != LEFT_OUT} == {}
    assert printed == b""


def test_what_counts_of_mutated_documents_says_what_was_signed() -> None:
    found, printed = run(Job(DOCUMENTS, SEED))
    assert [outcome.index for outcome in found] == list(range(DOCUMENTS))
    verdicts = Counter(outcome.verdict for outcome in found)
    assert [outcome for outcome in found if outcome.verdict not in (LEFT_OUT, REFUSED, SIGNED)] == []
    # Mutations leave something to check: some documents still count, some fail by their proofs alone.
    assert min(verdicts[LEFT_OUT], verdicts[REFUSED], verdicts[SIGNED]) > 0
    assert printed == b""


def test_a_seed_gives_the_same_documents_of_all_kinds() -> None:
    documents = [mutated(SEED, index) for index in range(DOCUMENTS)]
    assert documents[:50] == [mutated(SEED, index) for index in range(50)]
    assert {kind for document in documents for kind in document.kinds} == KINDS.keys() | TEXT_KINDS.keys()


@pytest.mark.parametrize("count", [0, 1, 3])
def test_each_document_has_one_outcome(count: int) -> None:
    found, _ = run(Job(count, SEED))
    assert [outcome.index for outcome in found] == list(range(count))
