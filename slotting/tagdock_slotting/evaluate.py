"""What a layout costs and which rules it breaks: the judge, independent of every solver."""

from tagdock_slotting.checks import check_layout
from tagdock_slotting.model import build_model
from tagdock_slotting.objective import Objective
from tagdock_slotting.plan import Evaluation, Layout
from tagdock_slotting.problem import Problem
from tagdock_slotting.rules import broken_rules


def evaluate(problem: Problem, layout: Layout | None = None) -> Evaluation:
    """Evaluate a layout (None: today's). Raises ProblemError where it names unknown SKUs or bins."""
    if layout is not None:
        check_layout(problem, layout, "$.assignment")
    model = build_model(problem)
    units = model.current if layout is None else model.units(layout)
    objective = Objective(model)
    terms = objective.terms(units)
    return Evaluation(
        objective_m_per_day=terms.total(),
        terms=terms,
        tours_m=tuple(objective.tours_m(units).tolist()),
        broken_rules=tuple(broken_rules(model, units)),
    )
