# SPDX-License-Identifier: Apache-2.0
"""What the lint tools share: which files to look at, and how to report."""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def root_from_arguments():
    """The project's root: the first argument, or the one this script lies in."""
    return os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "..", ".."))


def files(root, *patterns):
    """Paths relative to root that match a git pattern, new files included, ignored ones not."""
    run = subprocess.run([os.path.join(HERE, "sources"), root, *patterns],
                         check=True, capture_output=True, text=True)
    return run.stdout.splitlines()


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def blank_comments_and_strings(text):
    """C or TypeScript text with comments and literals blanked; lines keep their numbers."""
    out = []
    at = 0
    while at < len(text):
        end = literal_end(text, at)
        if end == at:
            out.append(text[at])
            at += 1
            continue
        out.append("".join(c if c == "\n" else " " for c in text[at:end]))
        at = end
    return "".join(out)


def literal_end(text, at):
    """Where the comment or literal that starts at `at` ends; `at` itself if none starts there."""
    if text.startswith("/*", at):
        end = text.find("*/", at + 2)
        return len(text) if end < 0 else end + 2
    if text.startswith("//", at):
        end = text.find("\n", at)
        return len(text) if end < 0 else end
    if text[at] not in "\"'`":
        return at
    end = at + 1
    while end < len(text) and text[end] != text[at]:
        if text[end] == "\n" and text[at] != "`":
            return end
        end += 2 if text[end] == "\\" else 1
    return end + 1


def finish(problems, looked_at, what):
    """Prints the problems and exits: 0 when there are none."""
    for problem in problems:
        print(problem)
    print(f"{what}: {len(problems)} problems in {looked_at} files")
    sys.exit(1 if problems else 0)
