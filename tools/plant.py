# SPDX-License-Identifier: MIT
"""plant.py - tests against a libgreen in which one file is another.

Used by tools/canaries and tools/mutants.  The changed file is compiled alone and
linked in front of the library of a build, so that a test with it costs a second and
no build is spoilt.
"""
import os
import pathlib
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIMIT = 20  # seconds for one test program
ARGUMENTS = {"model": ["30000"], "faults": ["--sample", "300"]}


class Planter:
    def __init__(self, build):
        self.build = pathlib.Path(build).resolve()
        cache = (self.build / "CMakeCache.txt").read_text()
        self.compiler = re.search(r"^CMAKE_C_COMPILER:\w+=(.+)$", cache, re.M)[1]
        self.cmocka = re.search(r"^CMOCKA_LIBRARY:\w+=(.+)$", cache, re.M)[1]
        self.sound = {}

    def run(self, command, **options):
        """Its exit status; what hangs is ended, and has failed."""
        with open(os.devnull, "r+b") as null:
            process = subprocess.Popen(command, stdin=null, stdout=null, stderr=null,
                                       start_new_session=True, **options)
            try:
                return process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                return -1
            finally:
                try:  # and its children
                    os.killpg(process.pid, 9)
                except ProcessLookupError:
                    pass
                process.wait()

    def compile(self, text, name, directory):
        """The object of src/NAME with this text, or None."""
        source, target = directory / name, directory / (name + ".o")
        source.write_text(text)
        status = self.run([self.compiler, "-std=c11", "-O1", "-g", "-w", "-pthread",
                           "-D_GNU_SOURCE", "-I", ROOT / "include", "-iquote",
                           ROOT / "src", "-c", source, "-o", target])
        return target if status == 0 else None

    def has_test(self, test):
        return bool(self.objects(test))

    def objects(self, test):
        places = (self.build / f"tests/CMakeFiles/{kind}{test}.dir" for kind in ("", "test_"))
        return sorted(file for place in places for file in place.rglob("*.o"))

    def passes(self, test, changed, directory):
        """Does the test pass with this object?  None if it cannot be linked."""
        program = directory / test
        link = [self.compiler, "-pthread", "-o", program, *self.objects(test), *changed,
                self.build / "tests/libtest_support.a", self.build / "libgreen.a",
                self.cmocka, "-lm"]
        if self.run(link) != 0:
            return None
        return self.run([program, *ARGUMENTS.get(test, [])], cwd=directory) in (0, 77)

    def is_sound(self, test):
        """Does it pass with the library as it is?  What does not says nothing."""
        if test not in self.sound:
            with tempfile.TemporaryDirectory() as directory:
                self.sound[test] = bool(self.passes(test, [], pathlib.Path(directory)))
        return self.sound[test]

    def found_by(self, text, name, tests):
        """The first of the tests that fails with src/NAME of this text; "" if none
        does; None if that text cannot be compiled."""
        with tempfile.TemporaryDirectory() as place:
            directory = pathlib.Path(place)
            changed = self.compile(text, name, directory)
            if not changed:
                return None
            for test in tests:
                if (self.has_test(test) and self.is_sound(test)
                        and self.passes(test, [changed], directory) is False):
                    return test
        return ""
