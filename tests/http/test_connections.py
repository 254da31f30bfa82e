# SPDX-License-Identifier: MIT
"""Connections: keep-alive, pipelining, slow clients, many of them, the end.

HTTP_IDLE in the environment is how many idle connections there are; a process
needs as many descriptors, and the system some 28,000 ports.
"""
import os
import resource
import socket
import time

from wire import TIMEOUT, Case, Client, Server, get, http_server, main

# So many connections are held open at once; see also `ulimit -Hn`.
IDLE = int(os.environ.get("HTTP_IDLE", "500"))
HUGE = 64 * 1024 * 1024


class Pipelining(Case):
    def test_answers_have_the_order_of_requests(self):
        with self.client() as client:
            client.send("".join(get(f"/show/{i}") for i in range(1000)))
            for i in range(1000):
                self.assertIn(b"/show/%d\n" % i, client.answer()[2])

    def test_a_fault_ends_it_after_what_came_before(self):
        with self.client() as client:
            client.send(get("/show/1") + "GET\r\n\r\n" + get("/show/2"))
            self.assertIn(b"/show/1\n", client.answer()[2])
            self.assertEqual(client.answer()[0], 400)
            self.assertEqual(client.rest(), b"")

    def test_an_answer_does_not_wait_for_the_next_request(self):
        with self.client() as client:
            client.send(get("/show/1") + "GET /show/2 HT")
            self.assertIn(b"/show/1\n", client.answer()[2])

    def test_a_client_that_only_sends_is_stopped(self):
        """... by its own window: answers are not piled up in memory."""
        with self.client() as client:
            client.socket.settimeout(0.5)
            request = get("/pieces").encode()
            with self.assertRaises(TimeoutError):
                while True:
                    client.socket.sendall(1000 * request)
            self.assertEqual(self.ask_once(get("/unread"))[0], 200)


class Idle(Case):
    arguments = (0, 300)

    def test_idle_connections_are_closed_silently(self):
        with self.client() as client, self.client() as newline:
            newline.send("\r\n")
            self.assertEqual((client.rest(), newline.rest()), (b"", b""))

    def test_also_those_that_were_in_use(self):
        while True:
            with self.client() as client:
                try:
                    client.ask(get("/unread"))
                except (EOFError, ConnectionError):
                    continue  # we were too slow
                self.assertEqual(client.rest(), b"")
                return


class Bound(Case):
    @classmethod
    def program(cls):
        return http_server, "-l", "127.0.0.1:0", "-c", "2"

    def test_more_than_there_may_be_have_to_wait(self):
        first, second, third = (self.client() for _ in range(3))
        first.ask(get("/hello"))
        second.ask(get("/hello"))
        third.send(get("/hello"))
        third.socket.settimeout(0.1)
        with self.assertRaises(TimeoutError):
            third.more()
        third.socket.settimeout(TIMEOUT)
        first.socket.close()
        self.assertEqual(third.answer()[0], 200)


class Slow(Case):
    """With a server that has little patience; nothing else is asked of it."""
    arguments = (1000000, 0, 400)  # bytes of a body; ms idle; ms to wait

    def assert_given_up(self, data, status=408):
        with self.client() as client:
            client.send(data)
            self.assertEqual(client.answer()[0], status)
            self.assertEqual(client.rest(), b"")

    def test_heads_that_stop(self):
        for data in ("G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: x\r\n"):
            self.assert_given_up(data)
        with self.client() as client:
            client.ask(get("/unread"))
            client.send("GET")
            self.assertEqual(client.answer()[0], 408)

    def drip(self, client, data):
        """Send a byte now and then, as long as somebody listens: how many."""
        client.socket.settimeout(0.02)
        for i in range(TIMEOUT * 50):
            try:
                client.send(data[i % len(data):][:1])
                if not client.more():
                    return i
            except TimeoutError:
                continue
            except ConnectionError:
                return i
            if client.buffer:
                client.socket.settimeout(TIMEOUT)
                return i
        self.fail("it may go on for ever")

    def test_heads_that_drip(self):
        with self.client() as client:
            client.send(get("/unread")[:-2])
            self.drip(client, b"A: b\r\n")
            self.assertEqual(client.answer()[0], 408)

    def test_bodies_that_stop(self):
        for head in ("Content-Length: 5\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n",
                     "Transfer-Encoding: chunked\r\n\r\n5\r\nabc",
                     "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n"):
            self.assert_given_up("POST /count HTTP/1.1\r\nHost: x\r\n" + head)

    def test_bodies_that_drip(self):
        for head, data in (("Content-Length: 100000", b"x"),
                           ("Transfer-Encoding: chunked", b"1\r\nx\r\n")):
            with self.client() as client:
                client.send(get("/count", head, method="POST"))
                self.drip(client, data)
                self.assertEqual(client.answer()[0], 408)

    def test_unread_bodies_that_stop(self):
        with self.client() as client:
            client.send(get("/unread", "Content-Length: 5", method="POST") + "abc")
            self.assertEqual(client.answer()[0], 200)
            self.assertEqual(client.rest(), b"")

    def test_a_client_that_does_not_read(self):
        with self.client() as client:
            client.send(200 * get("/pieces"))
            client.socket.settimeout(TIMEOUT)
            seen = 0
            while self.answers_are_coming(client):
                seen += 1
                time.sleep(0.1)
            self.assertLess(seen, TIMEOUT * 10)

    def answers_are_coming(self, client):
        """The socket has no error yet: the server has not closed it."""
        try:
            client.socket.send(b"G", socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except ConnectionError:
            return False
        return True


class Many(Case):
    """Idle connections, while others are at work."""

    @classmethod
    def program(cls):
        return http_server, "-l", "127.0.0.1:0", "-i", "3600"

    def test_idle_ones_do_not_disturb_others(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        n = min(IDLE, hard - 100)
        idle = [self.client() for _ in range(n)]
        for client in idle[::2]:
            self.assertEqual(client.ask(get("/hello"))[0], 200)
        busy = self.client()
        for i in range(1000):
            self.assertEqual(busy.ask(get(f"/hello?name={i}"))[2], b"Hello, %d!\n" % i)
        memory = self.memory()
        for client in idle:
            self.assertEqual(client.ask(get("/hello"))[0], 200)
        print(f"\n{n} idle connections, {memory / (n + 1):.1f} KiB of memory for each")

    def memory(self):
        with open(f"/proc/{self.server.process.pid}/status", encoding="ascii") as file:
            return int(next(line for line in file if line.startswith("VmRSS")).split()[1])


class End(Case):
    def setUp(self):
        self.own = Server(http_server, "-l", "127.0.0.1:0")

    def tearDown(self):
        self.own.process.kill()
        self.own.process.communicate()
        self.own.errors.close()

    def connect(self):
        client = Client(self.own)
        self.addCleanup(client.socket.close)
        return client

    def test_idle_connections_end_and_answers_are_finished(self):
        idle, new, polling, streaming, half = (self.connect() for _ in range(5))
        idle.ask(get("/hello"))
        polling.send(get("/poll"))
        streaming.send(get("/stream?lines=100000&ms=10"))
        half.send("GET /hello HTTP/1.1\r\nHost: x\r\n")
        streaming.take_until(b"line 3\n")
        self.own.process.terminate()
        for client in (idle, new):
            self.assertEqual(client.rest(), b"")
        status, headers, _ = polling.answer()
        self.assertEqual(status, 204)
        self.assertTrue(streaming.rest().endswith(b"\r\n0\r\n\r\n"))
        half.send("\r\n")
        self.assertEqual(half.answer()[1]["connection"], "close")
        self.assertEqual(self.own.process.wait(TIMEOUT), 0)
        with self.assertRaises(ConnectionRefusedError):
            Client(self.own)

    def test_what_does_not_end_is_ended(self):
        client = self.connect()
        client.send(get("/echo", "Content-Length: 5", method="POST") + "abc")
        client.head()
        self.own.process.terminate()
        self.assertEqual(self.own.process.wait(TIMEOUT), 0)
        self.assertIn(client.rest(), (b"abc", b""))
        self.own.errors.seek(0)
        self.assertIn(b"cut short", self.own.errors.read())


class Log(Case):
    def test_what_is_answered_is_said_in_plain_characters(self):
        own = Server(http_server, "-l", "127.0.0.1:0", "-v", "-r")
        with Client(own) as client:
            client.send(get("/hello") + get("/a%0Ab") + get("/hello", method="HEAD") +
                        "rubbish\r\n\r\n")
            client.rest()
        said = [own.process.stdout.readline() for _ in range(4)]
        self.assertEqual(own.stop(), 0)
        self.assertEqual(said, [b"127.0.0.1 GET /hello 200 14\n",
                                b"127.0.0.1 GET /a?b 404 14\n",
                                b"127.0.0.1 HEAD /hello 200 0\n",
                                b"127.0.0.1 - - 400 16\n"])


class Poll(Case):
    @classmethod
    def program(cls):
        return http_server, "-l", "127.0.0.1:0"

    def test_all_who_wait_hear_what_is_said(self):
        waiting = [self.client() for _ in range(20)]
        number = int(self.ask_once(get("/poll?after=-1&ms=0"))[1].get("message-number", 0))
        for client in waiting:
            client.send(get(f"/poll?after={number}"))
        self.assertEqual(self.ask_once(get("/poll?after=1000000&ms=1"))[0], 204)
        body = "news"
        self.assertEqual(self.ask_once(
            get("/poll", "Content-Length: 4", method="POST") + body)[0], 204)
        for client in waiting:
            status, headers, said = client.answer()
            self.assertEqual((status, said), (200, b"news"))
            self.assertEqual(headers["message-number"], str(number + 1))

    def test_lines_come_as_they_are_written(self):
        with self.client() as client:
            client.send(get("/stream?lines=3&ms=1"))
            status, headers = client.head()
            self.assertEqual(list(client.chunks()), [b"line %d\n" % i for i in (1, 2, 3)])


main()
