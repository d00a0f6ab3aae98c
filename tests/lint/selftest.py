#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that each lint tool passes a clean sample and fails on each kind of bad one.

A small house is laid out in a temporary folder; every case changes one file of it and names the
tool that must object and a part of what it must say. A tool that never objects fails here.
"""

import os
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
LINT = os.path.join(ROOT, "script", "lint")
LICENCE = "/* SPDX-License-Identifier: Apache-2.0 */\n"

ROOMS = """# a comment
base  |           | libzstd | zstd.h=1
net   | base      | libuv   | uv.h=*
event | base      |         |
"""
CLEAN = {
    "src/rooms.txt": ROOMS,
    "src/base/add.h": LICENCE + "#ifndef A_H\n#define A_H\nint tv_add(int a, int b);\n#endif\n",
    "src/base/add.c": LICENCE + '#include "base/add.h"\n\n#include <stdio.h>\n#include <zstd.h>\n\n'
    + "int tv_add(int a, int b)\n{\n    return a + b;\n}\n",
    "src/net/loop.c": LICENCE + '#include "base/add.h"\n#include <uv.h>\n',
    "src/event/event.c": LICENCE + '#include "base/add.h"\n/* strcpy(a, b) in a comment */\n',
    "tests/unit/base/test_add.c": LICENCE + '#include "base/add.h"\n#include <cmocka.h>\n',
    "src/net/called.c": LICENCE
    + "int f(void *cls, int b, int c, int d, int e, int g)\n{\n    return b;\n}\n",
    "CONTRIBUTING.md": "| `base` | | x |\n| `net` | base | uv |\n| `event` | base | |\n",
    "README.md": "# Top\n\n[there](docs/a.md#second-part) `[no](link.md)` [out](https://x.test)\n",
    "docs/a.md": "# A\n\n## Second part\n\n[up](../README.md#top)\n",
}


def function(lines, head="static void long_one(void)"):
    return LICENCE + head + "\n{\n" + "    ;\n" * (lines - 3) + "}\n"


# (tool, path to write, its new text, what the tool must say)
BAD = [
    ("format", "src/base/add.c", LICENCE + "int  x;\n", "clang-format"),
    ("layers", "src/event/event.c", LICENCE + '#include "net/loop.h"\n', "may not include room net"),
    ("layers", "src/base/add.c", LICENCE + '#  include "event/e.h"\n', "may not include room event"),
    ("layers", "src/net/loop.c", LICENCE + '#include "base/a_internal.h"\n', "private to room base"),
    ("layers", "src/net/loop.c", LICENCE + '#include "loop.h"\n', "not rooted at src/"),
    ("layers", "src/event/event.c", LICENCE + "#include <uv.h>\n", "may not include <uv.h>"),
    ("layers", "src/net/loop.c", LICENCE + "#include <expat.h>\n", "may not include <expat.h>"),
    ("layers", "src/base/two.c", LICENCE + "#include <zstd.h>\n", "belongs in one file"),
    ("layers", "src/attic/a.c", LICENCE, "'attic' is not a room"),
    ("layers", "src/rooms.txt", ROOMS.replace("base  |      ", "base  | net  "), "is not above it"),
    ("layers", "tests/unit/base/test_add.c", LICENCE + '#include "net/l.h"\n',
     "may not include room net"),
    ("layers", "CONTRIBUTING.md", "| `base` | | |\n| `net` | base event | |\n| `event` | base | |\n",
     "the row of room net differs"),
    ("headers", "src/base/add.h", LICENCE + "size_t tv_add(int a);\n", "does not compile alone"),
    ("headers", "src/base/add.h", LICENCE + "struct tv_a { int b; };\n", "does not compile alone"),
    ("sizes", "src/base/add.c", function(61), "long_one has 61 lines"),
    ("sizes", "src/base/add.c", function(4, "int f(int a, int b, int c, int d, int e, int g)"),
     "f has 6 parameters"),
    ("sizes", "src/base/add.c", LICENCE + "\n" * 700, "701 lines"),
    ("sizes", "web/src/a.ts", "\n" * 701, "701 lines"),
    ("banned", "src/base/add.c", LICENCE + "void f(char *a)\n{\n    strcpy(a, a);\n}\n", "strcpy"),
    ("banned", "src/base/add.c", LICENCE + "int f(char *a)\n{\n    return atoi (a);\n}\n", "atoi"),
    ("banned", "src/base/add.c", "int a;\n", "the first line"),
    ("banned", "src/base/add.c", LICENCE + "/* TO" + "DO: later */\n", "needs an issue number"),
    ("links", "docs/a.md", "[gone](b.md)\n", "'b.md' does not exist"),
    ("links", "docs/a.md", "[up](../README.md#bottom)\n", "has no heading '#bottom'"),
    ("links", "docs/a.md", "[ref]\n\n[ref]: gone.md\n", "'gone.md' does not exist"),
    ("links", "docs/a.md", "[out](../../x.md)\n", "leads out of the project"),
    ("paths", "docs/a.md", "see /wo" + "rk/thing\n", "a folder of one machine"),
    ("paths", "web/package-lock.json", '"res' + 'olved": "https://x.test/y.tgz"\n', "a registry's"),
]
TOOLS = sorted({case[0] for case in BAD})


class LintTools(unittest.TestCase):
    def setUp(self):
        self.house = tempfile.mkdtemp(prefix="traversion-lint-")
        self.addCleanup(shutil.rmtree, self.house)
        shutil.copy(os.path.join(ROOT, ".clang-format"), self.house)
        for path, text in CLEAN.items():
            self.write(path, text)

    def write(self, path, text):
        full = os.path.join(self.house, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)

    def run_tool(self, tool):
        return subprocess.run([os.path.join(LINT, tool), self.house], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)

    def test_clean_sample_passes(self):
        for tool in TOOLS:
            with self.subTest(tool):
                run = self.run_tool(tool)
                self.assertEqual(run.returncode, 0, run.stdout)

    def test_every_tool_has_a_bad_sample(self):
        tools = [name for name in os.listdir(LINT) if name not in ("sources", "common.py")]
        self.assertEqual(sorted(name for name in tools if not name.startswith("__")), TOOLS)


def bad_case(tool, path, text, message):
    def test(self):
        self.write(path, text)
        run = self.run_tool(tool)
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertIn(message, run.stdout)
    return test


for number, case in enumerate(BAD):
    name = f"test_{case[0]}_objects_{number}_{case[3].strip().replace(' ', '_')}"
    setattr(LintTools, name, bad_case(*case))

if __name__ == "__main__":
    unittest.main()
