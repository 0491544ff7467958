"""Answers `by-dns.test` with 127.0.0.1, and that there is no other name."""

import select
import socket
import sys


def answer(query: bytes) -> bytes:
    """What to say to a question."""
    # The name, as labels with their lengths, ends with an empty one.
    end = query.index(b"\0", 12) + 1
    is_known = query[12:end] == b"\x06by-dns\x04test\0"
    is_ipv4 = query[end : end + 2] == b"\0\1"
    flags = b"\x81\x80" if is_known else b"\x81\x83"
    # A pointer to the name, type and class, five seconds, four bytes.
    record = b"\xc0\x0c\0\1\0\1\0\0\0\5\0\4\x7f\0\0\1" if is_known and is_ipv4 else b""
    counts = b"\0\1" + (b"\0\1" if record else b"\0\0") + b"\0\0\0\0"
    return query[:2] + flags + counts + query[12 : end + 4] + record


with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("127.0.0.1", 53))
    print("ready", flush=True)
    # Whoever started it ends it by closing its stdin.
    while sys.stdin not in select.select([server, sys.stdin], [], [])[0]:
        query, client = server.recvfrom(512)
        server.sendto(answer(query), client)
