#!/usr/bin/env bash
# Checks one attested run without git-awo: git, ssh-keygen, sha256sum, python3 (3.11 or later).
# docs/verify-run.sh REPO RUN_ID [FIRST_POLICY_COMMIT]
# Prints "ok …" and exits 0, or says what is wrong. Keys are judged by the newest policy and by this
# clock, so a key rotated out since is refused; approvals, gate 2 and overrides are not looked at.
set -euo pipefail; export LC_ALL=C GIT_NO_REPLACE_OBJECTS=1
[ $# -eq 2 ] || [ $# -eq 3 ] || { echo "usage: $0 REPO RUN_ID [FIRST_POLICY_COMMIT]" >&2; exit 2; }
sum() { sha256sum < "$1" | cut -c1-64; }; repo=$1 run=$2 tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
g() { git -C "$repo" -c core.fsmonitor=false "$@"; }; die() { echo "FAIL $run: $1" >&2; exit 1; }
blob() { g cat-file blob "$1" > "$2" 2>/dev/null || die "missing: $1"; }; same() { [ -n "$2" ] && [ "$2" = "$3" ] || die "$1: found '$2', expected '$3'"; }
ledger() { # NAME OUT: the one content that any commit of the ledger gives this name
  f=$(g -c log.showRoot=true log -m --full-history --no-show-signature --no-renames --diff-filter=A --format= --raw --no-abbrev refs/awo/ledger -- "$1" | cut -d' ' -f2,4 | sort -u); case $f in *$'\n'*) die "two contents: $1" ;; "100644 "*) blob "${f#* }" "$2" ;; *) die "missing: $1" ;; esac; }
# check ENVELOPE KIND POLICY OUT: its form, and its signatures by the persons who may; fields to OUT/
check() { mkdir -p "$4"; python3 - "$@" <<'PY' 2> "$4/why" || die "no good $2 statement: $(tail -n 1 "$4/why")"
import base64, hashlib, json, subprocess, sys, tomllib
(path, kind, policy, out), mime = sys.argv[1:], "application/vnd.in-toto+json"
envelope = json.loads(raw := open(path, "rb").read())
statement = json.loads(payload := base64.b64decode(envelope["payload"], validate=True))
again = envelope | {"payload": base64.b64encode(payload).decode()}
if raw != json.dumps(again, separators=(",", ":"), sort_keys=True).encode(): sys.exit("another spelling of the envelope")
form = json.dumps(statement, indent=2, ensure_ascii=False, sort_keys=True).encode()
if (payload, envelope["payloadType"], statement["predicateType"]) != (form, mime, f"https://git-awo.dev/{kind}/v1"): sys.exit(f"no {kind}")
pae = b"DSSEv1 %d %s %d " % (len(mime), mime.encode(), len(payload)) + payload
says = statement["predicate"] | statement["predicate"].get("context", {})
rules = tomllib.load(open(policy + "/policy.toml", "rb"))
roots, persons = rules["roots"], {it["name"]: it for it in rules["identity"]}
role = {"run": "orchestrator", "attestation": "reviewer"}.get(kind)
names, need = ([says["identity"]], 1) if role else (roots["identities"], roots["threshold"])
if role and (role not in persons[names[0]].get("roles", []) or len(envelope["signatures"]) != 1): sys.exit(f"not one signature by a {role}")
def signed(name, sig, keyid):  # by a key that allowed_signers gives one of the person's names
    key = (blob := base64.b64decode(sig, validate=True))[14:14 + int.from_bytes(blob[10:14], "big")]
    named = keyid == "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")
    open(out + "/sig", "w").write(f"-----BEGIN SSH SIGNATURE-----\n{sig}\n-----END SSH SIGNATURE-----\n")
    verify = ["ssh-keygen", "-Y", "verify", "-f", policy + "/allowed_signers", "-n", "git-awo." + kind, "-s", out + "/sig"]
    return named and any(subprocess.run([*verify, "-I", who], input=pae, capture_output=True).returncode == 0
               for who in [name, *persons[name].get("principals", [])])
count = sum(any(signed(name, **it) for it in envelope["signatures"]) for name in set(names))
if count < need: sys.exit(f"signed by {count} of {need} persons: {', '.join(names)}")
open(out + "/payload", "wb").write(payload)
for key, value in says.items(): open(f"{out}/.{key}", "w").write(str(value))
PY
}
case $run in *[!A-Za-z0-9._-]* | '' | .* | -*) die "no run id" ;; esac
g fsck --full --no-dangling --no-progress >/dev/null 2>&1 || die "git fsck finds damage"
first=$(g rev-list --max-parents=0 refs/awo/policy 2>/dev/null) && same "first policy commit" "$first" "${3:-$first}" || die "no policy"
before='' # Each version of the policy is signed by the roots of the one before, the first by its own.
for commit in $(g rev-list --reverse --topo-order refs/awo/policy); do
  p=$tmp/$commit && mkdir "$p" && for file in policy.toml allowed_signers policy.dsse.json; do blob "$commit:$file" "$p/$file"; done
  check "$p/policy.dsse.json" policy "$tmp/${before:-$commit}" "$p/e"
  same "policy parent" "$(g rev-list --parents -n 1 "$commit" | cut -d' ' -f2-)" "${before:-$commit}"
  same "policy predecessor" "$(cat "$p/e/.predecessor")" "${before:-None}"
  for file in policy.toml allowed_signers; do same "$file" "$(sum "$p/$file")" "$(cat "$p/e/.${file%.toml}")"; done
  before=$commit
done
dir=runs/$(printf %s "$run" | sha256sum | cut -c1-2)/$run r=$tmp/r n=0
ledger "$run@run.dsse.json" "$tmp/run.json"
check "$tmp/run.json" run "$p" "$r"
same "run of the record" "$(cat "$r/.run")" "$run"; same "repository of the run" "$(cat "$r/.repository")" "$first"
same "tree of the commit" "$(g rev-parse -q --verify "$(cat "$r/.commit")^{tree}")" "$(cat "$r/.tree")"
g show -s --no-show-signature --format=%N --notes='awo/attestations/*' "$(cat "$r/.commit")" > "$tmp/note" 2>/dev/null || die "no notes"
while read -r line || [ -n "$line" ]; do
  [ -n "$line" ] || continue; n=$((n + 1)) a=$tmp/a.$((n + 1)) && printf %s "$line" > "$tmp/line" && check "$tmp/line" attestation "$p" "$a"
  for f in run commit tree root contract repository; do same "attestation, $f" "$(cat "$a/.$f")" "$(cat "$r/.$f")"; done
  same "attestation, run record" "$(cat "$a/.run_record")" "$(sum "$r/payload")"
  [ "$(cat "$a/.identity")" != "$(cat "$r/.identity")" ] || die "attested by its own orchestrator"
done < "$tmp/note"
[ "$n" -gt 0 ] && mkdir "$tmp/ev" || die "no attestation" # The inventory is what the root names; the evidence is what the inventory names.
ledger "$run@SHA256SUMS.txt" "$tmp/sums"; same "root" "$(sum "$tmp/sums")" "$(cat "$r/.root")"
g ls-tree -r -z "$(cat "$r/.evidence"):$dir" > "$tmp/tree" 2>/dev/null || die "no evidence"
while IFS=$'\t' read -r -d '' meta path; do
  case "$meta /$path/" in "100644 blob "*[\\$'\n']* | */../* | */./*) die "odd path" ;; "100644 blob "*) ;; *) die "no plain file: $path" ;; esac
  mkdir -p "$(dirname "$tmp/ev/$path")" && blob "${meta##* }" "$tmp/ev/$path"
done < "$tmp/tree"
cd "$tmp/ev" && cmp -s SHA256SUMS.txt "$tmp/sums" || die "ledger and evidence have different inventories"
sha256sum --check --strict --status SHA256SUMS.txt 2>/dev/null || die "evidence differs from its inventory"
find . -type f ! -path './timestamps/*' ! -path ./SHA256SUMS.txt | sort > "$tmp/there"
cut -c67- SHA256SUMS.txt | sort | cmp -s - "$tmp/there" || die "evidence has other files than its inventory"
time='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z' # Nothing hashes these: only times may stand there.
! grep -rqvE "^(started|finished)=$time\$" timestamps 2>/dev/null || die "timestamps/ holds more than times"
echo "ok $run: commit $(cat "$r/.commit"), root $(cat "$r/.root"), $n attestations, policy $before from $first"
