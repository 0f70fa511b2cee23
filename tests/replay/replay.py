#!/usr/bin/env python3
"""Replays the history of a repository through a server that git-awo governs, and counts refusals.

    tests/replay/replay.py REPOSITORY [-n COMMITS] [--program git-awo] [--how signed|vouched] [--propose tip|base]

The replay begins at the newest first parent that leaves at least COMMITS commits above it, which is
adopted. The policy is the one that `git awo init` proposes for the newest tree, or for the one at which the
replay begins (--propose base): then what the repository has begun to use since is refused. What is above
is pushed to a branch of its own (`refs/heads/wip/replay`), in steps along the first parents, with all merges:

    signed    every commit is made again, the same but for parents and signature, as if the people
              of the repository had signed what they did
    vouched   the commits are those of the repository, and a record vouches for each step (`git awo vouch`)

In the end all tags of the repository are pushed as they are.

Everything refused is counted by rule, and then moved past the hooks, so that the rest is tried as
well. Exits 0 only if nothing was refused and `git awo verify` of a fresh clone allows the result.
Needs git, ssh-keygen and the program. Nothing is written but in a temporary directory (--keep DIR:
there).
"""

import argparse
import collections
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import zlib

BRANCH = "refs/heads/wip/replay"


class World:
    """A server, a member's clone and a home, all in one directory."""

    def __init__(self, root, program):
        self.root = os.path.realpath(root)
        self.home, self.dev, self.server = (self.path(it) for it in ("home", "dev", "server.git"))
        self.key, self.verdict = self.path("home/key"), self.path("verdicts/replay.json")
        bin_dir = self.path("bin")
        for directory in (self.home, bin_dir, self.path("verdicts")):
            os.makedirs(directory)
        os.symlink(os.path.realpath(program), os.path.join(bin_dir, "git-awo"))
        kept = {it: os.environ[it] for it in ("TMPDIR", "LANG") if it in os.environ}
        self.env = kept | {
            "HOME": self.home,
            "PATH": f"{bin_dir}:{os.environ['PATH']}",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_AWO_JSON": os.path.basename(self.verdict),
        }
        self.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "dev", "-f", self.key, cwd=self.root)
        for key, value in {
            "user.name": "dev",
            "user.email": "dev",
            "user.signingkey": self.key,
            "gpg.format": "ssh",
            "commit.gpgsign": "true",
            "init.defaultBranch": "main",
            "advice.detachedHead": "false",
            "protocol.file.allow": "always",
            "gc.auto": "0",
            "maintenance.auto": "false",
            "receive.autogc": "false",
        }.items():
            self.run("git", "config", "--global", key, value, cwd=self.root)

    def path(self, name):
        return os.path.join(self.root, name)

    def attempt(self, *command, cwd=None, **more):
        more.setdefault("stdout", subprocess.PIPE)
        return subprocess.run(command, cwd=cwd or self.dev, env=self.env, stderr=subprocess.PIPE, **more)

    def run(self, *command, **more):
        done = self.attempt(*command, **more)
        if done.returncode:
            words = " ".join(command)
            sys.exit(f"{words}: exit {done.returncode}\n{done.stdout.decode()}{done.stderr.decode()}")
        return done.stdout.decode(errors="surrogateescape").strip()

    def git(self, *words, **more):
        return self.run("git", *words, **more)


class Signer:
    """Makes commits again, with a signature of ours."""

    def __init__(self, world):
        self.world, self.new = world, {}
        self.objects = world.path("dev/.git/objects")
        self.batch = subprocess.Popen(
            ["git", "cat-file", "--batch"],
            cwd=world.dev, env=world.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )

    def read(self, name):
        self.batch.stdin.write(name.encode() + b"\n")
        self.batch.stdin.flush()
        size = int(self.batch.stdout.readline().split()[2])
        return self.batch.stdout.read(size + 1)[:-1]

    def write(self, kind, data):
        whole = f"{kind} {len(data)}\0".encode() + data
        name = hashlib.sha1(whole).hexdigest()
        directory = os.path.join(self.objects, name[:2])
        os.makedirs(directory, exist_ok=True)
        with open(os.path.join(directory, name[2:]), "wb") as file:
            file.write(zlib.compress(whole, 1))
        return name

    def sign(self, data):
        file = self.world.path("payload")
        with open(file, "wb") as out:
            out.write(data)
        if os.path.exists(file + ".sig"):
            os.remove(file + ".sig")
        self.world.run("ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", self.world.key, file)
        with open(file + ".sig", "rb") as signature:
            return signature.read().rstrip(b"\n")

    def make(self, old):
        head, message = self.read(old).split(b"\n\n", 1)
        lines, skipping = [], False
        for line in head.split(b"\n"):
            if skipping and line.startswith(b" "):
                continue
            word = line.split(b" ", 1)[0]
            # A signature does not hold for another commit, nor does a merged tag with one.
            skipping = word in (b"gpgsig", b"gpgsig-sha256", b"mergetag")
            if skipping:
                continue
            if word == b"parent":
                parent = line[7:].decode()
                line = b"parent " + self.new.get(parent, parent).encode()
            lines.append(line)
        head = b"\n".join(lines)
        signature = self.sign(head + b"\n\n" + message)
        folded = b"gpgsig " + signature.replace(b"\n", b"\n ")
        self.new[old] = self.write("commit", head + b"\n" + folded + b"\n\n" + message)


def base_of(world, repository, tip, wanted):
    """Returns the newest first parent that leaves as many commits above it as wanted."""
    line = world.git("rev-list", "--first-parent", tip, cwd=repository).split()
    low, high = 0, len(line) - 1
    while low < high:
        middle = (low + high) // 2
        count = int(world.git("rev-list", "--count", f"{line[middle]}..{tip}", cwd=repository))
        low, high = (low, middle) if count >= wanted else (middle + 1, high)
    return line[low]


def found(world, propose):
    """Sets up the server and the member's clone as docs/adopt.md tells, with main where it is adopted."""
    fingerprint = world.run("ssh-keygen", "-l", "-f", world.key).split()[1]
    world.git("init", "--quiet", "--bare", world.server, cwd=world.root)
    world.git("awo", "init", "--server", "--anchor", fingerprint, cwd=world.server)
    world.git("config", "awo.jsonDirectory", os.path.dirname(world.verdict), cwd=world.server)
    world.git("remote", "add", "origin", f"file://{world.server}")
    files = []
    if propose != "main":
        base = world.git("rev-parse", "main")
        proposed = world.path("proposed")
        world.git("clone", "--quiet", "--no-checkout", "--shared", world.dev, proposed, cwd=world.root)
        world.git("update-ref", "refs/heads/main", propose, cwd=proposed)
        world.git("remote", "set-url", "origin", f"file://{world.server}", cwd=proposed)
        world.git("awo", "init", "--identity", "dev", cwd=proposed)
        for name in ("policy.toml", "allowed_signers"):
            text = world.git("show", f"refs/awo/policy:{name}", cwd=proposed) + "\n"
            with open(world.path(name), "w") as file:
                file.write(text.replace(f'adopted = "{propose}"', f'adopted = "{base}"'))
        files = ["--policy", world.path("policy.toml"), "--allowed-signers", world.path("allowed_signers")]
    world.git("awo", "init", *(files or ["--identity", "dev"]))
    # The content of large files is nowhere: no hook of a clone can upload it.
    world.git("awo", "hooks", "uninstall")
    world.git("awo", "push")


def refusals(world, said):
    """Returns the findings of a refused push."""
    try:
        with open(world.verdict) as file:
            findings = json.load(file)["findings"]
    except (OSError, ValueError, KeyError):
        findings = []
    return findings or [{"code": "-", "rule": "-", "message": said}]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("repository")
    parser.add_argument("-n", type=int, default=2000, metavar="COMMITS")
    parser.add_argument("--tip", default="HEAD", help="the commit to end with")
    parser.add_argument("--steps", type=int, default=20, help="how many pushes")
    parser.add_argument("--how", choices=["signed", "vouched"], default="signed")
    parser.add_argument("--propose", choices=["tip", "base"], default="tip", help="for which tree init proposes")
    default = os.path.join(os.path.dirname(__file__), "../../target/release/git-awo")
    parser.add_argument("--program", default=default)
    parser.add_argument("--keep", metavar="DIR", help="works there, and leaves it")
    parser.add_argument("--show", type=int, default=3, help="how many refusals of each rule to print")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        if args.keep:
            os.makedirs(args.keep)
        sys.exit(replay(World(args.keep or temporary, args.program), args))


def replay(world, args):
    repository = os.path.realpath(args.repository)
    tip = world.git("rev-parse", f"{args.tip}^{{commit}}", cwd=repository)
    base = base_of(world, repository, tip, args.n)
    world.git("init", "--quiet", world.dev, cwd=world.root)
    world.git("fetch", "--quiet", "--tags", f"file://{repository}", f"{tip}:refs/replay/tip")
    world.git("checkout", "--quiet", "-B", "main", base)
    found(world, tip if args.propose == "tip" else "main")

    listed = world.git("rev-list", "--reverse", "--topo-order", f"{base}..refs/replay/tip").split()
    merges = int(world.git("rev-list", "--count", "--merges", f"{base}..refs/replay/tip"))
    line = world.git("rev-list", "--reverse", "--first-parent", f"{base}..refs/replay/tip").split()
    new = {it: it for it in listed}
    if args.how == "signed":
        signer = Signer(world)
        for commit in listed:
            signer.make(commit)
        new = signer.new
        world.git("update-ref", "refs/replay/signed", new[line[-1]])
        world.git("repack", "--quiet", "-d")

    size = max(1, -(-len(line) // args.steps))
    stops = line[size - 1::size]
    if stops[-1] != line[-1]:
        stops.append(line[-1])
    refused = collections.defaultdict(list)
    pushes = walls = 0

    def refuse(findings):
        for finding in findings:
            refused[finding["code"], finding["rule"]].append(finding)

    def push(*words):
        nonlocal pushes, walls
        if os.path.exists(world.verdict):
            os.remove(world.verdict)
        start = time.monotonic()
        done = world.attempt("git", "push", "--no-verify", "--atomic", "--quiet", "origin", *words)
        walls += time.monotonic() - start
        pushes += 1
        if done.returncode:
            refuse(refusals(world, done.stderr.decode(errors="replace")))
        return done.returncode == 0

    before = base
    for stop in stops:
        words = [f"{new[stop]}:{BRANCH}"]
        if args.how == "vouched":
            refuse(vouch(world, f"{before}..{stop}"))
            words.append("refs/awo/ledger")
        if not push(*words):
            force(world, new[stop])
        before = stop
    if world.git("tag"):
        push("refs/tags/*:refs/tags/*")

    for (code, rule), findings in sorted(refused.items()):
        print(f"refused: {code} {rule}: {len(findings)}")
        for finding in findings[:args.show]:
            print("  " + json.dumps(finding, sort_keys=True))
    name = os.path.basename(repository.removesuffix("/repo"))
    count = sum(map(len, refused.values()))
    print(f"{name}: {len(listed)} commits ({merges} merges, {args.how}) in {pushes} pushes, "
          f"{walls:.1f} s: {count} refusals of {len(refused)} rules")
    what = f"commits of {name} replayed, {args.how}, by the policy that init proposes for the {args.propose}"
    print(f"figure: {what} | {len(listed)} | {count} refused | 0 refused")
    if count:
        return 1
    world.git("clone", "--quiet", f"file://{world.server}", world.path("fresh"), cwd=world.root)
    fresh = world.path("fresh")
    world.git("awo", "trust", world.run("ssh-keygen", "-l", "-f", world.key).split()[1], cwd=fresh)
    world.git("awo", "fetch", cwd=fresh)
    print(world.git("awo", "verify", cwd=fresh))
    return 0


def force(world, commit):
    """Moves the branch past the hooks."""
    world.git("-c", "core.hooksPath=/dev/null", "fetch", "--quiet", world.dev, commit, cwd=world.server)
    world.git("-c", "core.hooksPath=/dev/null", "update-ref", BRANCH, commit, cwd=world.server)


def vouch(world, commits):
    """Vouches for a range of commits; returns what was found against it."""
    words = ("vouch", commits, "--ref", BRANCH, "--reason", "replayed")
    done = world.attempt("git", "awo", "--json", *words)
    if done.returncode == 0:
        return []
    try:
        return json.loads(done.stdout)["findings"]
    except (ValueError, KeyError):
        return [{"code": "-", "rule": "vouch", "message": done.stderr.decode(errors="replace")}]


if __name__ == "__main__":
    main()
