"""Wire formats: how products tell their readings over MQTT. Pure: readings in, publications out."""
