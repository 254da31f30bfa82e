# SPDX-License-Identifier: MIT
"""Heads of requests: what is understood, and what is refused, and how."""
from wire import Case, get, main

GOOD = "GET /show HTTP/1.1\r\nHost: x\r\n"
POST = "POST /count HTTP/1.1\r\nHost: x\r\n"


class Understood(Case):
    def shown(self, request):
        status, _, body = self.ask_once(request)
        self.assertEqual(status, 200)
        return body.decode("latin-1").split("\n")

    def test_the_parts_of_the_line(self):
        self.assertEqual(self.shown(get("/show/a%20b?c=%20"))[:4],
                         ["GET", "/show/a b", "c=%20", "1.1"])

    def test_an_absolute_target(self):
        for target in ("http://x/show", "HTTP://x:80/show", "https://y/show"):
            self.assertEqual(self.shown(get(target))[1], "/show")
        self.assertEqual(self.shown(get("http://x/show?q"))[1:3], ["/show", "q"])

    def test_header_values_without_the_blanks_around_them(self):
        lines = self.shown(GOOD + "A:\t  b c \t\r\nE:\r\n\r\n")
        self.assertIn("A=b c", lines)
        self.assertIn("E=", lines)

    def test_words_in_lists_of_several_headers(self):
        self.assertIn("two", self.shown(
            GOOD + "X-List: one,twofold\r\nx-list: three ,TWO\r\n\r\n"))
        self.assertIn("not two", self.shown(GOOD + "X-List: twofold, tw\r\n\r\n"))

    def test_later_versions_of_http_1(self):
        self.assertEqual(
            self.shown("GET /show HTTP/1.7\r\nHost: x\r\n\r\n")[3], "1.1")

    def test_http_1_0_needs_no_host(self):
        with self.client() as client:
            client.send("GET /show HTTP/1.0\r\n\r\n")
            self.assertTrue(client.rest().startswith(b"HTTP/1.1 200 OK\r\n"))

    def test_empty_lines_before_the_line(self):
        self.assertEqual(self.shown("\r\n\r\n" + get("/show"))[1], "/show")

    def test_bytes_above_127_and_a_decoded_percent_sign(self):
        self.assertEqual(self.shown(get("/show/\xe9%25%e9"))[1], "/show/\xe9%\xe9")

    def test_as_many_and_as_long_headers_as_may_be(self):
        self.shown(GOOD + "".join(f"N{i}: x\r\n" for i in range(99)) + "\r\n")
        self.shown(GOOD + "A: " + 16000 * "x" + "\r\n\r\n")
        self.shown(get("/show?" + 8150 * "x"))

    def test_one_byte_after_the_other(self):
        with self.client() as client:
            client.send_bytewise(get("/show/slow", "A: b").encode())
            self.assertIn(b"/show/slow\n", client.answer()[2])


class Refused(Case):
    def test_lines_that_are_none(self):
        for line in ("GET", "GET /", "GET  / HTTP/1.1", "GET /  HTTP/1.1",
                     "GET / HTTP/1.1 ", " GET / HTTP/1.1", "GET / HTTP/11",
                     "GET / HTTP/1.", "GET / http/1.1", "GET / HTTP/1.10",
                     "G@T / HTTP/1.1", "GET /\x01 HTTP/1.1", "GET /a#b HTTP/1.1",
                     "GET show HTTP/1.1", "GET * HTTP/1.1", "GET ftp://x/ HTTP/1.1",
                     "GET /%zz HTTP/1.1", "GET /%4 HTTP/1.1", "GET /% HTTP/1.1",
                     "GET /%00 HTTP/1.1", "GET /\x00 HTTP/1.1", "\x16\x03\x01"):
            self.assert_refused(line + "\r\nHost: x\r\n\r\n", 400)

    def test_versions(self):
        for version in ("HTTP/2.0", "HTTP/0.9", "HTTP/9.9"):
            self.assert_refused(f"GET / {version}\r\nHost: x\r\n\r\n", 505)

    def test_methods_that_are_unknown(self):
        for method in ("CONNECT", "TRACE", "BREW", "get", "X" * 1000):
            self.assert_refused(get("/show", method=method), 501)

    def test_headers_that_are_none(self):
        for line in ("A : b", "A", ": b", " A: b", "\tA: b", "A b: c", "A\x00: b",
                     "A: b\x00", "A: b\rc", "A: \x01", "A: \x7f", "A(: b", "\rA: b",
                     "A: b\r\n c", "A: b\r\n\tc", "A\xe9: b"):
            self.assert_refused(GOOD + line + "\r\n\r\n", 400)

    def test_newlines_alone(self):
        self.assert_refused("GET / HTTP/1.1\nHost: x\r\n\r\n", 400)
        self.assert_refused("GET / HTTP/1.1\r\nHost: x\n\r\n", 400)
        self.assert_refused("GET / HTTP/1.1\r\nHost: x\r\n\n", 400)
        self.assert_refused("\n", 400)

    def test_hosts(self):
        self.assert_refused("GET / HTTP/1.1\r\n\r\n", 400)
        for host in ("a b", "a/b", "a@b", "a,b\x80"):
            self.assert_refused(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n", 400)
        self.assert_refused(GOOD + "Host: x\r\n\r\n", 400)

    def test_what_is_too_long(self):
        self.assert_refused(get("/" + 8192 * "a"), 414)
        self.assert_refused("GET /" + 9000 * "a", 414)
        self.assert_refused(GOOD + "A: " + 17000 * "x", 431)
        self.assert_refused(GOOD + "A: " + 16384 * "x" + "\r\n\r\n", 431)
        self.assert_refused(GOOD + 100 * "A: b\r\n" + "\r\n", 431)

    def test_expectations(self):
        self.assert_refused(GOOD + "Expect: the-spanish-inquisition\r\n\r\n", 417)


class Smuggling(Case):
    """Whatever leaves a doubt about where a body ends."""

    def test_both_ways_to_say_it(self):
        for first, second in ((0, 1), (1, 0)):
            both = ("Content-Length: 4\r\n", "Transfer-Encoding: chunked\r\n")
            self.assert_refused(POST + both[first] + both[second] +
                                "\r\n0\r\n\r\n", 400)

    def test_lengths(self):
        for length in ("", "-1", "+1", "1,1", "1, 1", "0x1", "1.0", "1 1", "1a",
                       "18446744073709551616", "99999999999999999999", "\xb2",
                       "4\r\nContent-Length: 5", "4\r\nContent-Length: 4"):
            self.assert_refused(POST + f"Content-Length: {length}\r\n\r\nbody", 400)

    def test_codings(self):
        for coding, status in (("chunked\r\nTransfer-Encoding: chunked", 400),
                               ("gzip", 501), ("gzip, chunked", 501),
                               ("chunked, chunked", 501), ("chunked, identity", 501),
                               ("identity", 501), ("xchunked", 501), ("", 501),
                               ("\x0bchunked", 400), ("chunked\x00", 400),
                               ("gzip\r\nTransfer-Encoding: chunked", 501)):
            self.assert_refused(
                POST + f"Transfer-Encoding: {coding}\r\n\r\n0\r\n\r\n", status)
        self.assert_refused("POST /count HTTP/1.0\r\nTransfer-Encoding: chunked\r\n"
                            "\r\n0\r\n\r\n", 400)
        self.assert_refused(POST + "Transfer-Encoding : chunked\r\n\r\n", 400)

    def test_chunks(self):
        for chunks in ("x\r\n", "-1\r\n", "+1\r\na\r\n", " 1\r\na\r\n", "1 \r\na\r\n",
                       "0x1\r\na\r\n", "\r\n", ";x\r\n", "1\na\r\n", "1\r\nab\r\n",
                       "1\r\na\n", "1\r\na\r", "1;x\ry\r\na\r\n", "1g\r\n",
                       "fffffffffffffffff\r\n", "10000000000000001\r\n",
                       "1\r\na\r\n0\r\n\n", "0\r\nA: b\n\r\n", "0\r\nA\rb\r\n\r\n",
                       "1;" + 2000 * "x" + "\r\na\r\n", "0\r\n" + 5000 * "A: b\r\n",
                       "1" * 2000):
            with self.client() as client:
                client.send(POST + "Transfer-Encoding: chunked\r\n\r\n" + chunks)
                client.end()
                status, headers, _ = client.answer()
                self.assertEqual(status, 400, chunks[:50])
                self.assertEqual(headers["connection"], "close")
                self.assertEqual(client.rest(), b"")

    def test_a_refused_body_is_no_request(self):
        inner = get("/show/inner")
        self.assert_refused(POST + "Content-Length: 4\r\nTransfer-Encoding: chunked"
                            "\r\n\r\n0\r\n\r\n" + inner, 400)
        with self.client() as client:
            client.send(POST + "Transfer-Encoding: chunked\r\n\r\nx\r\n" + inner)
            self.assertEqual(client.answer()[0], 400)
            self.assertEqual(client.rest(), b"")


main()
