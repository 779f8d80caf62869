"""`heartline serve`."""

import signal

import click

from infrastructure.cli.options import settings
from infrastructure.cli.output import note
from infrastructure.composition import ledger_source

DEFAULT_PORT = 8787


@click.command(
    short_help="Record and answer over HTTP.",
    epilog="""\b
Examples:
  heartline serve
  curl -s 127.0.0.1:8787/v1/streams | jq
  curl -T lifecycle.ndjson -X POST '127.0.0.1:8787/v1/observations?gateway=home'
  heartline token create ops --scope admin && heartline serve --host 0.0.0.0 --allow-host heartline.example""",
)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="H", help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, metavar="P")
@click.option("--allow-host", "names", multiple=True, metavar="NAME", help="Answer to this name besides; repeatable.")
@click.option("--require-tokens", is_flag=True, help="Demand a token on loopback too; elsewhere one always is.")
@click.option(
    "--rate",
    type=click.FloatRange(min=0.1),
    default=5_000,
    show_default=True,
    help="Requests a second that one client may send.",
)
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True
)
def serve(host: str, port: int, names: tuple[str, ...], require_tokens: bool, rate: float, log_level: str) -> None:
    """Serve the ledger over HTTP until SIGTERM or Ctrl-C: record, be a context engine, answer.

    On loopback no token is needed; on any other address one is, and without one it does not start. Logs are JSON lines
    on standard error, without keys, contents or tokens.
    """
    from infrastructure.http.app import Doors  # noqa: PLC0415  # the web framework takes longer to load than most commands
    from infrastructure.http.limits import Limits  # noqa: PLC0415  # the same
    from infrastructure.http.server import make_room  # noqa: PLC0415  # the same
    from infrastructure.http.serving import serving  # noqa: PLC0415  # the same
    from infrastructure.service.logs import log_to_stderr  # noqa: PLC0415  # the same

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until it serves: what was started is stopped
    log_to_stderr(log_level)
    doors = Doors(host=host, names=names, tokens_demanded=require_tokens, limits=Limits(rate=rate, burst=int(rate) * 2))
    make_room(doors.limits.connections)
    with ledger_source(settings()) as open_ledger, serving(open_ledger, doors, port) as server:
        note(f"Heartline serves {server.url} (described at {server.url}/schema). Stop it with Ctrl-C.")
        server.run()
