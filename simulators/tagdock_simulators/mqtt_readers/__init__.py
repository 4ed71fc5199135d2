"""Readers that speak MQTT by themselves: each product's messages are pure, one player carries them all."""
