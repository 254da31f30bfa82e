# SPDX-License-Identifier: MIT
"""Bodies of requests come in: lengths, chunks, 100-continue, bounds."""
import random
import threading

from wire import Case, get, handlers, http_server, main

BODY_MAX = 100000


def post(path, body, *headers, method="POST"):
    return get(path, f"Content-Length: {len(body)}", *headers,
               method=method).encode() + body


def chunked(path, *chunks, end=b"0\r\n\r\n"):
    head = get(path, "Transfer-Encoding: chunked", method="POST").encode()
    return head + b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in chunks) + end


class Bodies(Case):
    @classmethod
    def program(cls):
        return handlers, BODY_MAX

    def counted(self, request):
        status, _, body = self.ask_once(request)
        self.assertEqual(status, 200)
        return int(body)

    def test_of_each_length(self):
        for n in (0, 1, 2, 999, 4096, 16384, 20480, 20481, BODY_MAX):
            self.assertEqual(self.counted(post("/count", n * b"x")), n)
            self.assertEqual(self.counted(chunked("/count", *([n * b"x"] if n else []))), n)

    def test_chunks_of_many_sizes(self):
        chunks = [n * b"y" for n in range(1, 300)]
        self.assertEqual(self.counted(chunked("/count", *chunks)), 300 * 299 // 2)

    def test_spellings_of_chunks(self):
        for chunks in (b"000a\r\n0123456789\r\n", b"A\r\n0123456789\r\n",
                       b"a;x\r\n0123456789\r\n", b"a ;x=y;z=\"q\"\r\n0123456789\r\n",
                       b"a;" + 900 * b"x" + b"\r\n0123456789\r\n"):
            self.assertEqual(self.counted(chunked("/count", end=chunks + b"0\r\n\r\n")), 10)
        for end in (b"000\r\n\r\n", b"0;x\r\n\r\n", b"0\r\nA: b\r\nContent-Length: 7\r\n\r\n"):
            self.assertEqual(self.counted(chunked("/count", b"abc", end=end)), 3)

    def test_one_byte_after_the_other(self):
        with self.client() as client:
            client.send_bytewise(chunked("/count", b"ab", b"c", end=b"0\r\nT: u\r\n\r\n"))
            self.assertEqual(client.answer()[2], b"3")
            client.send_bytewise(post("/count", b"abcd"))
            self.assertEqual(client.answer()[2], b"4")

    def test_requests_right_after_bodies(self):
        """Also where the handler has not read them."""
        requests = [post("/count", b"GET / HTTP/1.1\r\n\r\n"),
                    post("/unread", 5000 * b"x"), chunked("/unread", 3000 * b"y", b"z"),
                    chunked("/count", b"12345"), post("/unread", b""),
                    post("/count", b"1234567") + b"\r\n"]
        wanted = [b"18", b"unread", b"unread", b"5", b"unread", b"7"]
        rng = random.Random(1)
        data = b"".join(5 * requests)
        with self.client() as client:
            while data:
                n = rng.randrange(1, 4000)
                client.send(data[:n])
                data = data[n:]
            self.assertEqual([client.answer()[2] for _ in 5 * wanted], 5 * wanted)

    def test_too_long_a_body(self):
        with self.client() as client:
            status, headers, _ = client.ask(post("/count", (BODY_MAX + 1) * b"x"))
            self.assertEqual((status, headers["connection"]), (413, "close"))
        for chunks in ([(BODY_MAX + 1) * b"x"], [BODY_MAX * b"x", b"y"], 101 * [1000 * b"x"]):
            with self.client() as client:
                status, headers, _ = client.ask(chunked("/count", *chunks))
                self.assertEqual((status, headers["connection"]), (413, "close"))
                self.assertEqual(client.rest(), b"")
        with self.client() as client:
            client.send(get("/count", "Transfer-Encoding: chunked", method="POST") +
                        "7fffffffffffffff\r\n")
            self.assertEqual(client.answer()[0], 413)

    def test_what_is_around_chunks_has_a_bound_too(self):
        chunk = b"1;" + 900 * b"e" + b"\r\nx\r\n"
        self.assertEqual(self.ask_once(chunked("/count", end=200 * chunk))[0], 413)

    def test_a_refused_upload_gets_its_answer(self):
        """... although it is still coming in when the server closes."""
        for _ in range(20):
            with self.client() as client:
                client.send(get("/count", f"Content-Length: {10 ** 6}", method="POST"))
                client.send(10 ** 6 * b"x")
                self.assertEqual(client.answer()[0], 413)

    def test_a_body_that_ends_too_early(self):
        for request in (post("/count", b"abc")[:-1], chunked("/count", b"abc")[:-1]):
            with self.client() as client:
                client.send(request)
                client.end()
                self.assertEqual(client.answer()[0], 400)
                self.assertEqual(client.rest(), b"")

    def test_a_handlers_own_timeout_loses_nothing(self):
        with self.client() as client:
            client.send(get("/impatient", "Content-Length: 5", method="POST"))
            status, headers = client.head()
            self.assertEqual(status, 200)
            client.send(b"abcde")
            self.assertEqual(client.body(headers), b"abcde")
            self.assertEqual(client.ask(get("/unread"))[0], 200)


class Unread(Case):
    def test_a_long_body_that_nobody_reads_ends_the_connection(self):
        with self.client() as client:
            client.send(get("/unread", "Content-Length: 300000", method="POST"))
            status, headers, _ = client.answer()
            self.assertEqual((status, headers["connection"]), (200, "close"))
            client.send(300000 * b"x")
            client.end()
            self.assertEqual(client.rest(), b"")

    def test_a_short_one_does_not(self):
        with self.client() as client:
            for _ in range(3):
                client.send(get("/unread", "Content-Length: 200000", method="POST"))
                self.assertNotIn("connection", client.answer()[1])
                client.send(200000 * b"x")

    def test_chunks_without_end_do(self):
        with self.client() as client:
            client.send(get("/unread", "Transfer-Encoding: chunked", method="POST"))
            self.assertNotIn("connection", client.answer()[1])
            client.send(b"40000\r\n" + 0x40000 * b"x" + b"\r\n1\r\nx\r\n")
            client.end()
            self.assertEqual(client.rest(), b"")


class Continue(Case):
    def test_the_body_is_asked_for_when_it_is_read(self):
        with self.client() as client:
            client.send(get("/count", "Content-Length: 3", "Expect: 100-Continue",
                            method="POST"))
            self.assertEqual(client.head(), (100, {}))
            client.send(b"abc")
            self.assertEqual(client.answer()[2], b"3")
            self.assertEqual(client.ask(get("/unread"))[0], 200)

    def test_nobody_asks_for_a_body_that_comes_already(self):
        with self.client() as client:
            client.send(post("/count", b"abc", "Expect: 100-continue"))
            self.assertEqual(client.head()[0], 200)

    def test_nobody_asks_for_a_body_that_nobody_reads(self):
        with self.client() as client:
            client.send(get("/unread", "Content-Length: 3", "Expect: 100-continue",
                            method="POST"))
            status, headers, _ = client.answer()
            self.assertEqual((status, headers["connection"]), (200, "close"))
            self.assertEqual(client.rest(), b"")

    def test_without_a_body_or_in_http_1_0_it_means_nothing(self):
        self.assertEqual(self.ask_once(get("/unread", "Expect: 100-continue"))[0], 200)
        with self.client() as client:
            client.send("POST /count HTTP/1.0\r\nContent-Length: 1\r\n"
                        "Expect: 100-continue\r\n\r\n")
            client.send("x")
            self.assertEqual(client.answer()[0], 200)

    def test_too_long_a_body_is_not_asked_for(self):
        with self.client() as client:
            client.send(get("/count", "Content-Length: 99999999999", "Expect: 100-continue",
                            method="POST"))
            self.assertEqual(client.answer()[0], 413)


class Echo(Case):
    @classmethod
    def program(cls):
        return http_server, "-l", "127.0.0.1:0"

    def echo(self, request, body):
        with self.client() as client:
            sender = threading.Thread(target=client.send, args=[request])
            sender.start()
            status, headers, got = client.answer()
            sender.join()
            self.assertEqual(status, 200)
            self.assertTrue(got == body)
            return headers

    def test_what_goes_in_comes_out(self):
        rng = random.Random(2)
        body = rng.randbytes(3 * 1024 * 1024)
        headers = self.echo(post("/echo", body, "Content-Type: x/y"), body)
        self.assertEqual((headers["content-type"], headers["content-length"]),
                         ("x/y", str(len(body))))
        chunks, rest = [], body
        while rest:
            n = rng.choice((1, 10, 1000, 50000, 400000))
            chunks.append(rest[:n])
            rest = rest[n:]
        headers = self.echo(chunked("/echo", *chunks), body)
        self.assertEqual(headers["transfer-encoding"], "chunked")

    def test_a_broken_body_breaks_the_answer(self):
        with self.client() as client:
            client.send(get("/echo", "Transfer-Encoding: chunked", method="POST") +
                        "3\r\nabc\r\nrubbish\r\n")
            client.head()
            self.assertNotIn(b"0\r\n\r\n", client.rest())


main()
