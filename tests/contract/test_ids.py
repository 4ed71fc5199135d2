import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tagdock_contract import content_uuid7, uuid7, uuid7_ms

moments_ms = st.integers(0, 2**48 - 1)


def test_the_example_of_rfc_9562_appendix_a6() -> None:
    rand_a, rand_b = 0xCC3, 0x18C4DC0C0C07398F
    built = uuid7(0x017F22E279B0, (rand_a << 68 | rand_b).to_bytes(10, "big"))
    assert str(built) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(moments_ms, st.binary(min_size=10, max_size=20))
def test_a_uuid7_carries_its_time_version_and_variant(at_ms: int, randomness: bytes) -> None:
    built = uuid7(at_ms, randomness)
    assert (uuid7_ms(built), built.version, built.variant) == (at_ms, 7, "specified in RFC 4122")


@given(moments_ms, moments_ms, st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10))
def test_ids_sort_by_time(early: int, late: int, one: bytes, other: bytes) -> None:
    if early < late:
        assert uuid7(early, one) < uuid7(late, other)


@pytest.mark.parametrize(("at_ms", "randomness"), [(-1, bytes(10)), (2**48, bytes(10)), (0, bytes(9))])
def test_values_out_of_range_are_refused(at_ms: int, randomness: bytes) -> None:
    with pytest.raises(ValueError, match="must"):
        uuid7(at_ms, randomness)


contents = st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=4)


@given(contents, contents)
def test_the_same_content_gives_the_same_id_and_only_the_same(one: list[str], other: list[str]) -> None:
    assert (content_uuid7(5, *one) == content_uuid7(5, *other)) == (one == other)


def test_content_is_kept_apart_at_its_commas() -> None:
    assert content_uuid7(5, "a\x1fb") != content_uuid7(5, "a", "b")
    assert content_uuid7(5, "ab", "c") != content_uuid7(5, "a", "bc")


def test_a_present_time_fits() -> None:
    assert content_uuid7(time.time_ns() // 1_000_000, "x").version == 7
