"""Run the HTTP interface under uvicorn."""

import socket

import uvicorn

from tagdock_cloud.app import create_app
from tagdock_cloud.config import ApiConfig
from tagdock_cloud.errors import CloudError
from tagdock_cloud.front import check_exposed

STOP_TIMEOUT_S = 5
BACKLOG = 128


def run_api(config: ApiConfig) -> None:
    """Serve until SIGINT or SIGTERM. Raises CloudError: the port is taken, or it is off loopback without TLS."""
    check_exposed(config.host, config.front)
    listener = _listen(config.host, config.port)
    app = create_app(config)
    settings = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=STOP_TIMEOUT_S,
        limit_concurrency=500,
        h11_max_incomplete_event_size=64 * 1024,
        server_header=False,
        ws="none",  # nothing here speaks WebSocket: who asks for one is answered as anybody
        ssl_certfile=config.front.tls_cert,
        ssl_keyfile=config.front.tls_key,
        proxy_headers=bool(config.front.proxies),
        forwarded_allow_ips=list(config.front.proxies),
    )
    server = _Server(settings)
    app.state.is_stopping = lambda: server.should_exit  # live streams would hold the server to its last second
    server.run(sockets=[listener])


class _Server(uvicorn.Server):
    """Says on stdout when it is ready, as every program under `serve` does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print("ready", flush=True)


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=BACKLOG, family=_family(host))
    except OSError as error:
        raise CloudError(
            f"port {port} on {host} cannot be used ({error.strerror or error}): "
            "choose another with --http-port, or stop what holds it"
        ) from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
