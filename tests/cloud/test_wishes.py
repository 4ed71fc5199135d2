"""What a planner types becomes a request; what is wrong is left for its check to name."""

import pytest
from pydantic import ValidationError
from tagdock_cloud.console.wishes import request_of
from tagdock_cloud.plans.records import PlanRequest


def test_an_empty_form_leaves_every_choice_to_the_solver() -> None:
    assert request_of({"at_most": "", "scale": " ", "add_rack": "", "weights": ""}) == {}


def test_all_that_may_be_typed_is_understood() -> None:
    typed = {
        "at_most": "40",
        "weights": "travel=1, ergonomics=0.5",
        "scale": "85000A=2,85007B=0.5",
        "close_aisles": "3, 4",
        "add_rack": "12:0-1, 13:5",
        "policy": "return",
    }
    asked = PlanRequest.model_validate({"site": "s", **request_of(typed)})
    assert asked.at_most == 40 and asked.weights is not None and asked.what_if is not None
    assert (asked.weights.ergonomics, asked.weights.routes) == (0.5, 0.0)
    assert (asked.what_if.scale, asked.what_if.close_aisles) == ({"85000A": 2.0, "85007B": 0.5}, [3, 4])
    assert [(b.id, b.aisle, b.cell) for b in asked.what_if.add_bins] == [
        ("new-12-0", 12, 0), ("new-12-1", 12, 1), ("new-13-5", 13, 5)
    ]  # fmt: skip
    assert asked.what_if.policy == "return"


@pytest.mark.parametrize(
    ("field", "text", "named"),
    [
        ("weights", "beauty=1", "weights.beauty"),
        ("weights", "travel", "weights."),
        ("scale", "A=many", "what_if.scale.A"),
        ("close_aisles", "x", "what_if.close_aisles.0"),
        ("add_rack", "twelve", "what_if.add_bins.0.cell"),
        ("add_rack", "12:0-99999", "what_if.add_bins"),
        ("policy", "fly", "what_if.policy"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(field: str, text: str, named: str) -> None:
    with pytest.raises(ValidationError) as caught:
        PlanRequest.model_validate({"site": "s", **request_of({field: text})})
    assert ".".join(map(str, caught.value.errors()[0]["loc"])).startswith(named)
