"""The fixtures of the simulators themselves: a real broker, and a proxy that cuts connections."""

from tagdock_simulators.fixtures import mqtt_broker, simulators_loop, tcp_proxy

__all__ = ["mqtt_broker", "simulators_loop", "tcp_proxy"]
