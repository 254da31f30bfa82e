# SPDX-License-Identifier: MIT
"""examples/apps/fetch.c: many files with libcurl."""
import os
import pathlib
import signal
import sys
import tempfile
import apps

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "clients"))
import servers


class Fetch(apps.Test):
    def setUp(self):
        super().setUp()
        self.folder = self.enter(tempfile.TemporaryDirectory())

    def fetch(self, *arguments):
        return apps.run("fetch", "-d", self.folder, *arguments)

    def urls(self, count, secure=False, asked=None):
        """So many, which the server gives when all of them are asked for."""
        scratch = self.enter(tempfile.TemporaryDirectory())
        where = self.enter(servers.pages(pathlib.Path(scratch), count, secure))
        return [f"{where}file{i}?x=/y" for i in range(asked or count)]

    def test_all_at_a_time(self):
        status, out, err = self.fetch("--parallel", "20", *self.urls(20))
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(out.splitlines()[-1], "20 files")
        self.assertEqual(sorted(os.listdir(self.folder)),
                         sorted(f"file{i}" for i in range(20)))
        for name in os.listdir(self.folder):
            self.assertEqual(pathlib.Path(self.folder, name).read_text(), "hello")

    def test_securely(self):
        urls = self.urls(5, secure=True)
        status, out, err = self.fetch("-k", "-p", "5", *urls)
        self.assertEqual((status, err, out.splitlines()[-1]), (0, "", "5 files"))
        status, _, err = self.fetch("-k", *urls)
        self.assertEqual((status, err.count("File exists")), (1, 5))

    def test_does_not_trust_anybody(self):
        status, _, err = self.fetch(*self.urls(1, secure=True))
        self.assertEqual((status, os.listdir(self.folder)), (1, []))
        self.assertIn("certificate", err)

    def test_a_timeout_leaves_nothing(self):
        status, _, err = self.fetch("-t", "1", *self.urls(2, asked=1))
        self.assertEqual((status, os.listdir(self.folder)), (1, []))
        self.assertIn("file0?x=/y: timed out\n", err)

    def test_stops_at_a_signal_and_leaves_nothing(self):
        for signo in signal.SIGINT, signal.SIGTERM:
            program = self.program("fetch", "-d", self.folder,
                                   *self.urls(2, asked=1))
            while not os.listdir(self.folder):
                pass
            self.assertEqual(program.stop(signo)[0], 1)
            self.assertEqual(os.listdir(self.folder), [])

    def test_says_what_is_wrong(self):
        self.check_usage("fetch")
        self.assertEqual(apps.run("fetch")[0], 2)
        status, _, err = apps.run("fetch", "-d", "/no/such", "http://a/b")
        self.assertEqual(status, 1)
        self.assertIn("/no/such: No such file or directory", err)


if __name__ == "__main__":
    apps.main("fetch")
