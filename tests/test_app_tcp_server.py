# SPDX-License-Identifier: MIT
"""examples/apps/tcp_server.c: a key-value store spoken to in lines."""
import signal
import apps


class Client:
    def __init__(self, test, port):
        self.connection = test.enter(apps.connect(port))
        self.lines = test.enter(self.connection.makefile("rwb"))

    def say(self, text):
        self.lines.write(text.encode() + b"\n")
        self.lines.flush()

    def hear(self):
        return self.lines.readline().decode().rstrip("\n")

    def ask(self, text):
        self.say(text)
        return self.hear()


class TcpServer(apps.Test):
    def start(self, *options):
        server = self.program("tcp_server", "-l", "127.0.0.1:0", *options)
        return server, server.port()

    def test_keeps_what_it_is_given(self):
        _, port = self.start()
        ann, bob = Client(self, port), Client(self, port)
        self.assertEqual(ann.ask("SET greeting hello, world"), "OK")
        self.assertEqual(bob.ask("GET greeting"), "VALUE hello, world")
        self.assertEqual(bob.ask("SET greeting bye"), "OK")
        self.assertEqual(ann.ask("GET greeting"), "VALUE bye")
        self.assertEqual(ann.ask("STATS"), "STATS clients 2 commands 5 keys 1")
        self.assertEqual(ann.ask("DEL greeting"), "OK")
        self.assertEqual(ann.ask("DEL greeting"), "NONE")
        self.assertEqual(bob.ask("GET greeting"), "NONE")
        self.assertEqual(bob.ask("QUIT"), "BYE")
        self.assertEqual(bob.hear(), "")

    def test_survives_what_it_does_not_understand(self):
        _, port = self.start()
        client = Client(self, port)
        for line in ("", "NONSENSE", "GET", "GET a b", "SET a", "\0\xff"):
            self.assertIn("ERROR", client.ask(line))
        self.assertIn("too long", client.ask("SET a " + "x" * 100000))
        self.assertEqual(client.ask("GET a"), "NONE")

    def test_many_keys(self):
        _, port = self.start()
        client = Client(self, port)
        client.say("\n".join(f"SET key{i} {i}" for i in range(3000)))
        for _ in range(3000):
            self.assertEqual(client.hear(), "OK")
        self.assertEqual(client.ask("GET key2999"), "VALUE 2999")
        self.assertIn("keys 3000", client.ask("STATS"))

    def test_more_clients_than_allowed_wait(self):
        _, port = self.start("--max", "1")
        first, second = Client(self, port), Client(self, port)
        second.say("STATS")
        self.assertIn("clients 1", first.ask("STATS"))
        self.assertEqual(first.ask("QUIT"), "BYE")
        self.assertIn("clients 1 ", second.hear())

    def test_sends_silent_clients_away(self):
        _, port = self.start("--idle", "1")
        self.assertEqual(Client(self, port).hear(), "BYE, you are silent")

    def test_says_good_bye_when_it_is_stopped(self):
        for signo in (signal.SIGINT, signal.SIGTERM):
            server, port = self.start()
            client = Client(self, port)
            self.assertEqual(client.ask("SET a b"), "OK")
            self.assertEqual(server.stop(signo),
                             (0, "stopped after 1 commands\n", ""))
            self.assertEqual(client.hear(), "BYE, the server stops")

    def test_says_what_is_wrong(self):
        self.check_usage("tcp_server")
        self.assertEqual(apps.run("tcp_server", "-l", "nonsense"),
                         (1, "", "tcp_server: nonsense: Invalid argument\n"))
        _, port = self.start()
        status, _, err = apps.run("tcp_server", "-l", f"127.0.0.1:{port}")
        self.assertEqual(status, 1)
        self.assertIn("in use", err)
        status, _, err = apps.run("tcp_server", "-m", "many")
        self.assertEqual(status, 2)
        self.assertIn('"many" is not a number', err)


if __name__ == "__main__":
    apps.main()
