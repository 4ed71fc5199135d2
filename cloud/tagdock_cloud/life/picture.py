"""The table of an item's life as a picture: Mermaid's state diagram, which Markdown pages and browsers draw. Pure."""

from tagdock_cloud.life.policy import Policy, Transition


def diagram(policy: Policy) -> str:
    """Draw a table. Bold borders are sellable states; a door beside a transition means that a passage takes it."""
    lines = ["stateDiagram-v2", "    direction LR"]
    lines += [f"    {name}: {name.replace('_', ' ')}" for name in policy.state]
    for name, transition in policy.transition.items():
        lines += [f"    {state} --> {transition.to}: {_label(name, transition)}" for state in transition.from_]
    lines.append("    classDef sellable stroke-width:3px")
    lines += [f"    class {name} sellable" for name in policy.state if name in policy.sellable]
    return "\n".join(lines) + "\n"


def table(policy: Policy) -> str:
    """Write a table's transitions as Markdown, each with who may take it, what it needs and what it means in EPCIS."""
    lines = ["| transition | from | to | who | needs | opens | step, disposition |", "|---|---|---|---|---|---|---|"]
    for name, each in policy.transition.items():
        who = sorted(each.by) + ([f"a door, {each.passage}"] if each.passage else [])
        needs = sorted(each.needs) + ([f"grade {' or '.join(sorted(each.grades))}"] if each.grades else [])
        disposition = policy.state[each.to].disposition
        cells = (name, ", ".join(each.from_), each.to, ", ".join(who), ", ".join(needs), each.task or "")
        lines.append(f"| {' | '.join(cells)} | {each.step}, {disposition} |")
    return "\n".join(lines) + "\n"


def _label(name: str, transition: Transition) -> str:
    return name.replace("_", " ") + (f" (door, {transition.passage})" if transition.passage else "")
