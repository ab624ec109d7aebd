"""`--workers N` and `--dask ADDRESS`: who does the work."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Any

import typer

PROCESSES = Annotated[
    int | None, typer.Option("--workers", help="Processes [default: one for each core]", min=1, max=1024)
]
THREADS = Annotated[int | None, typer.Option("--workers", help="Threads [default: one for each core]", min=1, max=1024)]
DASK = Annotated[
    str | None,
    typer.Option("--dask", metavar="ADDRESS", help="Scheduler of a cluster that sees the folder [default: none]"),
]


def dask_client(address: str | None) -> AbstractContextManager[Any]:
    """A client of Dask at an address, or None.

    Raises
    ------
    BadInput
        If nobody answers there.
    """
    from pathway.extras import distributed

    from . import BadInput

    if address is None:
        return nullcontext()
    try:
        return distributed().Client(address, timeout="10s")  # type: ignore[no-any-return]
    except (OSError, ValueError) as error:
        raise BadInput(f"--dask {address}: no scheduler answers there ({error})") from None


def executor_of(client: Any) -> Any:
    """What the cluster runs tasks with; None without one."""
    return client and client.get_executor()


def threads_of(client: Any) -> int | None:
    """How many tasks the cluster runs at a time; None without one, or while its workers are still to come."""
    return (client and sum(client.nthreads().values())) or None
