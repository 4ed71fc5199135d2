"""A simulated product's connection to an MQTT broker."""
