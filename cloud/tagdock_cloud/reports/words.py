"""What a report says, in the languages that it is read in, and how its numbers are written. Pure.

These few sentences go to paper and into mails, where no browser asks for a language: the report itself names it, so
they stand here and not in the console's catalogues. Reasons, states and names are the house's own words and stay so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

_CHINESE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Stock accuracy": "库存准确率",
        "On-time dispatch": "准时发货率",
        "Time in each state": "各状态停留时间",
        "Return rate": "退货率",
        "Repair time": "维修时间",
        "First-time fix": "一次修复率",
        "Of the lines (a SKU in a bin) that were counted, those without a difference.": (
            "盘点行(库位中的一个SKU)中无差异的比例。"
        ),
        "Of the orders whose time to leave came, those that left whole by then.": "到期应发订单中按时全部发出的比例。",
        "Of items' stays in each state that ended: the median.": "已结束的各状态停留时间的中位数。",
        "Units that came back by units of orders that left whole; reasons as shares of what came back.": (
            "退回件数与已全部发出订单的件数之比；原因为其占退回件数的比例。"
        ),
        "Of repairs that were closed: the median from opening to closing.": "已完成维修从开单到关单时间的中位数。",
        "Of repairs, those after which the item needed no other within 30 days.": "维修后30天内无需再次维修的比例。",
        "day": "日报",
        "week": "周报",
        "month": "月报",
        "All": "全部",
        "Site": "站点",
        "Person": "人员",
        "Reason or state": "原因或状态",
        "Figure": "数值",
        "Before": "上期",
        "Change": "变化",
        "From": "样本数",
        "no data": "无数据",
        "points": "个百分点",
        "Compared with": "对比期",
        "Nine of ten within": "九成不超过",
        "{number} more stand in the CSV file.": "其余{number}行见CSV文件。",
        "Dark: this period. Light: the one before.": "深色：本期；浅色：上期。",
        "Figures of persons are personal data: mind what your agreements say of them.": (
            "人员数据属于个人信息，请遵守相关约定。"
        ),
        "The files are too large for a mail.": "文件过大，无法随邮件发送。",
        "Also as JSON, CSV and PDF:": "亦可获取JSON、CSV和PDF：",
        "page {number}": "第{number}页",
        "d": "天",
        "h": "小时",
        "min": "分",
        "s": "秒",
    }
)
TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "stock_accuracy": "Stock accuracy",
        "on_time_dispatch": "On-time dispatch",
        "time_in_state": "Time in each state",
        "return_rate": "Return rate",
        "repair_time": "Repair time",
        "first_time_fix": "First-time fix",
    }
)
MEANINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "stock_accuracy": "Of the lines (a SKU in a bin) that were counted, those without a difference.",
        "on_time_dispatch": "Of the orders whose time to leave came, those that left whole by then.",
        "time_in_state": "Of items' stays in each state that ended: the median.",
        "return_rate": "Units that came back by units of orders that left whole; reasons as shares of what came back.",
        "repair_time": "Of repairs that were closed: the median from opening to closing.",
        "first_time_fix": "Of repairs, those after which the item needed no other within 30 days.",
    }
)
_SPANS_S = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language: `say` puts a message into it."""

    code: str

    def say(self, message: str, **values: object) -> str:
        """Return a message with its values in it. Raises KeyError for one that nobody has translated."""
        return (message if self.code == "en" else _CHINESE[message]).format(**values)

    def figure(self, unit: str, value: float | None) -> str:
        """Write a share or a time for people; what is not there, as that."""
        if value is None:
            return self.say("no data")
        return f"{100 * value:.1f} %" if unit == "share" else self.span(value)

    def change(self, unit: str, value: float | None, before: float | None) -> str:
        """Write how a figure changed: shares in points, times in per cent; "" where one of both is not there."""
        if value is None or before is None:
            return ""
        if unit == "share":
            return f"{100 * (value - before):+.1f} {self.say('points')}"
        return f"{100 * (value / before - 1):+.0f} %" if before else ""

    def span(self, seconds: float) -> str:
        """Write a time by its two largest units."""
        left = round(seconds)
        for place, (size, name) in enumerate(_SPANS_S):
            if left >= size or size == 1:
                whole, rest = divmod(left, size)
                finer = _SPANS_S[place + 1 : place + 2]
                second = f" {rest // finer[0][0]} {self.say(finer[0][1])}" if finer and rest >= finer[0][0] else ""
                return f"{whole} {self.say(name)}{second}"
        raise AssertionError("the last unit takes everything")
