"""What is due: settling between gateways."""

from tagdock_cloud.corrections.settling import settle_news
from tagdock_cloud.work.duty import Duty

DUTIES: tuple[Duty, ...] = (Duty("corrections.settle", 1.0, settle_news),)
