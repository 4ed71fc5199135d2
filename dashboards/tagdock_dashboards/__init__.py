"""Grafana dashboards as code: built, checked against the database, published."""
