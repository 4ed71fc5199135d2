"""The store: connections, migrations, named queries."""
