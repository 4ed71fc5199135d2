"""News that goes out: webhooks, mail and MQTT messages from one queue, with retries and dead letters."""
