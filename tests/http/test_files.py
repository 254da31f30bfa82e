# SPDX-License-Identifier: MIT
"""Files below a directory, and nothing else; ranges and conditions."""
import os
import pathlib
import re
import shutil
import tempfile

from wire import Case, get, http_server, main, runner


class Files(Case):
    @classmethod
    def program(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.place)
        root = cls.place / "root"
        (root / "sub/deep").mkdir(parents=True)
        (root / "index.html").write_text("<p>index\n")
        (root / "digits.txt").write_text("0123456789")
        (root / "empty.css").write_text("")
        cls.large = os.urandom(700001)
        (root / "large").write_bytes(cls.large)
        (root / "sub/a <b>&\"c\".txt").write_text("odd")
        (root / "sub/deep/file.json").write_text("{}")
        (root / ".hidden").write_text("secret")
        os.mkfifo(root / "sub/pipe")
        (cls.place / "secret").write_text("secret")
        (cls.place / "root-secret").write_text("secret")
        (root / "inside").symlink_to("digits.txt")
        (root / "outside").symlink_to("../secret")
        (root / "absolute").symlink_to(cls.place / "secret")
        (root / "up").symlink_to("..")
        (root / "loop").symlink_to("loop")
        return http_server, "-l", "127.0.0.1:0", root

    def file(self, path, *headers, method="GET"):
        return self.ask_once(get(path, *headers, method=method))

    def test_files_and_their_types(self):
        for path, kind, body in (
                ("/digits.txt", "text/plain; charset=utf-8", b"0123456789"),
                ("/empty.css", "text/css; charset=utf-8", b""),
                ("/sub/deep/file.json", "application/json", b"{}"),
                ("/sub//deep/file.json", "application/json", b"{}"),
                ("/", "text/html; charset=utf-8", b"<p>index\n"),
                ("/index.html?x=y", "text/html; charset=utf-8", b"<p>index\n"),
                ("/large", "application/octet-stream", self.large)):
            status, headers, got = self.file(path)
            self.assertEqual((status, headers["content-type"]), (200, kind))
            self.assertEqual(headers["content-length"], str(len(body)))
            self.assertTrue(got == body)

    def test_head(self):
        status, headers, _ = self.file("/large", method="HEAD")
        self.assertEqual((status, headers["content-length"]), (200, "700001"))

    def test_other_methods(self):
        for method in ("POST", "DELETE", "PUT"):
            status, headers, _ = self.file("/large", method=method)
            self.assertEqual((status, headers["allow"]), (405, "GET, HEAD"))

    def test_directories(self):
        status, headers, _ = self.file("/sub")
        self.assertEqual((status, headers["location"]), (301, "/sub/"))
        status, headers, page = self.file("/sub/")
        self.assertEqual((status, headers["content-type"]), (200, "text/html; charset=utf-8"))
        page = page.decode()
        self.assertNotIn("<b>", page)
        self.assertLess(page.index("a &#60;b&#62;"), page.index("deep/"))
        for link in re.findall('href="./([^"]*)"', page):
            self.assertIn(self.file("/sub/" + link)[0], (200, 404))
        self.assertEqual(self.file("/sub/a%20%3Cb%3E%26%22c%22.txt")[2], b"odd")
        self.assertNotIn(b"hidden", self.file("/sub/")[2])
        self.assertEqual(self.file("//sub")[1]["location"], "/sub/")

    def test_what_is_not_there(self):
        for path in ("/none", "/none/", "/digits.txt/", "/digits.txt/x", "/sub/pipe",
                     "/loop", "/" + 300 * "n", "/" + 2000 * "n/"):
            self.assertEqual(self.file(path)[0], 404, path)

    def test_nothing_outside_of_the_directory(self):
        if not runner:  # which may not know openat2: then no link is followed
            self.assertEqual(self.file("/inside")[2], b"0123456789")
        for path in ("/../secret", "/..", "/sub/../../secret", "/%2e%2e/secret",
                     "/..%2fsecret", "/%2e%2e%2fsecret", "/sub/%2E%2E/%2E./secret",
                     "/outside", "/absolute", "/up/secret", "/up/root/digits.txt", "/up/",
                     "/.hidden", "/sub/../.hidden", "/./.hidden", "/../root-secret",
                     "//" + str(self.place / "secret"), "/" + str(self.place / "secret"),
                     "/..\\secret", "/%252e%252e/secret", "/sub/..;/..;/secret"):
            status, _, body = self.file(path)
            self.assertEqual(status, 404, path)
            self.assertNotIn(b"secret\n", body)

    def test_ranges(self):
        for asked, said, body in (
                ("0-0", "0-0", b"0"), ("3-5", "3-5", b"345"), ("7-", "7-9", b"789"),
                ("-3", "7-9", b"789"), ("8-100", "8-9", b"89"), ("-100", "0-9", b"0123456789"),
                ("0-99999999999999999999", "0-9", b"0123456789")):
            status, headers, got = self.file("/digits.txt", "Range: bytes=" + asked)
            self.assertEqual((status, got), (206, body), asked)
            self.assertEqual(headers["content-range"], f"bytes {said}/10")
            self.assertEqual(headers["content-length"], str(len(body)))
        status, _, got = self.file("/large", "Range: bytes=1-650000")
        self.assertTrue((status, got) == (206, self.large[1:650001]))

    def test_ranges_with_nothing_in_them(self):
        for asked in ("10-", "10-20", "-0", "99999999999999999999-"):
            with self.client() as client:
                status, headers, _ = client.ask(get("/digits.txt", "Range: bytes=" + asked))
                self.assertEqual((status, headers["content-range"]), (416, "bytes */10"))
                self.assertEqual(client.ask(get("/digits.txt"))[0], 200)
        self.assertEqual(self.file("/empty.css", "Range: bytes=0-")[0], 416)

    def test_ranges_that_are_passed_over(self):
        for asked in ("bytes=5-3", "bytes=a-b", "bytes=-", "bytes=", "bytes=1-2,4-5",
                      "lines=1-2", "bytes=1", "bytes=--1", "bytes=+1-2", "bytes= 1-2"):
            status, headers, got = self.file("/digits.txt", "Range: " + asked)
            self.assertEqual((status, got), (200, b"0123456789"), asked)
            self.assertNotIn("content-range", headers)
        self.assertEqual(self.file("/digits.txt", "Range: bytes=1-2", method="HEAD")[0], 200)

    def test_conditions(self):
        _, headers, _ = self.file("/digits.txt")
        modified, old = headers["last-modified"], "Sun, 06 Nov 1994 08:49:37 GMT"
        for since, status in ((modified, 304), (old, 200), ("rubbish", 200),
                              ("Fri, 31 Dec 9998 23:59:59 GMT", 304), ("", 200),
                              ("Sun, 06 Foo 1994 08:49:37 GMT", 200)):
            got, headers, body = self.file("/digits.txt", "If-Modified-Since: " + since)
            self.assertEqual((got, len(body)), (status, 10 if status == 200 else 0), since)
        self.assertEqual(self.file("/digits.txt", "If-Modified-Since: " + modified,
                                   "If-None-Match: x")[0], 200)
        for condition, status in ((modified, 206), (old, 200), ('"tag"', 200)):
            self.assertEqual(self.file("/digits.txt", "Range: bytes=1-2",
                                       "If-Range: " + condition)[0], status)

    def test_after_an_unmodified_file_the_connection_goes_on(self):
        with self.client() as client:
            modified = client.ask(get("/digits.txt"))[1]["last-modified"]
            for _ in range(2):
                self.assertEqual(client.ask(
                    get("/digits.txt", "If-Modified-Since: " + modified))[0], 304)
            self.assertEqual(client.ask(get("/digits.txt"))[2], b"0123456789")


main()
