# SPDX-License-Identifier: MIT
"""examples/apps/download.c: many files over HTTP."""
import http.server
import os
import pty
import queue
import signal
import socket
import socketserver
import tempfile
import threading
import apps

BODY = bytes(range(256)) * 1000


class Handler(http.server.BaseHTTPRequestHandler):
    """What it answers is the first word of the path."""
    protocol_version = "HTTP/1.1"
    lock = threading.Lock()

    def do_GET(self):
        server, kind = self.server, self.path.split("/")[1].partition("?")[0]
        with self.lock:
            server.now += 1
            server.most = max(server.most, server.now)
            server.asked.append(self.path)
            tries = server.asked.count(self.path)
        if server.together:
            server.together.wait()
        if kind == "unsteady" and tries < 3:
            kind = "busy" if tries == 1 else "short"
        getattr(self, kind, self.missing)()
        with self.lock:
            server.now -= 1
        self.close_connection = True

    def head(self, status, *lines):
        self.send_response(status)
        for name, value in lines:
            self.send_header(name, value)
        self.end_headers()

    def plain(self):
        self.head(200, ("Content-Length", len(BODY)))
        self.wfile.write(BODY)

    unsteady = plain

    def chunked(self):
        self.head(200, ("transfer-encoding", "chunked"))
        for start in range(0, len(BODY), 70001):
            chunk = BODY[start:start + 70001]
            self.wfile.write(b"%X;ext=1\r\n%s\r\n" % (len(chunk), chunk))
        self.wfile.write(b"0\r\n\r\n")

    def endless(self):
        self.head(200)
        self.wfile.write(BODY)

    def short(self):
        self.head(200, ("Content-Length", len(BODY) + 1))
        self.wfile.write(BODY)

    def cut(self):
        self.head(200, ("Transfer-Encoding", "chunked"))
        self.wfile.write(b"10\r\n12345678")

    def nonsense(self):
        self.wfile.write(b"hello\r\n\r\n")

    def silent(self):
        self.server.reached.put(self.path)
        self.rfile.read()

    def busy(self):
        self.head(503, ("Content-Length", 0))

    def missing(self):
        self.head(404, ("Content-Length", 0))

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 100
    now = most = 0
    together = None

    def handle_error(self, *_):
        pass


class Download(apps.Test):
    def setUp(self):
        super().setUp()
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.asked, self.server.reached = [], queue.Queue()
        thread = threading.Thread(target=self.server.serve_forever,
                                  args=[0.01], daemon=True)
        thread.start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.folder = self.enter(tempfile.TemporaryDirectory())

    def urls(self, *paths):
        return [f"http://127.0.0.1:{self.server.server_port}/{path}"
                for path in paths]

    def fetch(self, *arguments):
        return apps.run("download", "-d", self.folder, *arguments)

    def content(self, name):
        with open(os.path.join(self.folder, name), "rb") as file:
            return file.read()

    def test_bodies_of_all_kinds(self):
        status, out, err = self.fetch(*self.urls(
            "plain/a?b=c", "chunked/b", "endless/c", "plain/"))
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(sorted(out.splitlines()), sorted(
            ["a?b=c", "b", "c", "index.html", f"4 files, {4 * len(BODY)} bytes"]))
        for name in "a?b=c", "b", "c", "index.html":
            self.assertTrue(self.content(name) == BODY, name)
        self.assertEqual(len(os.listdir(self.folder)), 4)

    def test_so_many_at_a_time(self):
        self.server.together = threading.Barrier(5)
        status, out, _ = self.fetch("--parallel", "5", *self.urls(
            *(f"plain/{i}" for i in range(20))))
        self.assertEqual((status, len(out.splitlines())), (0, 21))
        self.assertEqual(self.server.most, 5)

    def test_tries_again_what_may_succeed(self):
        status, out, err = self.fetch(*self.urls("unsteady/a"))
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(len(self.server.asked), 3)
        self.assertTrue(self.content("a") == BODY)

    def test_gives_up_and_leaves_nothing(self):
        urls = self.urls("short/a", "cut/b", "nonsense/c", "busy/d")
        status, out, err = self.fetch("--retries", "1", *urls)
        self.assertEqual((status, out.splitlines()[-1][:7]), (1, "0 files"))
        self.assertEqual(len(err.splitlines()), 4)
        self.assertEqual(len(self.server.asked), 8)
        self.assertIn("d: status 503\n", err)
        self.assertEqual(os.listdir(self.folder), [])

    def test_does_not_ask_again_for_what_is_not_there(self):
        status, _, err = self.fetch(*self.urls("none/a", "plain/b"))
        self.assertEqual(status, 1)
        self.assertIn("none/a: status 404\n", err)
        self.assertEqual(len(self.server.asked), 2)
        self.assertEqual(os.listdir(self.folder), ["b"])

    def test_a_silent_server(self):
        status, _, err = self.fetch("-t", "1", "-r", "0",
                                    *self.urls("silent/a"))
        self.assertEqual(status, 1)
        self.assertIn("timed out", err)

    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            url = f"http://127.0.0.1:{free.getsockname()[1]}/a"
        status, _, err = self.fetch("-r", "0", url)
        self.assertEqual(status, 1)
        self.assertIn("Connection refused", err)

    def test_stops_at_a_signal_and_leaves_nothing(self):
        for signo in signal.SIGINT, signal.SIGTERM:
            path = f"silent/{int(signo)}"
            with apps.Program("download", "-d", self.folder, *self.urls(
                    path, "silent/other")) as program:
                while self.server.reached.get() != f"/{path}":
                    pass
                self.assertEqual(program.stop(signo)[0], 1)
            self.assertEqual(os.listdir(self.folder), [])

    def test_two_files_of_one_name(self):
        status, _, err = self.fetch(*self.urls("plain/a", "chunked/a"))
        self.assertEqual(status, 1)
        self.assertIn("File exists", err)
        self.assertTrue(self.content("a") == BODY)

    def test_progress_on_a_terminal(self):
        ours, theirs = pty.openpty()
        program = self.program("download", "-d", self.folder, "-r", "0",
                               *self.urls("silent/a"), stderr=theirs)
        os.close(theirs)
        self.assertIn(b"0 of 1 files", os.read(ours, 100))
        self.assertEqual(program.stop()[0], 1)
        os.close(ours)

    def test_says_what_is_wrong(self):
        self.check_usage("download")
        self.assertEqual(apps.run("download")[0], 2)
        self.assertEqual(apps.run("download", "https://a/b")[0], 2)
        status, _, err = apps.run("download", "-d", "/no/such", "http://a/b")
        self.assertEqual(status, 1)
        self.assertIn("/no/such: No such file or directory", err)


if __name__ == "__main__":
    apps.main()
