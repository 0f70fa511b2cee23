//! `git awo hook NAME …`: one call of git, answered.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::actor::{Actor, Clock};
use crate::git::{Reader, Repo};
use crate::record::{Coded, Findings, Report, Subject, Verdict, chain_of};
use crate::records::Movement;
use crate::store::additions::Additions;
use crate::store::layout;
use crate::store::notes::Segments;

use crate::sys::Environment;
use crate::sys::shell::quote;

use super::parent::{self, Caller, Key};
use super::pushes::{Judged, Pushes};
use super::receipt::{self, Pushed, Receipt};
use super::{Error, SERVER_JUDGES, client, input, lfs, server, speak, transaction, verdict};

/// Answers one call of git: returns the exit code (0 allowed, 1 denied, 2 no such hook,
/// 3 undecided). `environment` is what git gave to this process. Whatever is to be said goes to
/// `stderr`.
pub fn dispatch(
    name: &str,
    args: &[OsString],
    environment: std::io::Result<Environment>,
    stdin: &mut dyn Read,
    stderr: &mut dyn Write,
) -> i32 {
    let environment = &match environment {
        Ok(environment) => environment,
        Err(source) => {
            let path = PathBuf::from(".");
            let report = report_of(&Error::Io { path, source });
            say(stderr, &speak::speak(&report));
            return 3;
        }
    };
    let answered = match name {
        "pre-receive" => pre_receive(environment, stdin),
        "reference-transaction" => reference_transaction(args, environment, stdin),
        "post-receive" => return post_receive(environment, stdin, stderr),
        "update" => return update(args, environment, stderr),
        "pre-commit" => client::pre_commit(environment),
        "commit-msg" => path(args).and_then(|file| client::commit_msg(environment, &file)),
        "pre-merge-commit" => client::pre_merge_commit(environment),
        "pre-push" => pre_push(args, environment, stdin),
        other => Err(Error::Usage(format!("git-awo has no hook {other:?}"))),
    };
    let report = match answered {
        Ok(report) => report,
        Err(Error::Usage(why)) => {
            say(stderr, &speak::remark(&format!("cannot answer: {why}")));
            return 2;
        }
        Err(error) => report_of(&error),
    };
    say(stderr, &speak::speak(&report));
    if name == "pre-receive"
        || (name == "reference-transaction" && report.verdict() != Verdict::Allowed)
    {
        write_json(&report, environment, stderr);
    }
    match report.verdict() {
        _ if goes_on(&report) => 0,
        Verdict::Denied => 1,
        Verdict::Allowed | Verdict::Undecided => 3,
    }
}

/// Returns whether the push goes on, if only without some refs.
fn goes_on(report: &Report) -> bool {
    report.verdict() == Verdict::Allowed || !report.apart.is_empty()
}

fn report_of(error: &Error) -> Report {
    error.refusal(Subject::none()).into_report()
}

fn pre_receive(environment: &Environment, stdin: &mut dyn Read) -> Result<Report, Error> {
    let input = input::read(stdin).map_err(Error::Input)?;
    let reader = Reader::in_hook(environment)?;
    let (report, judged) = server::pre_receive(&reader, &input, Clock::system().now());
    if let Some(judged) = judged {
        let pushes = Pushes::at(reader.common_dir());
        let caller = parent::caller(environment);
        pushes.remember(&key(&caller), &judged)?;
        if !report.apart.is_empty() {
            pushes.refuse(&key(&caller), &report.apart)?;
        }
        if let Caller::Unknown(_) = caller {
            // Gitaly calls us itself, and all pushes have the same parent then.
            pushes.remember(&Key::of_movements(&judged.movements), &judged)?;
        }
    }
    Ok(report)
}

/// Refuses one ref that `pre-receive` found wrong, and said why. Whatever goes wrong refuses.
fn update(args: &[OsString], environment: &Environment, stderr: &mut dyn Write) -> i32 {
    let refused = || {
        let [reference, _old, _new] = args else {
            return Err(Error::Usage("update takes a ref and two ids".to_owned()));
        };
        let caller = parent::caller(environment);
        let key = match &caller {
            Caller::Other => return Ok(None),
            Caller::ReceivePack(key) => Some(key),
            Caller::Unknown(_) => None,
        };
        let repo = Reader::open(&git_dir(environment)?)?;
        let reference = reference.to_string_lossy();
        let refused = Pushes::at(repo.common_dir()).refuses(key, &reference)?;
        Ok(refused.then(|| reference.into_owned()))
    };
    match refused() {
        Ok(None) => 0,
        Ok(Some(reference)) => {
            let text = format!("{reference} is refused, for the reason given above");
            say(stderr, &speak::remark(&text));
            1
        }
        Err(error) => {
            say(stderr, &speak::speak(&report_of(&error)));
            3
        }
    }
}

fn reference_transaction(
    args: &[OsString],
    environment: &Environment,
    stdin: &mut dyn Read,
) -> Result<Report, Error> {
    let input = input::read(stdin).map_err(Error::Input)?;
    let [state] = args else {
        return Err(Error::Usage(
            "reference-transaction takes one state".to_owned(),
        ));
    };
    if state == "committed" {
        committed(environment);
        return Ok(Report::default());
    }
    // Only here can anything still be stopped, and only here the refs are locked.
    if state != "prepared" {
        return Ok(Report::default());
    }
    let caller = parent::caller(environment);
    if caller == Caller::Other {
        return Ok(Report::default());
    }
    let reader = Reader::in_hook(environment)?;
    // Every command that works in a repository sets GIT_PREFIX for its hooks, but not
    // receive-pack, which opens the repository in its own way.
    let local = environment.get("GIT_PREFIX").is_some();
    let mut report = transaction::prepared(&reader, &input, &caller, local)?;
    if report.verdict() != Verdict::Allowed
        && let Err(error) = partial_receipt(&reader, &caller, environment)
    {
        let note = format!("no receipt of what stands already: {}", chain_of(&error));
        report.notes.push(note);
    }
    Ok(report)
}

/// Writes the receipt of a push that has moved everything. git tells its client only after this, and
/// calls `post-receive` only after that: a client that hangs up, or does not read, would leave the
/// push without a receipt, or delay it until a later policy or time judges what it brought.
///
/// Whatever goes wrong is left to `post-receive`.
fn committed(environment: &Environment) {
    let Caller::ReceivePack(key) = parent::caller(environment) else {
        return;
    };
    let _ = git_dir(environment).and_then(|it| complete(Repo::open(&it)?, &key, environment));
}

fn complete(repo: Repo, key: &Key, environment: &Environment) -> Result<(), Error> {
    let pushes = Pushes::at(repo.common_dir());
    let Some(judged) = pushes.recall(key)? else {
        return Ok(());
    };
    // Without --atomic each ref has a transaction of its own.
    if transaction::applied(&repo, &judged)?.len() < judged.movements.len() {
        return Ok(());
    }
    let _alone = pushes.alone();
    ended(&repo, &judged.movements, &pushes, environment);
    let (moved, judged) = (&judged.movements, Some(&judged));
    match write_receipt(repo, moved, judged, &pushes, key, environment)? {
        // Why is for `post-receive` to say.
        Receipt::Impossible(_) => Ok(()),
        Receipt::Written { .. } | Receipt::Before => pushes.written(key),
    }
}

/// Writes the receipts of pushes that ended without one, so far as they moved something: those before
/// this push, whose movements are `own`.
fn ended(repo: &Repo, own: &[Movement], pushes: &Pushes, environment: &Environment) {
    for (key, judged) in pushes.ended() {
        let stood = |it: &&Movement| match own.iter().find(|own| own.reference == it.reference) {
            Some(own) => own.old == it.new,
            None => matches!(repo.reference(&it.reference), Ok(now) if now == it.new),
        };
        let moved: Vec<_> = judged.movements.iter().filter(stood).cloned().collect();
        let write = || {
            let repo = Repo::open(repo.git_dir())?;
            write_receipt(repo, &moved, Some(&judged), pushes, &key, environment)
        };
        if moved.is_empty() || write().is_ok() {
            let _ = pushes.forget(&key);
        }
    }
}

/// git ends when a transaction is refused: what earlier ones of this push moved is written down
/// here, since `post-receive` will not be called.
fn partial_receipt(
    reader: &Reader,
    caller: &Caller,
    environment: &Environment,
) -> Result<(), Error> {
    let pushes = Pushes::at(reader.common_dir());
    let key = key(caller);
    let Some(judged) = pushes.recall(&key)? else {
        return Ok(());
    };
    let movements = transaction::applied(reader, &judged)?;
    if !movements.is_empty() {
        write_receipt(
            Repo::open(reader.git_dir())?,
            &movements,
            Some(&judged),
            &pushes,
            &key,
            environment,
        )?;
    }
    pushes.forget(&Key::of_movements(&judged.movements))?;
    pushes.forget(&key)
}

fn pre_push(
    args: &[OsString],
    environment: &Environment,
    stdin: &mut dyn Read,
) -> Result<Report, Error> {
    let input = input::read(stdin).map_err(Error::Input)?;
    let [remote, url] = args else {
        return Err(Error::Usage(
            "pre-push takes a remote and its address".to_owned(),
        ));
    };
    let mut report = match environment.given(SERVER_JUDGES) {
        Some(_) => Report::default(),
        None => client::pre_push(environment, &remote.to_string_lossy(), &input)?,
    };
    // What is refused here is not uploaded.
    if goes_on(&report) {
        report.absorb(lfs::upload(environment, remote, url, &input)?);
    }
    Ok(report.at_server(&quote(&remote.to_string_lossy())))
}

/// Nothing can be refused any more: whatever goes wrong is said, and the next entry heals it.
fn post_receive(environment: &Environment, stdin: &mut dyn Read, stderr: &mut dyn Write) -> i32 {
    match try_post_receive(environment, stdin) {
        Ok(Receipt::Written { .. } | Receipt::Before) => {}
        Ok(Receipt::Impossible(why)) => warn(stderr, &format!("no receipt: {why}")),
        Err(error) => warn(stderr, &format!("no receipt: {}", chain_of(&error))),
    }
    0
}

fn try_post_receive(environment: &Environment, stdin: &mut dyn Read) -> Result<Receipt, Error> {
    let input = input::read(stdin).map_err(Error::Input)?;
    let repo = Repo::open(&git_dir(environment)?)?;
    let pushes = Pushes::at(repo.common_dir());
    let mut findings = Findings::new();
    let movements = input::movements(&input, repo.hash_kind(), &mut findings);
    let caller = parent::caller(environment);
    let mut key = key(&caller);
    let mut judged = None;
    if let Caller::Unknown(guess) = caller {
        // The guess may name another push by now, but not what this one moves.
        if let Some((unseen, by)) = pushes.with(&movements) {
            pushes.forget(&guess)?;
            (key, judged) = (unseen, Some(by));
        }
    } else {
        judged = pushes.recall(&key)?;
    }
    if pushes.was_written(&key) {
        pushes.sweep();
        return Ok(Receipt::Before);
    }
    let _alone = pushes.alone();
    ended(&repo, &movements, &pushes, environment);
    let receipt = write_receipt(
        repo,
        &movements,
        judged.as_ref(),
        &pushes,
        &key,
        environment,
    );
    // Until the receipt stands, others must be able to see that this push is under way.
    pushes.forget(&key)?;
    pushes.sweep();
    receipt
}

fn write_receipt(
    repo: Repo,
    movements: &[Movement],
    judged: Option<&Judged>,
    pushes: &Pushes,
    key: &Key,
    environment: &Environment,
) -> Result<Receipt, Error> {
    let pushed = Pushed {
        movements,
        judged,
        pusher: receipt::pusher(|name| environment.text(name)),
        others: &|| pushes.others(key),
    };
    let actor = Actor::of(repo).told(environment)?;
    let receipt = receipt::record(&actor, &pushed);
    // The next push finds the index up to date. It can be made at any time, so whatever fails is left.
    let ledger = movements.iter().find(|it| it.reference == layout::ledger());
    if let Some(tip) = ledger.and_then(|it| it.new) {
        let _ = Additions::at(&actor.repo, Some(tip)).prepare();
    }
    let of_notes = |it: &Movement| it.reference.as_str().starts_with(layout::NOTES_PREFIX);
    if movements.iter().any(of_notes)
        && let Ok(segments) = Segments::of(&actor.repo)
    {
        segments.prepare();
    }
    receipt
}

fn git_dir(environment: &Environment) -> Result<PathBuf, Error> {
    let dir = environment.given("GIT_DIR");
    let dir = dir.ok_or_else(|| Error::Usage("GIT_DIR is not set".to_owned()))?;
    Ok(environment.directory().join(dir))
}

fn key(caller: &Caller) -> Key {
    match caller {
        Caller::ReceivePack(key) | Caller::Unknown(key) => key.clone(),
        // Not called by a push at all: a name that no push will ask for.
        Caller::Other => parent::key_of(std::process::id()).unwrap_or_else(Key::nobody),
    }
}

fn path(args: &[OsString]) -> Result<PathBuf, Error> {
    match args {
        [file] => Ok(PathBuf::from(file)),
        _ => Err(Error::Usage("commit-msg takes one file".to_owned())),
    }
}

/// `GIT_AWO_JSON=FILE` asks for the verdict as an object too.
fn write_json(report: &Report, environment: &Environment, stderr: &mut dyn Write) {
    let Some(file) = environment.given("GIT_AWO_JSON") else {
        return;
    };
    let written = git_dir(environment).and_then(|it| Ok(Reader::open(&it)?));
    let written = written.and_then(|it| verdict::write(&it, Path::new(file), report));
    if let Err(error) = written {
        let text = format!("no verdict was written: {}", chain_of(&error));
        warn(stderr, &text);
    }
}

fn warn(stderr: &mut dyn Write, text: &str) {
    say(stderr, &speak::remark(&format!("warning: {text}")));
}

/// That nobody listens any more does not change the verdict.
fn say(stderr: &mut dyn Write, text: &str) {
    let _ = stderr.write_all(text.as_bytes());
    let _ = stderr.flush();
}
