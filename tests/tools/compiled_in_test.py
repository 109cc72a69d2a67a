"""Holds tools/compiled-in against a small build directory: what the linker took and the compiler read, and nothing else."""

import importlib.machinery
import importlib.util
import os
import struct
import tempfile
import unittest

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATH = f"{REPOSITORY}/tools/compiled-in"
SPEC = importlib.util.spec_from_loader("compiled_in", importlib.machinery.SourceFileLoader("compiled_in", PATH))
compiled_in = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(compiled_in)

MAP = """Archive member included to satisfy reference by file (symbol)

lib/sys/libbulkhead_sys.a(file.cpp.o)
                              node/init/CMakeFiles/init.dir/main.cpp.o (read_file)
/usr/lib/gcc/x86_64-linux-gnu/14/libstdc++.a(string.o)
                              node/init/CMakeFiles/init.dir/main.cpp.o (std::string)

Discarded input sections

Linker script and memory map

LOAD /usr/lib/x86_64-linux-gnu/rcrt1.o
LOAD node/init/CMakeFiles/init.dir/main.cpp.o
LOAD lib/sys/libbulkhead_sys.a
LOAD lib/unused/libbulkhead_unused.a
LOAD /usr/lib/gcc/x86_64-linux-gnu/14/libstdc++.a
LOAD /usr/lib/x86_64-linux-gnu/libm.a
"""
DEPS = {
    "node/init/CMakeFiles/init.dir/main.cpp.o": ["../../node/init/main.cpp", "/usr/include/c++/14/string", "/usr/include/stdio.h"],
    "lib/sys/CMakeFiles/bulkhead_sys.dir/file.cpp.o": ["/usr/include/nlohmann/json.hpp", "/usr/include/c++/14/bits/a.h"],
    "lib/sys/CMakeFiles/bulkhead_sys.dir/other.cpp.o": ["/usr/include/boost/other.hpp"],
    "lib/unused/CMakeFiles/bulkhead_unused.dir/file.cpp.o": ["/usr/include/boost/unused.hpp"],
}


def deps_log(deps):
    """As Ninja writes it: paths with their numbers, then records of an output, a time and inputs."""
    data, numbers = b"# ninjadeps\n" + struct.pack("<i", 4), {}

    def number(path):
        nonlocal data
        if path not in numbers:
            numbers[path] = len(numbers)
            padded = path.encode() + b"\0" * (-len(path) % 4)
            data += struct.pack("<I", len(padded) + 4) + padded + struct.pack("<I", ~numbers[path] & 0xFFFFFFFF)
        return numbers[path]

    for output, inputs in deps.items():
        record = struct.pack("<III", number(output), 1, 0) + b"".join(struct.pack("<I", number(path)) for path in inputs)
        data += struct.pack("<I", len(record) | 0x80000000) + record
    return data


class CompiledIn(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.build = os.path.realpath(self.directory.name)
        self.program = f"{self.build}/node/init/init"
        os.makedirs(os.path.dirname(self.program))
        self.write(f"{self.program}.map", MAP.encode())
        self.write(f"{self.build}/.ninja_deps", deps_log(DEPS))

    def tearDown(self):
        self.directory.cleanup()

    def write(self, path, data):
        with open(path, "wb") as file:
            file.write(data)

    def found(self):
        deps = compiled_in.read_deps(f"{self.build}/.ninja_deps")
        return compiled_in.foreign_files(self.build, self.program, deps)

    def test_members_headers_and_start_files(self):
        expected = ["/usr/include/c++/14/bits/a.h", "/usr/include/c++/14/string", "/usr/include/nlohmann/json.hpp",
                    "/usr/lib/gcc/x86_64-linux-gnu/14/libstdc++.a", "/usr/lib/x86_64-linux-gnu/rcrt1.o"]
        self.assertEqual(self.found(), {os.path.realpath(path) for path in expected})

    def test_a_record_that_is_not_complete_yet_ends_the_log(self):
        log = deps_log(DEPS)
        self.write(f"{self.build}/.ninja_deps", log + log[-40:-4][:20])
        self.assertEqual(len(self.found()), 5)

    def test_an_object_of_which_nothing_is_known_is_an_error(self):
        self.write(f"{self.build}/.ninja_deps", deps_log({name: inputs for name, inputs in DEPS.items() if "sys" not in name}))
        with self.assertRaisesRegex(compiled_in.Failure, "file.cpp.o"):
            self.found()

    def test_another_format_is_an_error(self):
        self.write(f"{self.build}/.ninja_deps", b"# ninjadeps\n" + struct.pack("<i", 5))
        with self.assertRaisesRegex(compiled_in.Failure, "not a dependency log"):
            self.found()
        self.write(f"{self.build}/.ninja_deps", deps_log(DEPS))
        self.write(f"{self.program}.map", b"             VMA              LMA     Size Align Out     In      Symbol\n")
        with self.assertRaisesRegex(compiled_in.Failure, "not a map of GNU ld"):
            self.found()

    def test_a_file_that_no_package_has_is_an_error(self):
        with self.assertRaisesRegex(compiled_in.Failure, "/usr/include/nobody.hpp"):
            compiled_in.owners_of({"/usr/include/nobody.hpp"})


if __name__ == "__main__":
    unittest.main()
