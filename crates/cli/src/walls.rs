//! The second wall: the process that runs guests gives up what it does not need, so that whoever breaks out of the
//! sandbox finds little. Landlock takes the file system and new listening ports, seccomp takes the system calls that
//! start programs, reach other processes or open other kinds of sockets.

use anyhow::{Context, Result};
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, NetPort, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope, path_beneath_rules,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};
use std::{collections::BTreeMap, path::PathBuf};

/// What the process goes on needing.
#[derive(Debug, Clone)]
pub(crate) struct Needs {
    /// Folders that it reads and writes.
    pub(crate) folders: Vec<PathBuf>,
    /// Ports that it listens on.
    pub(crate) ports: Vec<u16>,
}

/// Read by the C library to resolve names, and by the standard library to count processors.
const READ_ONLY: &[&str] = &[
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/resolv.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    // Where /etc/resolv.conf leads, and what replaces it when the network changes.
    "/run/systemd/resolve",
    "/run/NetworkManager",
    "/run/resolvconf",
    "/etc/ld.so.cache",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/proc/self",
    "/sys/fs/cgroup",
    "/dev/null",
    "/dev/urandom",
];

/// Landlock, for this thread and all that it starts from now on: call it while there is one thread. Says what stands.
///
/// # Errors
/// When the kernel has Landlock and it cannot be set up.
pub(crate) fn close_files(needs: &Needs) -> Result<String> {
    let abi = ABI::V6;
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let write: BitFlags<AccessFs> = AccessFs::from_all(abi) & !AccessFs::Execute;
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::BindTcp)?
        .scope(Scope::AbstractUnixSocket | Scope::Signal)?
        .create()?
        .add_rules(path_beneath_rules(READ_ONLY, read))?
        .add_rules(path_beneath_rules(&needs.folders, write))?;
    for port in &needs.ports {
        ruleset = ruleset.add_rule(NetPort::new(*port, AccessNet::BindTcp))?;
    }
    Ok(match ruleset.restrict_self()?.ruleset {
        RulesetStatus::FullyEnforced => "stands",
        RulesetStatus::PartiallyEnforced => "stands in part: this kernel is older than Linux 6.12",
        RulesetStatus::NotEnforced => "does not stand: this kernel has no Landlock (Linux 5.13 and later have it)",
    }
    .to_owned())
}

/// Seccomp, for every thread of this process: call it once all listening sockets are bound. Says what stands.
///
/// # Errors
/// When the kernel refuses the filter.
pub(crate) fn close_system_calls() -> Result<String> {
    let refuse = filter(refused()?, libc::EPERM)?;
    // The C library falls back to clone, whose flags can be looked at, only when told that there is no clone3.
    let unknown = filter(BTreeMap::from([(libc::SYS_clone3, Vec::new())]), libc::ENOSYS)?;
    for program in [&refuse, &unknown] {
        seccompiler::apply_filter_all_threads(program).context("seccomp")?;
    }
    Ok("stands".to_owned())
}

fn filter(calls: BTreeMap<i64, Vec<SeccompRule>>, error: i32) -> Result<BpfProgram> {
    let errno = SeccompAction::Errno(u32::try_from(error)?);
    let filter = SeccompFilter::new(calls, SeccompAction::Allow, errno, std::env::consts::ARCH.try_into()?)?;
    Ok(filter.try_into()?)
}

/// Never needed once a peer runs.
const NEVER: &[i64] = &[
    // Other programs.
    libc::SYS_execve,
    libc::SYS_execveat,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_kcmp,
    libc::SYS_tkill,
    libc::SYS_sched_setscheduler,
    libc::SYS_sched_setparam,
    libc::SYS_sched_setattr,
    libc::SYS_sched_setaffinity,
    libc::SYS_setpriority,
    libc::SYS_ioprio_set,
    libc::SYS_move_pages,
    libc::SYS_migrate_pages,
    // Memory and messages that processes share.
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semctl,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_msgctl,
    libc::SYS_mq_open,
    // New listening sockets: those there are were bound before.
    libc::SYS_bind,
    libc::SYS_listen,
    // Who we are, and what world we see.
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setgroups,
    libc::SYS_setfsuid,
    libc::SYS_setfsgid,
    libc::SYS_capset,
    libc::SYS_personality,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_chroot,
    libc::SYS_pivot_root,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_mount_setattr,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_open_by_handle_at,
    // Wide doors into the kernel.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
];

#[cfg(target_arch = "x86_64")]
const NEVER_ON_THIS_MACHINE: &[i64] = &[libc::SYS_fork, libc::SYS_vfork, libc::SYS_iopl, libc::SYS_ioperm];
#[cfg(not(target_arch = "x86_64"))]
const NEVER_ON_THIS_MACHINE: &[i64] = &[];

/// Puts characters into a terminal's input, as if they had been typed.
const TIOCSTI: u64 = 0x5412;
const TIOCLINUX: u64 = 0x541c;
/// The bits of a socket's type that are no flags, and the types that are neither stream nor datagram.
const SOCKET_TYPE_MASK: u64 = 0xf;
const OTHER_SOCKET_TYPES: [u64; 5] = [3, 4, 5, 6, 10];

fn refused() -> Result<BTreeMap<i64, Vec<SeccompRule>>> {
    let mut calls: BTreeMap<i64, Vec<SeccompRule>> =
        NEVER.iter().chain(NEVER_ON_THIS_MACHINE).map(|call| (*call, Vec::new())).collect();
    let is = |index: u8, operator: SeccompCmpOp, value: u64| {
        SeccompCondition::new(index, SeccompCmpArgLen::Dword, operator, value)
    };
    let all = |conditions: Vec<SeccompCondition>| SeccompRule::new(conditions);
    let (inet, inet6) = (u64::try_from(libc::AF_INET)?, u64::try_from(libc::AF_INET6)?);
    let mut sockets = vec![all(vec![is(0, SeccompCmpOp::Ne, inet)?, is(0, SeccompCmpOp::Ne, inet6)?])?];
    for kind in OTHER_SOCKET_TYPES {
        sockets.push(all(vec![is(1, SeccompCmpOp::MaskedEq(SOCKET_TYPE_MASK), kind)?])?);
    }
    calls.insert(libc::SYS_socket, sockets);
    let thread = u64::try_from(libc::CLONE_THREAD)?;
    calls.insert(libc::SYS_clone, vec![all(vec![is(0, SeccompCmpOp::MaskedEq(thread), 0)?])?]);
    let me = u64::from(std::process::id());
    for call in [libc::SYS_kill, libc::SYS_tgkill] {
        calls.insert(call, vec![all(vec![is(0, SeccompCmpOp::Ne, me)?])?]);
    }
    let others = vec![is(0, SeccompCmpOp::Ne, me)?, is(0, SeccompCmpOp::Ne, 0)?];
    calls.insert(libc::SYS_prlimit64, vec![all(others)?]);
    let type_ahead = [TIOCSTI, TIOCLINUX].map(|request| all(vec![is(1, SeccompCmpOp::Eq, request)?]));
    calls.insert(libc::SYS_ioctl, type_ahead.into_iter().collect::<Result<_, _>>()?);
    Ok(with_x32(calls))
}

/// On x86-64 most calls have a second number, which kernels with the x32 ABI accept, and some a third.
#[cfg(target_arch = "x86_64")]
fn with_x32(calls: BTreeMap<i64, Vec<SeccompRule>>) -> BTreeMap<i64, Vec<SeccompRule>> {
    const X32: i64 = 0x4000_0000;
    let only_x32 = (512..=547).map(|call| (X32 | call, Vec::new()));
    let doubled = calls.clone().into_iter().map(|(call, rules)| (X32 | call, rules));
    let clone3 = (X32 | libc::SYS_clone3, Vec::new());
    doubled.chain(only_x32).chain([clone3]).chain(calls).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn with_x32(calls: BTreeMap<i64, Vec<SeccompRule>>) -> BTreeMap<i64, Vec<SeccompRule>> {
    calls
}
