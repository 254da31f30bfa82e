# SPDX-License-Identifier: MIT
"""examples/apps/query.c: a pool of connections to PostgreSQL."""
import pathlib
import signal
import subprocess
import sys
import tempfile
import apps

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "clients"))
import servers

# Ends when so many sessions have come to it.
MEET = ("select pg_advisory_lock_shared(7); do $$ begin while (select count(*) "
        "from pg_locks where locktype = 'advisory') < {} loop perform "
        "pg_sleep(0.01); end loop; end $$; select 'met'")
ENDLESS = "select pg_sleep(100000)"


class Query(apps.Test):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        server = servers.postgres(pathlib.Path(scratch.name), 0)
        try:
            cls.where = server.__enter__()
        except servers.Missing as missing:
            cls.skipTest(cls, str(missing))
        cls.addClassCleanup(server.__exit__, None, None, None)

    def query(self, *arguments):
        return self.program("query", *arguments, self.where,
                            stdin=subprocess.PIPE)

    def ask(self, program, text):
        program.process.stdin.write(text.encode() + b"\n")
        program.process.stdin.flush()

    def ask_all(self, queries, *arguments):
        """The status, the answers by number, the last line, what went wrong."""
        program = self.query(*arguments)
        for text in queries:
            self.ask(program, text)
        status, out, err = program.end()
        *answers, last = out.splitlines()
        return (status, dict(line.split(": ") for line in answers if ": " in line),
                last, err)

    def test_at_the_same_time(self):
        status, answers, last, err = self.ask_all([MEET.format(4)] * 4)
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(answers, {str(i): "met" for i in (1, 2, 3, 4)})
        self.assertEqual(last, "4 queries, 0 failed, 4 connections")

    def test_no_more_connections_than_that(self):
        status, answers, last, _ = self.ask_all(
            ["select pg_backend_pid()"] * 200, "--connections", "3")
        self.assertEqual((status, len(answers)), (0, 200))
        self.assertLessEqual(len(set(answers.values())), 3)
        self.assertRegex(last, "200 queries, 0 failed, [123] connections")

    def test_one_is_enough_for_one_at_a_time(self):
        status, answers, last, _ = self.ask_all(
            ["select pg_backend_pid()"] * 20, "--parallel", "1")
        self.assertEqual(len(set(answers.values())), 1)
        self.assertEqual(last, "20 queries, 0 failed, 1 connections")

    def test_what_fails_does_no_harm_to_others(self):
        status, answers, last, err = self.ask_all(
            ["select 1", "nonsense", "begin", "select 4"], "-p", "1")
        self.assertEqual((status, answers["1"], answers["4"]), (1, "1", "4"))
        self.assertIn("2: ERROR:", err)
        # Who left a transaction open has the connection closed.
        self.assertEqual(last, "4 queries, 1 failed, 2 connections")

    def test_a_connection_that_was_lost_while_idle(self):
        program = self.query("-c", "1")
        self.ask(program, "select pg_backend_pid()")
        before = program.line().split()[1]
        _, gone, _, _ = self.ask_all([f"select pg_terminate_backend({before}, 60000)"])
        self.assertEqual(gone, {"1": "t"})
        self.ask(program, "select pg_backend_pid()")
        after = program.line().split()[1]
        self.assertNotEqual(before, after)
        self.assertEqual(program.end()[:2], (0, "2 queries, 0 failed, 2 connections\n"))

    def test_a_timeout(self):
        status, answers, _, err = self.ask_all([ENDLESS], "-t", "1")
        self.assertEqual((status, answers), (1, {}))
        self.assertIn("1: timed out\n", err)

    def test_stops_at_a_signal(self):
        for signo in signal.SIGINT, signal.SIGTERM:
            program = self.query()
            self.ask(program, ENDLESS)
            self.ask(program, "select 'there'")
            self.assertEqual(program.line(), "2: there")
            status, out, _ = program.stop(signo)
            self.assertEqual((status, out), (1, "2 queries, 1 failed, 2 connections\n"))

    def test_says_what_is_wrong(self):
        self.check_usage("query")
        self.assertEqual(apps.run("query")[0], 2)
        program = self.program("query", "host=/no/such", stdin=subprocess.PIPE)
        self.ask(program, "select 1")
        status, out, err = program.end()
        self.assertEqual((status, out), (1, "1 queries, 1 failed, 1 connections\n"))
        self.assertIn("/no/such", err)


if __name__ == "__main__":
    apps.main("query")
