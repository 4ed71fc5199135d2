"""What stands against a report."""

from tagdock_cloud.console.language import later

SAID = (
    later("this result is %(state)s: there is no file of it yet; read it as JSON"),
    later("there is no site %(site)s; GET /api/v1/sites lists them"),
    later("this %(period)s is not over; the last one that is begins on %(day)s"),
    later("there are %(most)s reports already; remove one that nobody reads"),
    later("%(most)s results of this report wait already; ask again when they are there"),
    later("there is no such webhook; GET /api/v1/webhooks lists them"),
    later("this webhook does not listen to reports; add the topic `report` to it"),
    later("this webhook hears of other sites; add the report's sites to it, or name another"),
    later("%(field)s: %(value)s stands twice; name it once"),
)
