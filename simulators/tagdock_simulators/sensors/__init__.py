"""Bin sensors: what they measure of a bin, and the ways in which products tell it over MQTT."""
