# SPDX-License-Identifier: MIT
"""examples/apps/pipeline.c: programs that read from each other."""
import signal
import subprocess
import apps

# Says when it is there, and stays.
STAY = "import sys, time; print('ready', flush=True); time.sleep(1000)"
# The same, and does not want to go.
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + STAY


class Pipeline(apps.Test):
    def check(self, expected, *arguments, **options):
        self.assertEqual(apps.run("pipeline", *arguments, **options), expected)

    def test_one_reads_from_the_other(self):
        self.check((0, "a b\nc\n", ""), "printf", "c\na b\nc\n", "::",
                   "sort", "-u")
        self.check((0, "3\n", ""), "echo", "a b c", "::", "tr", " ", "\\n",
                   "::", "cat", "::", "wc", "-l")
        self.check((0, "alone\n", ""), "echo", "alone")

    def test_reads_and_writes_what_it_was_given(self):
        with self.program("pipeline", "cat", "::", "tr", "a-z", "A-Z",
                          stdin=subprocess.PIPE) as program:
            out, err = program.process.communicate(b"words\n" * 100000)
            self.assertTrue(out == b"WORDS\n" * 100000)
            self.assertEqual((program.process.returncode, err), (0, b""))

    def test_as_long_as_it_likes(self):
        cats = [word for _ in range(30) for word in ("::", "cat")]
        self.check((0, "through\n", ""), "echo", "through", *cats)

    def test_a_program_that_has_heard_enough(self):
        self.check((0, "y\n", ""), "yes", "::", "head", "-n", "1")

    def test_the_status_is_that_of_the_last(self):
        self.check((0, "", ""), "false", "::", "true")
        self.check((1, "", ""), "true", "::", "false")
        self.check((3, "", ""), "--pipefail", "sh", "-c", "exit 2", "::",
                   "sh", "-c", "exit 3", "::", "true")
        self.check((0, "", ""), "--pipefail", "true", "::", "true")
        self.check((128 + 9, "", ""), "sh", "-c", "kill -9 $$")

    def test_says_how_each_ended(self):
        status, _, err = apps.run("pipeline", "-v", "sh", "-c", "kill -9 $$",
                                  "::", "sh", "-c", "cat; exit 3")
        self.assertEqual(status, 3)
        self.assertEqual(sorted(err.splitlines()), ["sh: Killed", "sh: exit 3"])

    def test_a_program_that_is_not_there(self):
        self.check((127, "", "pipeline: /no/such: No such file or directory\n"),
                   "sleep", "1000", "::", "/no/such", "::", "sleep", "1000")

    def test_takes_too_long(self):
        self.check((124, "", "pipeline: it takes too long\n"),
                   "-t", "0.05", "sleep", "1000", "::", "sleep", "1000")

    def test_ends_all_at_a_signal(self):
        for signo in signal.SIGINT, signal.SIGTERM:
            program = self.program("pipeline", "-v", "sleep", "1000", "::",
                                   "python3", "-c", STAY)
            self.assertEqual(program.line(), "ready")
            status, _, err = program.stop(signo)
            self.assertEqual(status, 128 + signal.SIGTERM)
            self.assertEqual(sorted(err.splitlines()),
                             ["python3: Terminated", "sleep: Terminated"])

    def test_insists_after_a_while(self):
        program = self.program("pipeline", "--grace", "0.05",
                               "python3", "-c", STUBBORN)
        self.assertEqual(program.line(), "ready")
        self.assertEqual(program.stop()[0], 128 + signal.SIGKILL)

    def test_says_what_is_wrong(self):
        self.check_usage("pipeline")
        for words in [], ["::"], ["a", "::"], ["a", "::", "::", "b"]:
            self.assertEqual(apps.run("pipeline", *words)[0], 2)
        self.assertEqual(apps.run("pipeline", "-t", "soon", "true")[0], 2)
        self.assertEqual(apps.run("pipeline", *["true", "::"] * 64, "true")[0],
                         2)


if __name__ == "__main__":
    apps.main()
