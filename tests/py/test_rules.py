"""The number of the rules stands for what they do: it is looked at again whenever that may have changed."""

import shutil
from pathlib import Path

import didkit
import pytest

from api import credentials
from tests import rules

SOURCES = {path.stem: path.read_text() for path in rules.FILES}
# What a document's check cannot come out otherwise for: a text, and what stands in its place then.
SAME = {
    "a comment": ("# Limits of the tables:", "# The most that tables hold:"),
    "no comment": ("# Limits of the tables: registry_stamp.provider and registry_hashscorerlink.hash.\n", ""),
    "a docstring": ('"""What a parsed document says; raises Rejected."""', '"""Claims."""'),
    "no docstring": ('    """What a document says that may count, if its proof holds."""\n\n', ""),
    "formatting": ("claims_of(document: Any)", "claims_of(\n    document: Any,\n)"),
    "a local name": ("subject_id", "holder"),
    "an argument": ("deadline", "until"),
    "a function": ("nullifiers_of", "names_of"),
    "a function of another file": ("check_shape", "has_shape"),
    "a constant": ("MAX_NULLIFIER", "LONGEST_NULLIFIER"),
    "an exception": ("Misshapen", "Deformed"),
}
OTHER = {
    "a limit": ("MAX_NULLIFIER = 100", "MAX_NULLIFIER = 99"),
    "a comparison": ("1 <= len(n)", "1 < len(n)"),
    "a field": ('document.get("issuer")', 'document.get("issuer_id")'),
    "a reason": ('Rejected("no_subject")', 'Rejected("no_subjects")'),
    "a field of a check": ("signed_at: datetime", "proved_at: datetime"),
    "an order": (
        'raise Rejected("other_subject")\n    if not isinstance(provider, str)',
        'raise Rejected("other_subject")\n    if not isinstance(issuer, str)',
    ),
    "another name of those that there are": ("isinstance(subject_id, str)", "isinstance(issuer, str)"),
    "a form": ("did:pkh:eip155:1:0x[0-9a-f]{40}", "did:pkh:eip155:1:0x[0-9a-f]{41}"),
    "a flag": ("re.IGNORECASE | re.ASCII", "re.IGNORECASE"),
    "a time": ("\\.\\d+)?", "\\.\\d)?"),
    "the number": ("RULES = 1 ", "RULES = 2 "),
    "another library": ("import hashlib", "import hashlib2 as hashlib"),
}


def changed(old: str, new: str) -> dict[str, str]:
    """The sources with one text in another's place, wherever it stands."""
    assert any(old in text for text in SOURCES.values()), old
    return {name: text.replace(old, new) for name, text in SOURCES.items()}


def test_the_number_is_that_of_the_rules_as_they_are() -> None:
    assert rules.fingerprint() == rules.recorded(), (
        "The code that checks documents has changed. If the check of any document can come out otherwise now,"
        " raise RULES in api/credentials.py: every document is checked anew then. In either case record the"
        " code as it is: .venv/bin/python -m tests.rules"
    )


def test_the_verifier_is_named_by_the_number_and_by_didkit() -> None:
    rules_, library = credentials.VERIFIER.split(", ")
    assert (rules_, library) == (f"rules {credentials.RULES}", f"didkit {didkit.get_version()}")


@pytest.mark.parametrize("what", SAME)
def test_what_no_check_depends_on_keeps_the_fingerprint(what: str) -> None:
    old, new = SAME[what]
    assert rules.fingerprint(changed(old, new)) == rules.fingerprint()


@pytest.mark.parametrize("what", OTHER)
def test_a_changed_rule_has_another_fingerprint(what: str) -> None:
    old, new = OTHER[what]
    assert rules.fingerprint(changed(old, new)) != rules.fingerprint()


def test_a_fingerprint_is_recorded_by_one_command(tmp_path: Path) -> None:
    copy = tmp_path / "credentials.py"
    shutil.copy(rules.NUMBERED, copy)
    text = copy.read_text()
    copy.write_text(text.replace(f"# fingerprint {rules.recorded()}", "# fingerprint 0"))
    assert copy.read_text() != text
    rules.record(copy)
    assert copy.read_text() == text
