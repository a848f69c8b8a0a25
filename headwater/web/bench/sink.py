"""An SMTP server that accepts everything and says when: `sink.py` prints its port, then for each mail one line
"SECONDS ADDRESS SUBJECT" on the monotonic clock, which all processes of a machine share.

PIPELINING and 8BITMIME, loopback only. Standard library and uvloop only.
"""

from __future__ import annotations

import asyncio
import sys
import time

import uvloop

GREETING = b"220 sink ESMTP\r\n"
EHLO = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
END = b"\r\n.\r\n"


class Session(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self.buffer, self.to, self.body = b"", b"", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.WriteTransport = transport  # type: ignore[assignment]
        self.transport.write(GREETING)

    def data_received(self, data: bytes) -> None:
        buffer, answers = self.buffer + data, []
        while True:
            end = buffer.find(END) if self.body else buffer.find(b"\r\n")
            if end < 0:
                break
            if self.body:
                answers.append(self._mail(buffer[:end]))
                buffer = buffer[end + len(END) :]
            else:
                answers.append(self._command(buffer[:end]))
                buffer = buffer[end + 2 :]
        self.buffer = buffer
        if answers:
            self.transport.write(b"".join(answers))

    def _command(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"EHLO":
            return EHLO
        if verb == b"RCPT":
            self.to = line.partition(b"<")[2].partition(b">")[0]
        elif verb == b"DATA":
            self.body = True
            return b"354 go\r\n"
        elif verb == b"QUIT":
            self.transport.close()
            return b""
        return b"250 ok\r\n"

    def _mail(self, body: bytes) -> bytes:
        self.body = False
        subject = body.partition(b"\r\nSubject: ")[2].partition(b"\r\n")[0]
        print(f"{time.monotonic():.6f} {self.to.decode()} {subject.decode()}", flush=True)
        return b"250 accepted\r\n"


async def main() -> None:
    """Until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Session, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        uvloop.run(main())
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(0)
