"""Marks every revision as released: from here on its files never change, which the tests see to.

python -m db.release
"""

from db.migrations import frozen


def release() -> list[str]:
    """Adds the revisions that released.sha256 does not name yet, and gives them."""
    new = [revision for revision in frozen.revisions() if not frozen.is_released(revision)]
    with frozen.RELEASED.open("a") as file:
        for revision in new:
            file.writelines(
                f"{frozen.digest(path)}  {path.relative_to(frozen.MIGRATIONS)}\n"
                for path in frozen.files(revision)
            )
    return new


def altered() -> list[str]:
    """The files of released revisions that are not as they were released, are gone, or were not there."""
    now = [
        str(path.relative_to(frozen.MIGRATIONS))
        for revision in frozen.revisions()
        if frozen.is_released(revision)
        for path in frozen.files(revision)
    ]
    return sorted(set(now) - frozen.released().keys()) + [
        path
        for path, digest in frozen.released().items()
        if not (frozen.MIGRATIONS / path).exists() or frozen.digest(frozen.MIGRATIONS / path) != digest
    ]


if __name__ == "__main__":
    print("\n".join(release()) or "Every revision has been released already.")
