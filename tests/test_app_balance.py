# SPDX-License-Identifier: MIT
"""examples/apps/balance.c: a proxy whose backends come and go."""
import signal
import socket
import threading
import apps


class Backend:
    """Says its name to whoever sends something, and ends when told so."""

    def __init__(self, test, name, port=0):
        self.name = name.encode()
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", port))
        self.socket.listen(100)
        self.port = self.socket.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        test.addCleanup(self.close)

    def serve(self):
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.answer, args=[connection],
                             daemon=True).start()

    def answer(self, connection):
        with connection:
            while connection.recv(1000):
                connection.sendall(self.name)

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
        self.thread.join()


class Balance(apps.Test):
    def start(self, backends, *options):
        program = self.program("balance", "--check", "0.02", *options,
                               "127.0.0.1:0", *(b.address for b in backends))
        return program, program.port()

    def wait_for(self, program, *texts):
        """Lines that begin so, in any order."""
        missing = set(texts)
        while missing:
            line = program.line()
            if not line:
                self.fail(f"no {missing}: {program.end()}")
            missing -= {text for text in missing if line.startswith(text)}

    def up(self, program, *backends):
        self.wait_for(program, *(f"{b.address} is up" for b in backends))

    def client(self, port):
        return self.enter(apps.connect(port))

    def ask(self, client):
        client.sendall(b"who are you?")
        return client.recv(100).decode()

    def test_in_turn(self):
        backends = [Backend(self, name) for name in "abc"]
        program, port = self.start(backends, "--round-robin")
        self.up(program, *backends)
        names = [self.ask(self.client(port)) for _ in range(9)]
        self.assertEqual(sorted(names[:3]), ["a", "b", "c"])
        self.assertEqual(names, names[:3] * 3)

    def test_to_who_has_fewest(self):
        backends = [Backend(self, name) for name in "ab"]
        program, port = self.start(backends)
        self.up(program, *backends)
        clients = [self.client(port) for _ in range(10)]
        names = [self.ask(client) for client in clients]
        self.assertEqual(sorted(names), ["a"] * 5 + ["b"] * 5)
        # Those of a go, until the proxy has noticed; then a gets the next five.
        for client, name in zip(clients, names):
            if name == "a":
                client.shutdown(socket.SHUT_WR)
                apps.read_all(client)
        while True:
            program.send(signal.SIGUSR1)
            shown = [program.line(), program.line()]
            if "0 active, 5 served" in shown[0]:
                break
        self.assertIn("5 active", shown[1])
        self.assertEqual([self.ask(self.client(port)) for _ in range(5)],
                         ["a"] * 5)

    def test_a_backend_that_goes_and_comes_back(self):
        a, b = Backend(self, "a"), Backend(self, "b")
        program, port = self.start([a, b], "--round-robin")
        self.up(program, a, b)
        a.close()
        for _ in range(6): # also before the proxy has noticed
            self.assertEqual(self.ask(self.client(port)), "b")
        again = Backend(self, "a", a.port)
        self.wait_for(program, f"{a.address} is Connection refused")
        self.up(program, again)
        self.assertEqual({self.ask(self.client(port)) for _ in range(2)},
                         {"a", "b"})

    def test_clients_wait_when_there_is_none(self):
        a = Backend(self, "a")
        a.close()
        program, port = self.start([a], "--wait", "100", "--grace", "0")
        clients = [self.client(port) for _ in range(5)]
        for client in clients:
            client.sendall(b"?")
        again = Backend(self, "a", a.port)
        for client in clients:
            self.assertEqual(client.recv(10), b"a")
        del again
        self.assertEqual(program.stop()[0], 0)

    def test_but_not_for_ever(self):
        a = Backend(self, "a")
        a.close()
        program, port = self.start([a], "--wait", "0.01")
        self.assertEqual(apps.read_all(self.client(port)), b"")
        status, out, err = program.stop()
        self.assertEqual((status, err), (0, ""))
        self.assertIn(f"{a.address}: down, 0 active, 0 served", out)

    def test_half_closed_connections(self):
        with socket.create_server(("127.0.0.1", 0)) as backend:
            program = self.program(
                "balance", "127.0.0.1:0",
                f"127.0.0.1:{backend.getsockname()[1]}")
            client = self.client(program.port())
            client.sendall(b"question")
            client.shutdown(socket.SHUT_WR)
            question = b""
            while not question: # a health check comes in between
                server = self.enter(backend.accept()[0])
                question = apps.read_all(server)
            self.assertEqual(question, b"question")
            server.sendall(b"answer")
            server.close()
            self.assertEqual(apps.read_all(client), b"answer")

    def test_drains_when_it_is_stopped(self):
        a = Backend(self, "a")
        program, port = self.start([a], "--grace", "1000")
        self.up(program, a)
        client = self.client(port)
        self.assertEqual(self.ask(client), "a")
        program.send(signal.SIGTERM)
        self.assertEqual(self.ask(client), "a")
        client.close()
        status, out, err = program.end()
        self.assertEqual((status, err), (0, ""))
        self.assertIn("up, 0 active, 1 served, 0 failures", out)
        self.assertNotIn("cut", out)

    def test_a_second_signal_ends_its_patience(self):
        a = Backend(self, "a")
        program, port = self.start([a], "--grace", "1000")
        self.up(program, a)
        client = self.client(port)
        self.assertEqual(self.ask(client), "a")
        program.send(signal.SIGINT)
        apps.await_refusal(port)
        status, out, _ = program.stop(signal.SIGINT)
        self.assertEqual(status, 0)
        self.assertIn("some connections were cut", out)
        self.assertEqual(apps.read_all(client), b"")

    def test_says_what_is_wrong(self):
        self.check_usage("balance")
        self.assertEqual(apps.run("balance", "127.0.0.1:0")[0], 2)
        self.assertEqual(apps.run("balance", "nonsense", ":1"),
                         (1, "", "balance: nonsense: Invalid argument\n"))
        status, _, err = apps.run("balance", "-c", "often", ":0", ":1")
        self.assertEqual(status, 2)
        self.assertIn("often is not a number", err)


if __name__ == "__main__":
    apps.main()
