"""Caution: it lasts where haste fails again and again, and is short where it failed once."""

from tagdock_cloud.ingest.caution import LONGEST_GROUPS, Caution


def attempts(caution: Caution, groups: int, is_quick: bool) -> int:
    """Store groups and count the attempts that were made for nothing."""
    failed = 0
    for _ in range(groups):
        with_care = caution.left > 0
        if not with_care and not is_quick:
            failed += 1
            caution.alarm()
            with_care = True
        caution.note_stored(with_care=with_care)
    return failed


def test_one_group_that_was_not_quick_is_the_only_one_stored_with_care() -> None:
    caution = Caution()
    assert attempts(caution, 1, is_quick=False) == 1
    assert caution.left == 0


def test_where_no_group_is_quick_hardly_any_attempt_is_made() -> None:
    caution = Caution()
    attempts(caution, 2 * LONGEST_GROUPS, is_quick=False)
    assert attempts(caution, 10 * LONGEST_GROUPS, is_quick=False) == 10


def test_once_groups_are_quick_again_caution_is_soon_short_again() -> None:
    caution = Caution()
    attempts(caution, 10 * LONGEST_GROUPS, is_quick=False)
    attempts(caution, LONGEST_GROUPS + 10, is_quick=True)
    assert attempts(caution, 1, is_quick=False) == 1
    assert caution.left == 0
