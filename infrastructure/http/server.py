"""The HTTP server: uvicorn, on a socket that is bound before anything is promised."""

import socket

import uvicorn

from infrastructure.http.app import make_app
from infrastructure.service.service import Service

DRAIN_SECONDS = 7
"""How long requests that are in work may take after SIGTERM; with what comes after it must stay below ten."""


def bind(host: str, port: int) -> socket.socket:
    """Take the address; port 0 takes any that is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    return listening


class Server(uvicorn.Server):
    """Serves one service until it is told to stop."""

    def __init__(self, service: Service) -> None:
        super().__init__(
            uvicorn.Config(
                make_app(service),
                http="httptools",
                loop="auto",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=DRAIN_SECONDS,
            )
        )
