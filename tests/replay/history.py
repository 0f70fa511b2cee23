#!/usr/bin/env python3
"""Generates a repository like real ones, the same for the same number of commits.

    tests/replay/history.py DIRECTORY [-n COMMITS]

It has what public histories have: merges of two and more, moved directories, executables that come and
go, symlinks, a submodule that moves on, files kept by Git LFS, annotated and lightweight tags, entries of
mode 100664 as old programs wrote them, names in many scripts, one with a tab and two that differ in case
only, CI files, messages without a body, with trailers and in other scripts.
"""

import argparse
import hashlib
import os
import subprocess
import zlib

FILE, OLD, EXECUTABLE, SYMLINK, SUBMODULE, TREE = (
    b"100644", b"100664", b"100755", b"120000", b"160000", b"40000",
)
PEOPLE = [
    "A U Thor <author@example.com>",
    "山田 <y@example.jp>",
    "O'Neil (work) <o@n.example>",
    "bot[bot] <1+bot[bot]@users.example>",
    "René <rene@exemple.fr>",
]
ZONES = ["+0000", "-0730", "+1245", "+0530", "-0000", "+1400"]
DIRECTORIES = ["", "src", "src/parser", "docs/pages/de", "tests/data", "a b", "Док", "deep/1/2/3/4/5/6/7/8"]
NAMES = [
    "main.c", "README", "x", "a-b_c+d", "été.md", "日本語.txt", "emoji 😀.png", "it's.py", "50%.csv",
    "#1", "[id].tsx", "$var", "lib.so.1", "aux.c", "שלום", "two..dots",
]
MESSAGES = [
    "Fix a typo\n",
    "no line end",
    "修正\n",
    "Subject\n\nBody with\ttab\n\n\n",
    "x\n\nSigned-off-by: A <a@x>\n",
    "CRLF\r\n\r\nlines\r\n",
    "Subject\n\nCo-authored-by: B <b@x>\nReviewed-by: C <c@x>\n",
]


class Dice:
    """Numbers that look random and are the same each time."""

    def __init__(self, state):
        self.state = state

    def roll(self, sides):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % sides

    def pick(self, these):
        return these[self.roll(len(these))]


class Repository:
    """Writes loose objects."""

    def __init__(self, path):
        self.path, self.known = path, {}
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main", path], check=True)

    def git(self, *words):
        subprocess.run(["git", "-C", self.path, *words], check=True)

    def write(self, kind, data):
        whole = f"{kind} {len(data)}\0".encode() + data
        name = hashlib.sha1(whole).digest()
        if name not in self.known:
            directory = os.path.join(self.path, ".git/objects", name.hex()[:2])
            os.makedirs(directory, exist_ok=True)
            with open(os.path.join(directory, name.hex()[2:]), "wb") as file:
                file.write(zlib.compress(whole, 1))
            self.known[name] = True
        return name

    def tree(self, files):
        """Writes the tree of these files, {path: (mode, object)}."""
        entries, below = {}, {}
        for path, (mode, name) in files.items():
            first, _, rest = path.partition("/")
            if rest:
                below.setdefault(first, {})[rest] = (mode, name)
            else:
                entries[first.encode()] = (mode, name)
        for first, inner in below.items():
            entries[first.encode()] = (TREE, self.tree(inner))
        # git sorts a directory as if its name ended in a slash.
        order = sorted(entries, key=lambda it: it + b"/" if entries[it][0] == TREE else it)
        return self.write("tree", b"".join(entries[it][0] + b" " + it + b"\0" + entries[it][1] for it in order))

    def commit(self, files, parents, author, committer, message):
        lines = ["tree " + self.tree(files).hex(), *("parent " + it.hex() for it in parents)]
        lines += ["author " + author, "committer " + committer, "", message]
        return self.write("commit", "\n".join(lines).encode())

    def text(self, text):
        return self.write("blob", text.encode())


def pointer(dice):
    """Returns what Git LFS keeps in place of a file."""
    content = str(dice.roll(10**9)).encode()
    name = hashlib.sha256(content).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{name}\nsize {len(content)}\n"


def first_files(repository):
    """What the tree begins with: one of each kind."""
    text = repository.text
    submodule = hashlib.sha1(b"0").digest()
    modules = '[submodule "vendor/lib"]\n\tpath = vendor/lib\n\turl = https://example.com/lib.git\n'
    return {
        ".gitattributes": (FILE, text("*.bin filter=lfs diff=lfs merge=lfs -text\n")),
        ".gitmodules": (FILE, text(modules)),
        ".mailmap": (FILE, text("A U Thor <author@example.com> <old@example.com>\n")),
        ".github/workflows/ci.yml": (FILE, text("on: push\n")),
        "Makefile": (FILE, text("all:\n")),
        "assets/logo.bin": (FILE, text(pointer(Dice(1)))),
        "legacy/names/README.TXT": (FILE, text("upper\n")),
        "legacy/names/readme.txt": (FILE, text("lower\n")),
        "legacy/names/a\ttab": (FILE, text("tab\n")),
        "legacy/old.c": (OLD, text("int main;\n")),
        "src/main.c": (FILE, text("int main(void) { return 0; }\n")),
        "tools/build": (EXECUTABLE, text("#!/bin/sh\nmake\n")),
        "tools/current": (SYMLINK, text("build")),
        "vendor/lib": (SUBMODULE, submodule),
    }


def change(repository, dice, files):
    """Makes one change as people make them."""
    text = lambda: repository.text(f"{dice.roll(10**6)}\n" * (1 + dice.roll(9)))
    kind = dice.roll(24)
    plain = sorted(it for it in files if files[it][0] == FILE and not it.startswith((".", "legacy/names")))
    old = dice.pick(plain)
    path = "/".join(filter(None, [dice.pick(DIRECTORIES), dice.pick(NAMES)]))
    free = path not in files and not any(it.startswith(path + "/") for it in files)
    if kind == 0:
        files[f"tools/t{dice.roll(6)}"] = (EXECUTABLE, text())
    elif kind == 1:
        files[f"tools/l{dice.roll(4)}"] = (SYMLINK, repository.text(dice.pick(["build", "../README", "t1"])))
    elif kind == 2:
        files["vendor/lib"] = (SUBMODULE, hashlib.sha1(str(dice.roll(1000)).encode()).digest())
    elif kind == 3:
        files[f"assets/{dice.roll(9)}.bin"] = (FILE, repository.text(pointer(dice)))
    elif kind == 4 and free:
        files[path] = files.pop(old)
    elif kind == 5 and len(plain) > 9:
        del files[old]
    elif kind == 6:
        files["legacy/old.c"] = (OLD, text())
    elif kind == 7:
        mode, name = files["tools/build"]
        files["tools/build"] = (FILE if mode == EXECUTABLE else EXECUTABLE, name)
    elif kind == 8:
        files[".gitattributes"] = (FILE, repository.text(
            f"*.bin filter=lfs diff=lfs merge=lfs -text\n*.x{dice.roll(9)} -text\n"))
    elif kind == 9:
        files[".github/workflows/ci.yml"] = (FILE, repository.text(f"on: push # {dice.roll(99)}\n"))
    elif kind == 10:
        files["legacy/names/a\ttab"] = (FILE, text())
    elif kind == 11 and dice.roll(6) == 0:
        moved = {it: it.replace("src/parser/", "src/reader/") for it in files if it.startswith("src/parser/")}
        for before, after in moved.items():
            files[after] = files.pop(before)
    elif kind < 18 or not free:
        files[old] = (FILE, text())
    else:
        files[path] = (FILE, text())


def merged(dice, base, sides):
    """Merges: who changed a path alone wins it, and one of those who both did."""
    result = dict(base)
    for path in sorted(set().union(base, *sides)):
        ours = [side.get(path) for side in sides if side.get(path) != base.get(path)]
        if ours:
            winner = dice.pick(ours)
            result.pop(path, None)
            if winner is not None:
                result[path] = winner
    # A file of one side may stand where the other has a directory.
    return {it: result[it] for it in result if not any(other.startswith(it + "/") for other in result)}


def generate(path, count):
    repository, dice = Repository(path), Dice(2026)
    when = 1_100_000_000

    def commit(files, parents, message):
        nonlocal when
        when += dice.roll(100_000)
        # Time runs on, but for people whose clock is wrong.
        authored = dice.roll(when) if dice.roll(20) == 0 else when
        author = f"{dice.pick(PEOPLE)} {authored} {dice.pick(ZONES)}"
        return repository.commit(files, parents, author, f"{dice.pick(PEOPLE)} {when} +0100", message)

    files = first_files(repository)
    tip = commit(files, [], "Begin\n")
    made, tags = 1, []
    while made < count:
        base, sides = files, []
        for _ in range([1, 1, 1, 2, 2, 3][dice.roll(6)]):
            side, at = dict(base), tip
            for _ in range(1 + dice.roll(6)):
                before = dict(side)
                for _ in range(1 + dice.roll(3)):
                    change(repository, dice, side)
                if side != before:
                    at = commit(side, [at], dice.pick(MESSAGES))
                    made += 1
            sides.append((side, at))
        sides = [it for it in sides if it[1] != tip]
        if len(sides) > 1 or (sides and dice.roll(3) == 0):
            own = [] if len(sides) > 1 and dice.roll(2) else [tip]
            files = merged(dice, base, [side for side, _ in sides])
            tip = commit(files, own + [at for _, at in sides], f"Merge branch 't{made}'\n")
            made += 1
        elif sides:
            files, tip = sides[0]
        if dice.roll(12) == 0:
            tags.append((f"v{len(tags)}", tip))
    repository.git("update-ref", "refs/heads/main", tip.hex())
    for at, (name, target) in enumerate(tags):
        if at % 3:
            lines = [f"object {target.hex()}", "type commit", f"tag {name}", f"tagger {PEOPLE[0]} {when} +0000"]
            target = repository.write("tag", "\n".join([*lines, "", f"Release {name}\n"]).encode())
        repository.git("update-ref", f"refs/tags/{name}", target.hex())
    repository.git("repack", "-a", "-d", "--quiet")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("directory")
    parser.add_argument("-n", type=int, default=1000, metavar="COMMITS")
    args = parser.parse_args()
    generate(args.directory, args.n)


if __name__ == "__main__":
    main()
