#!/usr/bin/python3
"""kazoo_client: a contender that uses kazoo's Lock.

In each round it takes the lock, stays for a moment, stamps begin and end of its
stay as stamp.c does, and releases the lock.

usage: kazoo_client.py CONNECT PATH ROUNDS FILE NAME [lock]

HOLD_MS (1) and SESSION_MS (10000) in the environment change the length of a
stay and the session timeout.  The exit status is 0 after all rounds.
"""

import os
import sys
import time

from kazoo.client import KazooClient
from kazoo.recipe.lock import Lock


def setting(name, otherwise):
    """Return a number of milliseconds from the environment, in seconds."""
    return int(os.environ.get(name, otherwise)) / 1000


def stamp(fd, what, name):
    # time.monotonic_ns() is CLOCK_MONOTONIC on Linux.
    line = f"{what} {time.monotonic_ns()} {name}\n".encode("ascii")
    if os.write(fd, line) != len(line):
        raise OSError("short write")


def contend(client, path, rounds, fd, name):
    hold = setting("HOLD_MS", 1)
    # By default kazoo ignores the nodes of other programs.
    lock = Lock(client, path, name, extra_lock_patterns=["lock-"])
    for _ in range(rounds):
        if not lock.acquire():
            raise RuntimeError("acquire() returned without the lock")
        stamp(fd, "begin", name)
        time.sleep(hold)
        stamp(fd, "end", name)
        if not lock.release():
            raise RuntimeError("release() did not find the lock")


def main(connect, path, rounds, file, name, kind="lock"):
    if kind != "lock":
        raise ValueError(f"unknown kind {kind}")
    fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    client = KazooClient(connect, timeout=setting("SESSION_MS", 10000))
    client.start()
    contend(client, path, int(rounds), fd, name)
    client.stop()
    client.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
