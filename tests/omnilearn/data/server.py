"""A file server on this machine that can be told to fail."""

import http.server

import numpy as np

CONTENT = np.random.default_rng(0).bytes(1_000_000)


class Server(http.server.ThreadingHTTPServer):
    """Serves `content`; the attributes say how badly."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content: dict[str, bytes] = {"/file": CONTENT}
        self.etag: str | None = '"version 1"'
        self.ranges = True
        self.cut_after: list[int] = []  # bytes of the body after which each of the next answers is cut
        self.status: list[int] = []  # what the next answers are instead
        self.requests: list[str | None] = []  # the range that each request asked for

    def url(self, path: str = "/file") -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        wanted = self.headers.get("Range")
        server.requests.append(wanted)
        content = server.content.get(self.path)
        if server.status or content is None:
            self.send_error(server.status.pop(0) if server.status else 404)
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and server.ranges else 0
        if start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if server.etag:
            self.send_header("ETag", server.etag)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        body = content[start:]
        if server.cut_after:
            body = body[: server.cut_after.pop(0)]
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass
