"""PostgreSQL and an MQTT broker that come as Python packages, so that one command runs all of Tagdock on one box."""
