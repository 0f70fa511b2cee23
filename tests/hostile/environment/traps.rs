//! Programs that write down that they were started.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;

use crate::world::World;

/// Every hook that git or a program of ours could run.
const HOOKS: &[&str] = &[
    "applypatch-msg",
    "commit-msg",
    "fsmonitor-watchman",
    "p4-changelist",
    "p4-post-changelist",
    "p4-pre-submit",
    "p4-prepare-changelist",
    "post-applypatch",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "post-receive",
    "post-rewrite",
    "post-update",
    "pre-applypatch",
    "pre-auto-gc",
    "pre-commit",
    "pre-merge-commit",
    "pre-push",
    "pre-rebase",
    "pre-receive",
    "prepare-commit-msg",
    "proc-receive",
    "push-to-checkout",
    "reference-transaction",
    "sendemail-validate",
    "update",
];

/// Settings that name a program, and what git would start it for. `!` stands for the trap.
pub const PROGRAMS: &[(&str, &str)] = &[
    ("alias.awo", "!!"),
    ("alias.rev-parse", "!!"),
    ("alias.status", "!!"),
    ("browser.x.cmd", "!"),
    ("core.alternateRefsCommand", "!"),
    ("core.askPass", "!"),
    ("core.editor", "!"),
    ("core.fsmonitor", "!"),
    ("core.gitProxy", "!"),
    ("core.pager", "!"),
    ("core.sshCommand", "!"),
    ("credential.helper", "!!"),
    ("diff.external", "!"),
    ("diff.trap.command", "!"),
    ("diff.trap.textconv", "!"),
    ("difftool.trap.cmd", "!"),
    ("diff.tool", "trap"),
    ("filter.trap.clean", "!"),
    ("filter.trap.process", "!"),
    ("filter.trap.smudge", "!"),
    ("filter.trap.required", "true"),
    ("filter.a=b.clean", "!"),
    ("filter.a=b.smudge", "!"),
    ("gpg.program", "!"),
    ("gpg.ssh.defaultKeyCommand", "!"),
    ("gpg.ssh.program", "!"),
    ("gpg.x509.program", "!"),
    ("gui.x.cmd", "!"),
    ("interactive.diffFilter", "!"),
    ("merge.trap.driver", "!"),
    ("merge.default", "trap"),
    ("mergetool.trap.cmd", "!"),
    ("pager.config", "!"),
    ("pager.log", "!"),
    ("pager.status", "!"),
    ("sendemail.smtpserver", "!"),
    ("sequence.editor", "!"),
    ("trailer.awo-run.cmd", "!"),
    ("trailer.awo-run.command", "!"),
    ("trailer.x.command", "!"),
    ("uploadpack.packObjectsHook", "!"),
    ("web.browser", "!"),
    ("core.untrackedCache", "true"),
];

/// Settings that change what git shows, matches and writes.
pub const VIEWS: &[(&str, &str)] = &[
    ("color.ui", "always"),
    ("commit.template", "/nonexistent"),
    ("core.abbrev", "4"),
    ("core.attributesFile", "/nonexistent"),
    ("core.autocrlf", "true"),
    ("core.bigFileThreshold", "1"),
    ("core.checkStat", "minimal"),
    ("core.commentChar", "A"),
    ("core.eol", "crlf"),
    ("core.excludesFile", "/nonexistent"),
    ("core.ignoreCase", "true"),
    ("core.logAllRefUpdates", "always"),
    ("core.precomposeUnicode", "true"),
    ("core.protectHFS", "false"),
    ("core.protectNTFS", "false"),
    ("core.quotePath", "false"),
    ("core.whitespace", "cr-at-eol"),
    ("diff.algorithm", "patience"),
    ("diff.noprefix", "true"),
    ("diff.orderFile", "/dev/null"),
    ("diff.renames", "copies"),
    ("diff.submodule", "log"),
    ("fetch.prune", "true"),
    ("gpg.ssh.allowedSignersFile", "/nonexistent"),
    ("gpg.ssh.revocationFile", "/nonexistent"),
    ("i18n.commitEncoding", "ISO-8859-1"),
    ("i18n.logOutputEncoding", "UTF-16"),
    ("index.version", "4"),
    ("log.date", "relative"),
    ("log.mailmap", "true"),
    ("log.showSignature", "true"),
    ("mailmap.blob", "HEAD:.mailmap"),
    ("mailmap.file", "/nonexistent"),
    ("merge.renames", "false"),
    ("notes.displayRef", "refs/notes/*"),
    ("notes.rewriteRef", "refs/notes/*"),
    ("push.default", "matching"),
    ("receive.procReceiveRefs", "refs/heads"),
    ("safe.directory", ""),
    ("status.relativePaths", "true"),
    ("status.renames", "copies"),
    ("status.short", "true"),
    ("status.showUntrackedFiles", "all"),
    ("status.submoduleSummary", "true"),
    ("submodule.recurse", "true"),
    ("transfer.fsckObjects", "false"),
    ("transfer.hideRefs", "refs/awo"),
];

/// Settings by which git reaches a remote, or that are asked when it does.
pub const REMOTES: &[(&str, &str)] = &[
    ("core.hooksPath", "/hooks"),
    ("protocol.ext.allow", "always"),
    ("protocol.allow", "always"),
    ("push.gpgSign", "true"),
    ("remote.origin.receivepack", "!"),
    ("remote.origin.uploadpack", "!"),
    ("url.ext::sh -c /trap.insteadOf", "../"),
];

/// Sets traps in a world.
pub struct Traps<'a>(pub &'a World);

impl Traps<'_> {
    /// Makes a program that says `name` when it is started; returns its path.
    pub fn program(&self, name: &str) -> String {
        let below = format!("traps/{}", name.replace(['/', '='], "-"));
        let fired = self.0.path("fired").display().to_string();
        // One that waits for whoever waits for it would end nothing.
        let end = match name.starts_with("filter.") {
            true => "cat",
            false => "exit 1",
        };
        let text = format!("#!/bin/sh\necho '{name}' \"$@\" >> '{fired}'\n{end}\n");
        self.0.write(&below, text);
        let path = self.0.path(&below);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path.display().to_string()
    }

    /// Returns the settings with the traps in them.
    pub fn settings(&self, table: &[(&str, &str)]) -> Vec<(String, String)> {
        let hooks = self.0.path("traps/hooks").display().to_string();
        for hook in HOOKS {
            let path = self.program(&format!("hook {hook}"));
            let there = self.0.path(&format!("traps/hooks/{hook}"));
            std::fs::create_dir_all(there.parent().unwrap()).unwrap();
            std::fs::copy(path, there).unwrap();
        }
        let put = |(key, value): &(&str, &str)| {
            let trap = || self.program(key);
            let value = match *value {
                "!" => trap(),
                "!!" => format!("!{}", trap()),
                "/hooks" => hooks.clone(),
                other => other.to_owned(),
            };
            let key = match key.contains("/trap") {
                true => key.replace("/trap", &trap()),
                false => (*key).to_owned(),
            };
            (key, value)
        };
        table.iter().map(put).collect()
    }

    /// Puts the settings into a clone's own configuration, and lets every path have the drivers.
    pub fn put_into(&self, who: &str, table: &[(&str, &str)]) {
        for (key, value) in self.settings(table) {
            self.0
                .ok(who, who, &["git", "config", "--local", &key, &value]);
        }
        let attributes = "* filter=trap diff=trap merge=trap\n*.py filter=a=b\n";
        self.0
            .write(&format!("{who}/.git/info/attributes"), attributes);
        // Files whose times are others: git must look into them.
        self.0.ok(
            who,
            who,
            &["sh", "-c", "git ls-files -z | xargs -0 touch -d 2001-01-01"],
        );
        self.fired();
    }

    /// Returns what was started since the last time.
    pub fn fired(&self) -> BTreeSet<String> {
        let path = self.0.path("fired");
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let _ = std::fs::remove_file(&path);
        text.lines().map(str::to_owned).collect()
    }
}
