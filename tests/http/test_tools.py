# SPDX-License-Identifier: MIT
"""What curl, ab and wrk think of it; skipped are those that are not installed."""
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from wire import Case, http_server, main

TOOLS = ("curl", "ab", "wrk")
missing = [tool for tool in TOOLS if not shutil.which(tool)]
if missing == list(TOOLS):
    print("none of them is installed:", *TOOLS)
    sys.exit(77)


def needs(tool):
    return unittest.skipIf(tool in missing, f"{tool} is not installed")


class Tools(Case):
    @classmethod
    def program(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.place)
        cls.body = random.Random(3).randbytes(3000000)
        (cls.place / "file").write_bytes(cls.body)
        return http_server, "-l", "127.0.0.1:0", "-b", "10000000", cls.place

    def run_tool(self, *command):
        result = subprocess.run(command, capture_output=True, check=False, timeout=300)
        self.assertEqual(result.returncode, 0, result)
        return result.stdout, result.stderr.decode("latin-1")

    def curl(self, *arguments):
        return self.run_tool("curl", "--silent", "--show-error", "--verbose", *map(str, arguments))

    def url(self, path):
        return f"http://127.0.0.1:{self.server.port}{path}"

    @needs("curl")
    def test_curl_keeps_its_connection(self):
        out, said = self.curl(*(self.url(f"/hello?name={i}") for i in range(10)))
        self.assertEqual(out.count(b"Hello"), 10)
        self.assertEqual(said.count("Connected to"), 1)

    @needs("curl")
    def test_curl_reads_files_and_ranges(self):
        self.assertTrue(self.curl(self.url("/file"))[0] == self.body)
        self.assertTrue(self.curl("-r", "1000-2000000", self.url("/file"))[0] ==
                        self.body[1000:2000001])
        out, said = self.curl("-I", self.url("/file"))
        self.assertIn(b"Content-Length: 3000000", out)

    @needs("curl")
    def test_curl_goes_on_where_it_stopped(self):
        part = self.place / "part"
        part.write_bytes(self.body[:123456])
        self.curl("-C", "-", "-o", part, self.url("/file"))
        self.assertTrue(part.read_bytes() == self.body)

    @needs("curl")
    def test_curl_fetches_only_what_is_newer(self):
        out, said = self.curl("-z", self.place / "file", self.url("/file"))
        self.assertIn("304 Not Modified", said)
        self.assertEqual(out, b"")

    @needs("curl")
    def test_curl_uploads_in_chunks_when_it_was_asked_for_it(self):
        for more in ((), ("-H", "Transfer-Encoding: chunked")):
            out, said = self.curl("-H", "Expect: 100-continue", *more, "--expect100-timeout",
                                  "60", "-T", self.place / "file", self.url("/echo"))
            self.assertIn("100 Continue", said)
            self.assertTrue(out == self.body)

    @needs("curl")
    def test_curl_is_told_that_it_is_too_much(self):
        big = self.place / "big"
        big.write_bytes(12000000 * b"x")
        out, said = self.curl("-T", big, self.url("/echo"))
        self.assertIn("413 Content Too Large", said)

    @needs("ab")
    def test_ab(self):
        for keep, path in (["-k"], "/hello"), ([], "/hello"), (["-k"], "/file"):
            out, _ = self.run_tool("ab", "-q", *keep, "-n", "200" if "file" in path else "2000",
                                   "-c", "20", self.url(path))
            self.assertRegex(out, rb"Failed requests: +0\n")
            self.assertNotIn(b"Non-2xx", out)
            if keep:
                self.assertNotRegex(out, rb"Keep-Alive requests: +0\n")

    @needs("wrk")
    def test_wrk(self):
        for path in "/hello", "/file":
            out, _ = self.run_tool("wrk", "-t1", "-c20", "-d1", self.url(path))
            self.assertNotIn(b"Socket errors", out)
            self.assertNotIn(b"Non-2xx", out)
            self.assertGreater(int(re.search(rb"(\d+) requests in", out)[1]), 0)


main()
