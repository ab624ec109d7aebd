"""A local cluster of two processes, one of which is killed on the way."""

import threading
import time
from contextlib import contextmanager

import pytest

OPTIONS = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}


@contextmanager
def cluster_that_loses_a_worker(when):
    """The client of a cluster, one of whose two workers is killed without goodbye as soon as `when(client)` holds.

    It did so by the end of the block, or what was to be tested was over before.
    """
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(**OPTIONS) as cluster, distributed.Client(cluster) as client:
        victim = next(iter(cluster.workers.values()))
        killed = threading.Event()
        over = threading.Event()

        def kill():
            while not over.is_set():
                if when(client):
                    victim.process.process._process.kill()  # the nanny's child
                    killed.set()
                    return
                time.sleep(0.01)

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            yield client
        finally:
            over.set()
            killer.join()
    assert killed.is_set()
