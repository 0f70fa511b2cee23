/* Runs a command and strikes its n-th file-system call, in whichever of its processes it comes.
 *
 * A library put in by LD_PRELOAD would not see all of them: some are made without libc. So a
 * seccomp filter stops exactly the calls that change files, and this program, which traces the
 * command and all its children, looks at each, counts it, and lets one not happen as it should.
 *
 *   FAULT_AT=N         the call to strike, from 1; 0 or absent: count only
 *   FAULT_KIND=KIND    kill     SIGKILL to the process, before the call
 *                      killall  SIGKILL to all processes, before the call
 *                      eio      the call fails with EIO, once
 *                      enospc   this call and all later ones that need room fail with ENOSPC
 *                      short    a write writes half of what it was given
 *   FAULT_PROGRAM=NAME count in processes of this program only
 *   FAULT_COUNT=FILE   write a line for each call counted: number, name, program, path
 *
 * Exits as the command did, or with 128 and its signal.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#include <elf.h>
#else
#error "no registers known for this machine"
#endif

enum what { WRITE = 1, ROOM = 2, OPEN = 4 };
/* path: which argument names the file, -1 none; fd: which argument is a descriptor of it. */
static const struct call {
	long number;
	const char *name;
	int what, path, fd;
} calls[] = {
	{ SYS_write, "write", WRITE | ROOM, -1, 0 },
	{ SYS_pwrite64, "pwrite64", WRITE | ROOM, -1, 0 },
	{ SYS_writev, "writev", ROOM, -1, 0 },
	{ SYS_pwritev, "pwritev", ROOM, -1, 0 },
	{ SYS_pwritev2, "pwritev2", ROOM, -1, 0 },
	{ SYS_copy_file_range, "copy_file_range", ROOM, -1, 2 },
	{ SYS_sendfile, "sendfile", ROOM, -1, 0 },
	{ SYS_fallocate, "fallocate", ROOM, -1, 0 },
	{ SYS_ftruncate, "ftruncate", 0, -1, 0 },
	{ SYS_truncate, "truncate", 0, 0, -1 },
	{ SYS_fsync, "fsync", 0, -1, 0 },
	{ SYS_fdatasync, "fdatasync", 0, -1, 0 },
	{ SYS_openat, "openat", ROOM | OPEN, 1, -1 },
	{ SYS_renameat, "renameat", ROOM, 3, -1 },
	{ SYS_renameat2, "renameat2", ROOM, 3, -1 },
	{ SYS_linkat, "linkat", ROOM, 3, -1 },
	{ SYS_symlinkat, "symlinkat", ROOM, 2, -1 },
	{ SYS_unlinkat, "unlinkat", 0, 1, -1 },
	{ SYS_mkdirat, "mkdirat", ROOM, 1, -1 },
	{ SYS_fchmod, "fchmod", 0, -1, 0 },
	{ SYS_fchmodat, "fchmodat", 0, 1, -1 },
#ifdef SYS_open
	{ SYS_open, "open", ROOM | OPEN, 0, -1 },
	{ SYS_creat, "creat", ROOM, 0, -1 },
	{ SYS_rename, "rename", ROOM, 1, -1 },
	{ SYS_link, "link", ROOM, 1, -1 },
	{ SYS_symlink, "symlink", ROOM, 1, -1 },
	{ SYS_unlink, "unlink", 0, 0, -1 },
	{ SYS_rmdir, "rmdir", 0, 0, -1 },
	{ SYS_mkdir, "mkdir", ROOM, 0, -1 },
	{ SYS_chmod, "chmod", 0, 0, -1 },
#endif
};
enum { CALLS = sizeof calls / sizeof *calls };

static void die(const char *what)
{
	fprintf(stderr, "faults: %s: %s\n", what, strerror(errno));
	exit(127);
}

static void start(char **argv)
{
	struct sock_filter filter[2 * CALLS + 5];
	size_t n = 0;
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < CALLS; i++) {
		filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, 0, 1);
		filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	}
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { .len = n, .filter = filter };
	if (ptrace(PTRACE_TRACEME, 0, 0, 0))
		die("cannot be traced");
	raise(SIGSTOP);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		die("cannot filter calls");
	execvp(argv[0], argv);
	die(argv[0]);
}

struct registers {
#if defined(__x86_64__)
	struct user_regs_struct user;
#else
	struct user_pt_regs user;
#endif
};

static void get(pid_t pid, struct registers *r)
{
	struct iovec io = { &r->user, sizeof r->user };
	ptrace(PTRACE_GETREGSET, pid, (void *)1 /* NT_PRSTATUS */, &io);
}

static void set(pid_t pid, struct registers *r)
{
	struct iovec io = { &r->user, sizeof r->user };
	ptrace(PTRACE_SETREGSET, pid, (void *)1, &io);
}

static long number(struct registers *r)
{
#if defined(__x86_64__)
	return r->user.orig_rax;
#else
	return r->user.regs[8];
#endif
}

static unsigned long *argument(struct registers *r, int i)
{
#if defined(__x86_64__)
	unsigned long long *all[] = { &r->user.rdi, &r->user.rsi, &r->user.rdx, &r->user.r10 };
	return (unsigned long *)all[i];
#else
	return (unsigned long *)&r->user.regs[i];
#endif
}

/* Lets the call not happen, and return this error. */
static void fail(pid_t pid, struct registers *r, int error)
{
#if defined(__x86_64__)
	r->user.orig_rax = -1;
	r->user.rax = -error;
	set(pid, r);
#else
	int none = -1;
	struct iovec io = { &none, sizeof none };
	ptrace(PTRACE_SETREGSET, pid, (void *)NT_ARM_SYSTEM_CALL, &io);
	r->user.regs[0] = -error;
	set(pid, r);
#endif
}

static void text_at(pid_t pid, unsigned long address, char *buffer, size_t size)
{
	struct iovec here = { buffer, size - 1 }, there = { (void *)address, size - 1 };
	memset(buffer, 0, size);
	if (process_vm_readv(pid, &here, 1, &there, 1, 0) >= 0)
		return;
	/* The name may stand just before the end of what is mapped. */
	for (size_t i = 0; i + sizeof(long) < size; i += sizeof(long)) {
		errno = 0;
		long word = ptrace(PTRACE_PEEKDATA, pid, address + i, 0);
		if (errno)
			return;
		memcpy(buffer + i, &word, sizeof word);
		if (memchr(&word, 0, sizeof word))
			return;
	}
}

static void link_at(char *buffer, size_t size, const char *format, pid_t pid, long n)
{
	char path[64];
	snprintf(path, sizeof path, format, pid, n);
	ssize_t length = readlink(path, buffer, size - 1);
	buffer[length < 0 ? 0 : length] = 0;
}

static pid_t alive[4096];
static int living;

static int known(pid_t pid)
{
	for (int i = 0; i < living; i++)
		if (alive[i] == pid)
			return 1;
	if (living < 4096)
		alive[living++] = pid;
	return 0;
}

static void gone(pid_t pid)
{
	for (int i = 0; i < living; i++)
		if (alive[i] == pid)
			alive[i] = alive[--living];
}

int main(int argc, char **argv)
{
	const char *value = getenv("FAULT_AT"), *kind = getenv("FAULT_KIND");
	const char *program = getenv("FAULT_PROGRAM"), *file = getenv("FAULT_COUNT");
	long at = value ? atol(value) : 0, count = 0;
	FILE *list = file ? fopen(file, "w") : NULL;
	if (argc < 2 || (file && !list))
		die("FAULT_COUNT");
	/* What is struck must not find out by whom. */
	unsetenv("FAULT_AT"), unsetenv("FAULT_KIND"), unsetenv("FAULT_PROGRAM"), unsetenv("FAULT_COUNT");
	kind = kind ? kind : "kill";
	pid_t first = fork();
	if (!first)
		start(argv + 1);
	int status, exit_code = 127, full = 0;
	if (waitpid(first, &status, 0) != first || !WIFSTOPPED(status))
		die("cannot trace");
	known(first);
	ptrace(PTRACE_SETOPTIONS, first, 0,
	       PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
		       PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
	ptrace(PTRACE_CONT, first, 0, 0);
	for (;;) {
		pid_t pid = waitpid(-1, &status, __WALL);
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			break;
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			gone(pid);
			if (pid == first)
				exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
			continue;
		}
		int event = status >> 16, signal = WSTOPSIG(status);
		if (!known(pid) && signal == SIGSTOP && !event) {
			ptrace(PTRACE_CONT, pid, 0, 0); /* how a new child begins */
			continue;
		}
		if (event != PTRACE_EVENT_SECCOMP) {
			ptrace(PTRACE_CONT, pid, 0, event || signal == SIGTRAP ? 0 : signal);
			continue;
		}
		struct registers r;
		get(pid, &r);
		const struct call *call = NULL;
		for (size_t i = 0; i < CALLS; i++)
			if (calls[i].number == number(&r))
				call = &calls[i];
		char exe[4096], path[4096];
		link_at(exe, sizeof exe, "/proc/%d/exe", pid, 0);
		const char *name = strrchr(exe, '/') ? strrchr(exe, '/') + 1 : exe;
		int counts = call && (!program || !*program || !strcmp(name, program));
		if (counts && (call->what & OPEN))
			counts = (*argument(&r, call->path + 1) & (O_CREAT | O_TRUNC)) != 0;
		if (counts) {
			if (call->path >= 0)
				text_at(pid, *argument(&r, call->path), path, sizeof path);
			else
				link_at(path, sizeof path, "/proc/%d/fd/%ld", pid, *argument(&r, call->fd));
			/* Pipes and terminals are no files. */
			if (call->fd >= 0 && path[0] != '/')
				counts = 0;
			/* Devices and processes are no files; what lies in memory is. */
			int device = !strncmp(path, "/dev/", 5) && strncmp(path, "/dev/shm/", 9);
			if (device || !strncmp(path, "/proc/", 6))
				counts = 0;
		}
		if (counts) {
			count++;
			if (list)
				fprintf(list, "%ld %s %s %s\n", count, call->name, name, path), fflush(list);
			if (at && count == at && !strcmp(kind, "kill"))
				kill(pid, SIGKILL); /* of a thread: its whole process */
			if (at && count == at && !strcmp(kind, "killall"))
				for (int i = 0; i < living; i++)
					kill(alive[i], SIGKILL);
			if (at && count == at && !strcmp(kind, "eio"))
				fail(pid, &r, EIO);
			if (at && count == at && !strcmp(kind, "enospc"))
				full = 1;
			if (full && (call->what & ROOM))
				fail(pid, &r, ENOSPC);
			if (at && count == at && !strcmp(kind, "short") && (call->what & WRITE) && *argument(&r, 2) > 1) {
				*argument(&r, 2) /= 2;
				set(pid, &r);
			}
		}
		ptrace(PTRACE_CONT, pid, 0, 0);
	}
	return exit_code;
}
