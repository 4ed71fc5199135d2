"""Draw dashboards from their own queries, so that a person can look at them where no Grafana runs."""
