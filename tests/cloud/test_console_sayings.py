"""What the server says in English is said in the reader's language: each sentence of the code is held against them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from tagdock_cloud.console.language import LANGUAGES, speak
from tagdock_cloud.console.sayings import LONGEST, said, told
from tagdock_cloud.console.templating import templates

ROOT = Path(__file__).parents[2]
CLOUD, SOLVER = ROOT / "cloud" / "tagdock_cloud", ROOT / "slotting" / "tagdock_slotting"
REFUSES = {
    "Problem",
    "refused",
    "ValueError",
    "RefusedError",
    "NotTheirsError",
    "IncompleteError",
    "Contradiction",
    "Finding",
}
ROOMS = (
    "life",
    "returns",
    "repairs",
    "tasks",
    "shipping",
    "plans",
    "stockpolicy/counts",
    "reports",
    "corrections",
    "access",
)
"""Rooms whose refusals and reasons pages show."""
SINGLE = (
    CLOUD / "orders" / "waiting.py", CLOUD / "layout" / "drawn.py", CLOUD / "web" / "problems.py",
    CLOUD / "web" / "guard.py", SOLVER / "sites" / "told.py", SOLVER / "moves.py", SOLVER / "rules.py",
    SOLVER / "solvers" / "balancing.py",
    ROOT / "edge" / "tagdock_edge" / "passage" / "one_row.py", ROOT / "edge" / "tagdock_edge" / "passage" / "beams.py",
)  # fmt: skip
IN_WORDS = {"_why", "_why_not", "_why_waiting", "_flow", "_reach", "_nearer", "_one_item", "_words"}
"""Functions whose texts a person reads."""
INSIDE = {
    "_reach": "7 days",
    "reason": "must lie in the future", "why_not": "must lie in the future", "flow": "does not sell",
    "_flow": "does not sell", "_nearer": "4 m nearer D1", "_why_not": "but its parcel would come too late",
    "where": "lies in 'B1'", "why": "is blocked", "left": "left through a door", "told[way]": "from outside in",
    "described": "",
}  # fmt: skip
"""Sentences that stand inside others, by what the code calls them."""
NOT_SHOWN = {"no object", "another kind of cursor", "this route does not say who may come in, so nobody may"}
"""Caught where they are raised, or never said of a page."""


@pytest.fixture(autouse=True)
def _chinese() -> Iterator[None]:
    speak(LANGUAGES["zh"])
    yield
    speak(LANGUAGES["en"])


def sentences(source: str) -> Iterator[str]:
    """Yield what a module refuses with or returns in words, each place in a sentence filled in."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REFUSES:
            first = 1 if node.func.id in {"Problem", "refused", "Finding"} else 0
            yield from (text for argument in node.args[first:] for text in texts(argument))
        elif isinstance(node, ast.FunctionDef) and (node.name in IN_WORDS or returns_words(node)):
            found = [each.value for each in ast.walk(node) if isinstance(each, ast.Return | ast.Yield) and each.value]
            yield from (text for value in found for text in texts(value))


def returns_words(node: ast.FunctionDef) -> bool:
    """Tell a function that says what stands against something: text, or None where nothing does."""
    return node.returns is not None and ast.unparse(node.returns) == "str | None"


def texts(node: ast.expr) -> Iterator[str]:
    """Yield the sentences that an expression can be."""
    if isinstance(node, ast.IfExp):
        yield from (*texts(node.body), *texts(node.orelse))
    elif isinstance(node, ast.Constant | ast.JoinedStr):
        text = filled(node)
        if " " in text:
            yield text


def filled(node: ast.expr) -> str:
    """Write a text of the code with something in each of its places."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.FormattedValue):
        called = node.value.func if isinstance(node.value, ast.Call) else node.value
        return INSIDE.get(ast.unparse(called), "'7'" if node.conversion == ord("r") else "7")
    return "".join(map(filled, node.values)) if isinstance(node, ast.JoinedStr) else "7"


MODULES = sorted({*SINGLE, *(path for room in ROOMS for path in (CLOUD / room).rglob("*.py"))})


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_sentence_of_the_code_is_said_in_chinese(module: Path) -> None:
    said_there = set(sentences(module.read_text("utf-8"))) - NOT_SHOWN
    assert sorted(text for text in said_there if told(text) is None) == [], "add it to console/sayings/, and translate"


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        (
            "it is done already; what is answered is approved or left alone",
            "已处于“完成”；有答案的提案只能批准或搁置",
        ),
        ("s-2 is 40 km nearer but has too little of 85123A", "s-2 近 40 公里，但 85123A 不足"),
        (
            "85123A makes room for 22423; it sells 3.5 a day, moves 12 m nearer D1",
            "85123A 为 22423 腾位；日拣 3.5 次，移动后离 D1 近 12 米",
        ),
        ("D1 with 97.2%; hardly heard there itself: it came in", "D1，把握 97.2%；它本身在那里几乎没有被读到：已进入"),
        ("bin B2", "库位 B2"),
        ("Count bin B2 by its tags", "按标签盘点库位 B2"),
        ("came in at D1; its goods lie in B2", "从 D1 进入；同类商品在 B2"),
        ("T-1 of order O-1: SF tells undeliverable", "订单 O-1 的运单 T-1：SF 报告“无法送达”"),
        ("nobody applied for it; put it into R1", "无人为其申请退货；请放入 R1"),
        ("quantity: Input should be greater than or equal to 1", "quantity：不得小于 1"),
        ("an item that is in repair left through a door", "状态为“维修中”的物品从门离开"),
        ("'inspect' is for inspector, manager; ann is none of them", "“已检验”须由 质检员、主管 执行；ann 不在其中"),
    ],
    ids=range(12),
)
def test_names_and_figures_stand_where_they_belong(english: str, chinese: str) -> None:
    assert told(english) == chinese


@pytest.mark.parametrize(
    "text",
    [
        "the customer rang twice", "85123A is lovely", "reason: because", "a; b", "",
        "field: " * 40 + "must lie in the future", "x" * (LONGEST + 1),
    ],
    ids=range(7),
)  # fmt: skip
def test_what_is_no_sentence_of_the_code_is_left_as_it_is_and_marked(text: str) -> None:
    assert told(text) is None
    assert not text or str(said(text)) == f'<span lang="en">{text}</span>'


def test_nothing_that_a_text_holds_becomes_markup() -> None:
    render = templates.env.from_string("{{ text|said }}").render
    assert [render(text=text).count("<b>") for text in ("<b>x</b>", "there is no site <b>")] == [0, 0]


def test_english_stays_as_the_server_says_it() -> None:
    speak(LANGUAGES["en"])
    assert said("must lie in the future") == "must lie in the future"
