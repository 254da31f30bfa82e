# SPDX-License-Identifier: MIT
"""Answers: lengths, chunks, HEAD, HTTP/1.0, faults of handlers, upgrades."""
import email.utils
import socket
import time

from wire import Case, get, main


class Answers(Case):
    def test_what_each_answer_says(self):
        status, headers, body = self.ask_once(get("/unread"))
        self.assertEqual((status, body), (200, b"unread"))
        self.assertEqual(headers["content-length"], "6")
        self.assertEqual(headers["content-type"], "text/plain")
        age = time.time() - email.utils.parsedate_to_datetime(headers["date"]).timestamp()
        self.assertLess(abs(age), 60)

    def test_head_has_the_headers_and_no_body(self):
        for path in ("/unread", "/pieces", "/nothing"):
            with self.client() as client:
                status, wanted, _ = client.ask(get(path))
                got = client.ask(get(path, method="HEAD"))
                wanted.pop("date"), got[1].pop("date")
                self.assertEqual(got, (status, wanted, b""))
                self.assertEqual(client.ask(get("/unread"))[2], b"unread")

    def test_pieces_of_all_sizes(self):
        wanted, n = b"", 1
        while n < 65536:
            wanted += bytes(i % 251 for i in range(n))
            n += 1 + n // 3
        with self.client() as client:
            status, headers, body = client.ask(get("/pieces"))
            self.assertEqual(headers["transfer-encoding"], "chunked")
            self.assertNotIn("content-length", headers)
            self.assertTrue(body == wanted)
            client.send("GET /pieces HTTP/1.0\r\n\r\n")
            status, headers = client.head()
            self.assertNotIn("transfer-encoding", headers)
            self.assertEqual(headers["connection"], "close")
            self.assertTrue(client.rest() == wanted)

    def test_http_1_0_closes_unless_asked_not_to(self):
        with self.client() as client:
            for _ in range(2):
                client.send("GET /unread HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
                self.assertEqual(client.answer()[1]["connection"], "keep-alive")
            client.send("GET /unread HTTP/1.0\r\n\r\n")
            self.assertEqual(client.answer()[1]["connection"], "close")
            self.assertEqual(client.rest(), b"")

    def test_http_1_1_stays_unless_asked_to_close(self):
        with self.client() as client:
            self.assertNotIn("connection", client.ask(get("/unread"))[1])
            client.send(get("/unread", "Connection: x, Close") + get("/unread"))
            self.assertEqual(client.answer()[1]["connection"], "close")
            self.assertEqual(client.rest(), b"")

    def test_redirections_stay_on_this_host(self):
        for to, location in (("/a", "/a"), ("//evil/", "/evil/"), ("/%5Cevil", "/evil"),
                             ("/a%0D%0AX:%20y", "/a%0D%0AX%3A%20y"), ("/%C3%A9", "/%C3%A9")):
            status, headers, _ = self.ask_once(get("/redirect?to=" + to))
            self.assertEqual((status, headers["location"]), (302, location))


class Faults(Case):
    def test_no_answer_is_an_answer(self):
        for path in ("/nothing", "/failing"):
            with self.client() as client:
                self.assertEqual(client.ask(get(path))[0], 500)
                self.assertEqual(client.ask(get("/unread"))[0], 200)

    def test_an_answer_that_is_given_up_breaks_the_connection(self):
        with self.client() as client:
            client.send(get("/cut"))
            client.head()
            self.assertEqual(client.rest(), b"0004\r\nhalf\r\n")
        with self.client() as client:
            client.send(get("/cut?10"))
            client.head()
            self.assertEqual(client.rest(), b"half")
        with self.client() as client:
            client.send("GET /cut HTTP/1.0\r\n\r\n")
            with self.assertRaises(ConnectionResetError):
                client.rest()

    def test_less_than_was_promised_breaks_the_connection(self):
        with self.client() as client:
            client.send(get("/short"))
            self.assertEqual(client.head()[1]["content-length"], "10")
            self.assertEqual(client.rest(), b"half")

    def test_more_than_was_promised_is_not_sent(self):
        self.assertEqual(self.ask_once(get("/long"))[2], b"good")

    def test_a_second_answer_is_not_sent(self):
        with self.client() as client:
            self.assertEqual(client.ask(get("/twice"))[2], b"once")
            self.assertEqual(client.ask(get("/unread"))[2], b"unread")

    def test_headers_that_would_be_something_else(self):
        def outcome(query):
            _, headers, body = self.ask_once(get("/header?" + query))
            return body.decode(), headers

        said, headers = outcome("name=X-A&value=b%20c%09d%C3%A9")
        self.assertEqual((said, headers["x-a"]), ("set", "b c\td\xc3\xa9"))
        said, headers = outcome("name=X-" + 30 * "%41" + "&value=1")
        self.assertEqual((said, headers["x-" + 30 * "a"]), ("set", "1"))
        self.assertEqual(outcome("name=" + 64 * "%41" + "&value=1")[0], "Message too long")
        for value in ("a%0D%0AX:%20y", "a%0Ab", "a%0Db", "%7F", "%01"):
            said, headers = outcome("name=X-A&value=" + value)
            self.assertEqual(said, "Invalid argument")
            self.assertNotIn("x-a", headers)
        for name in ("", "X:", "X%20Y", "X%0D%0AY", "content-length", "Transfer-Encoding",
                     "CONNECTION", "Date", "%C3%A9"):
            self.assertEqual(outcome(f"name={name}&value=a")[0], "Invalid argument")
        self.assertEqual(outcome("name=X&value=" + 2100 * "x")[0], "No buffer space available")

    def test_types_that_would_be_something_else(self):
        self.assertEqual(self.ask_once(get("/type?type=a/b"))[1]["content-type"], "a/b")
        for kind in ("a%0D%0AX:%20y", 300 * "a"):
            _, headers, body = self.ask_once(get("/type?type=" + kind))
            self.assertEqual((body, "x" in headers), (b"Invalid argument", False))

    def test_paths_and_methods_that_are_not_there(self):
        with self.client() as client:
            self.assertEqual(client.ask(get("/elsewhere"))[0], 404)
            status, headers, _ = client.ask(get("/count"))
            self.assertEqual((status, headers["allow"]), (405, "POST, PUT"))
            self.assertEqual(client.ask(get("/unread"))[0], 200)


class Upgrade(Case):
    def test_the_connection_is_the_handlers_with_what_has_come(self):
        with self.client() as client:
            client.send(get("/shout", "Connection: Upgrade", "Upgrade: shout") + "early")
            status, headers = client.head()
            self.assertEqual(status, 101)
            self.assertEqual(headers["upgrade"], "shout")
            self.assertEqual(headers["connection"], "Upgrade")
            self.assertEqual(headers["shouting"], "yes")
            self.assertNotIn("content-length", headers)
            self.assertEqual(client.take(5), b"early")
            client.send(b"later")
            self.assertEqual(client.take(5), b"LATER")
            client.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(client.rest(), b"")

    def test_not_with_a_body_and_not_in_http_1_0(self):
        with self.client() as client:
            client.send(get("/shout", "Content-Length: 1") + "x")
            self.assertEqual(client.answer()[2], b"Invalid argument")
            client.send("GET /shout HTTP/1.0\r\n\r\n")
            self.assertEqual(client.answer()[2], b"Invalid argument")


main()
