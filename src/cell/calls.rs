//! The layer of system calls: no sockets, and none of the calls that reach into other processes, change
//! what is mounted, or do in the kernel what the other layers would not see.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Op,
    SeccompCondition, SeccompFilter, SeccompRule, TargetArch, sock_filter,
};

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Calls whose callers know what to do without them. `clone3` hides its flags from a filter, and libc falls
/// back on `clone` only if it is told that there is none.
const ABSENT: &[c_long] = &[libc::SYS_clone3, libc::SYS_io_uring_setup];

/// Calls that are not permitted.
const DENIED: &[c_long] = &[
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_chroot,
    libc::SYS_fanotify_init,
    libc::SYS_finit_module,
    libc::SYS_fsopen,
    libc::SYS_init_module,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_kcmp,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_mq_open,
    libc::SYS_msgget,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pivot_root,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_request_key,
    libc::SYS_semget,
    libc::SYS_setns,
    libc::SYS_shmget,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
];

/// Flags of `clone` that make a namespace, in which this user may be root.
const NAMESPACES: &[i32] = &[
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWUTS,
];

/// Requests of `ioctl` that type into a terminal: `TIOCSTI` and `TIOCLINUX`, whose type differs from libc to
/// libc.
const TYPING: &[u64] = &[0x5412, 0x541c];

/// Confines the system calls of this process.
pub(super) fn restrict(network: bool) -> Result<(), String> {
    let build = |errno, rules| program(errno, rules).map_err(|error| error.to_string());
    let programs = [
        build(libc::ENOSYS, all(ABSENT))?,
        build(
            libc::EPERM,
            denied(network).map_err(|error| error.to_string())?,
        )?,
    ];
    for program in &programs {
        seccompiler::apply_filter(program).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Returns a filter that answers with this error where a rule matches. Calls of another architecture end
/// the process.
fn program(errno: i32, rules: Rules) -> Result<BpfProgram, BackendError> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let deny = SeccompAction::Errno(errno.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, deny, arch)?;
    let mut program = no_x32();
    program.extend(BpfProgram::try_from(filter)?);
    Ok(program)
}

fn all(calls: &[c_long]) -> Rules {
    calls.iter().map(|call| (*call, Vec::new())).collect()
}

fn denied(network: bool) -> Result<Rules, BackendError> {
    let mut rules = all(DENIED);
    let when = |argument, op, value| {
        let condition = SeccompCondition::new(argument, Length::Dword, op, value);
        condition.and_then(|it| SeccompRule::new(vec![it]))
    };
    let bit = |argument, bits: u64| when(argument, Op::MaskedEq(bits), bits);
    let namespaces = NAMESPACES
        .iter()
        .map(|it| bit(0, u64::from(it.unsigned_abs())));
    rules.insert(libc::SYS_clone, namespaces.collect::<Result<_, _>>()?);
    let typing = TYPING.iter().map(|it| when(1, Op::Eq, *it));
    rules.insert(libc::SYS_ioctl, typing.collect::<Result<_, _>>()?);
    // Setting the limits of another process.
    let other = SeccompCondition::new(0, Length::Dword, Op::Ne, 0)?;
    let sets = SeccompCondition::new(2, Length::Qword, Op::Ne, 0)?;
    let rule = SeccompRule::new(vec![other, sets])?;
    rules.insert(libc::SYS_prlimit64, vec![rule]);
    rules.insert(libc::SYS_socket, sockets(network)?);
    // A pair is connected; one of datagrams could be connected to another socket.
    let kind = |kind: i32| when(1, Op::MaskedEq(0xf), u64::from(kind.unsigned_abs()));
    let pairs = vec![
        when(0, Op::Ne, u64::from(libc::AF_UNIX.unsigned_abs()))?,
        kind(libc::SOCK_DGRAM)?,
        kind(libc::SOCK_RAW)?,
    ];
    rules.insert(libc::SYS_socketpair, pairs);
    Ok(rules)
}

/// Returns when a socket is denied: without the network always, also of AF_UNIX, since Landlock before version 9 does not
/// see whom it connects to; with it, unless it is one of streams or datagrams of IPv4 or IPv6.
fn sockets(network: bool) -> Result<Vec<SeccompRule>, BackendError> {
    if !network {
        return Ok(Vec::new());
    }
    let condition = |argument, op, value: i32| {
        let value = u64::from(value.unsigned_abs());
        SeccompCondition::new(argument, Length::Dword, op, value)
    };
    let families = [libc::AF_INET, libc::AF_INET6].map(|it| condition(0, Op::Ne, it));
    let families = families.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut rules = vec![SeccompRule::new(families)?];
    // The low bits are the kind: all but SOCK_STREAM, 1, and SOCK_DGRAM, 2.
    for kind in (0..16).filter(|it| !matches!(it, 1 | 2)) {
        rules.push(SeccompRule::new(vec![condition(
            1,
            Op::MaskedEq(0xf),
            kind,
        )?])?);
    }
    Ok(rules)
}

/// Returns the beginning of a filter: no call of x32, which is of the same architecture as x86-64 and has
/// numbers of its own. `load number; if number >= 2^30 return ENOSYS`.
fn no_x32() -> BpfProgram {
    let step = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    vec![
        step(0x20, 0, 0, 0),
        step(0x35, 0, 1, 0x4000_0000),
        step(0x06, 0, 0, 0x0005_0000 | libc::ENOSYS.unsigned_abs()),
    ]
}
