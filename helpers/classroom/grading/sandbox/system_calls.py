"""The system calls that answers may make, and the filter (seccomp) with which the kernel refuses all others.

The lists have what Python and NumPy were seen to use on x86-64, and what a program may want of the files, the memory
and the time that are its own. What is missing can hold, signal or outlive another process, or reach out: processes,
threads, sockets, namespaces, debugging, locks, and whatever the kernel is going to learn. On arm64 the filter was
derived from the kernel's tables and not run.
"""

import struct

#: For what answers need them: name to its number on x86_64 and on aarch64; None where there is no such call.
ALLOWED: dict[str, dict[str, tuple[int | None, int | None]]] = {
    "what nearly every program does": {
        "read": (0, 63),
        "write": (1, 64),
        "pselect6": (270, 72),
        "select": (23, None),
        "poll": (7, None),
        "ppoll": (271, 73),
        "futex": (202, 98),
        "lseek": (8, 62),
        "close": (3, 57),
        "mmap": (9, 222),
        "munmap": (11, 215),
        "brk": (12, 214),
    },
    "memory": {
        "mprotect": (10, 226),
        "mremap": (25, 216),
        "madvise": (28, 233),
        "mbind": (237, 235),
    },
    "files and folders that it may open": {
        "open": (2, None),
        "openat": (257, 56),
        "creat": (85, None),
        "access": (21, None),
        "faccessat": (269, 48),
        "faccessat2": (439, 439),
        "stat": (4, None),
        "lstat": (6, None),
        "fstat": (5, 80),
        "newfstatat": (262, 79),
        "statx": (332, 291),
        "statfs": (137, 43),
        "fstatfs": (138, 44),
        "readlink": (89, None),
        "readlinkat": (267, 78),
        "getdents": (78, None),
        "getdents64": (217, 61),
        "getcwd": (79, 17),
        "chdir": (80, 49),
        "fchdir": (81, 50),
        "umask": (95, 166),
        "pread64": (17, 67),
        "pwrite64": (18, 68),
        "readv": (19, 65),
        "writev": (20, 66),
        "preadv": (295, 69),
        "pwritev": (296, 70),
        "preadv2": (327, 286),
        "pwritev2": (328, 287),
        "sendfile": (40, 71),
        "copy_file_range": (326, 285),
        "ftruncate": (77, 46),
        "truncate": (76, 45),
        "fallocate": (285, 47),
        "fadvise64": (221, 223),
        "fsync": (74, 82),
        "fdatasync": (75, 83),
        "mkdir": (83, None),
        "mkdirat": (258, 34),
        "rmdir": (84, None),
        "unlink": (87, None),
        "unlinkat": (263, 35),
        "rename": (82, None),
        "renameat": (264, 38),
        "renameat2": (316, 276),
        "symlink": (88, None),
        "symlinkat": (266, 36),
        "chmod": (90, None),
        "fchmod": (91, 52),
        "fchmodat": (268, 53),
        "utime": (132, None),
        "utimes": (235, None),
        "utimensat": (280, 88),
        "futimesat": (261, None),
        "pipe": (22, None),
        "pipe2": (293, 59),
        "dup": (32, 23),
        "dup2": (33, None),
        "dup3": (292, 24),
        "close_range": (436, 436),
    },
    "its own beginning and end": {
        "execve": (59, 221),
        "exit": (60, 93),
        "exit_group": (231, 94),
        "wait4": (61, 260),
        "waitid": (247, 95),
        "arch_prctl": (158, None),
        "set_tid_address": (218, 96),
        "set_robust_list": (273, 99),
        "rseq": (334, 293),
    },
    "its own signals": {
        "rt_sigaction": (13, 134),
        "rt_sigprocmask": (14, 135),
        "rt_sigreturn": (15, 139),
        "rt_sigpending": (127, 136),
        "rt_sigsuspend": (130, 133),
        "rt_sigtimedwait": (128, 137),
        "sigaltstack": (131, 132),
        "restart_syscall": (219, 128),
        "pause": (34, None),
        "alarm": (37, None),
        "setitimer": (38, 103),
        "getitimer": (36, 102),
    },
    "its own limits, which it can only lower": {
        "getrlimit": (97, 163),
        "setrlimit": (160, 164),
        "prlimit64": (302, 261),
    },
    "questions": {
        "getpid": (39, 172),
        "getppid": (110, 173),
        "gettid": (186, 178),
        "getuid": (102, 174),
        "geteuid": (107, 175),
        "getgid": (104, 176),
        "getegid": (108, 177),
        "getgroups": (115, 158),
        "getresuid": (118, 148),
        "getresgid": (120, 150),
        "getpgid": (121, 155),
        "getpgrp": (111, None),
        "getsid": (124, 156),
        "capget": (125, 90),
        "getrusage": (98, 165),
        "times": (100, 153),
        "sysinfo": (99, 179),
        "uname": (63, 160),
        "getcpu": (309, 168),
        "sched_getaffinity": (204, 123),
    },
    "time and chance": {
        "clock_gettime": (228, 113),
        "clock_getres": (229, 114),
        "gettimeofday": (96, 169),
        "time": (201, None),
        "clock_nanosleep": (230, 115),
        "nanosleep": (35, 101),
        "sched_yield": (24, 124),
        "getrandom": (318, 278),
    },
}

#: Calls of which some commands are needed, the second argument: for fcntl F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL
#: and F_DUPFD_CLOEXEC, not leases, locks and notifications; for ioctl TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX
#: and FIOCLEX, not what changes a terminal or a device.
COMMANDS: dict[str, tuple[tuple[int, int], tuple[int, ...]]] = {
    "fcntl": ((72, 25), (0, 1, 2, 3, 4, 1030)),
    "ioctl": ((16, 29), (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)),
}

#: The machines whose calls are known, as `platform.machine` names them, and their audit numbers in the kernel.
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

#: Calls that do not exist here, so that libc does without: clone3, in whose arguments no filter can look, and those
#: that are newer than these lists. From the number `_X32` on, an x86_64 kernel may know every call a second time.
_CLONE3, _NEWER, _X32 = 435, 451, 0x40000000

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _AUDIT, _SECOND = 0, 4, 24  # where the kernel puts what a filter looks at; of an argument, its low half
_ALLOW, _KILL, _NOT_PERMITTED, _NO_SUCH_CALL = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026


def process_filter(machine: str) -> bytes:
    """Return a program for the kernel, in classic BPF, that lets the calls of these lists through and no other.

    The limits do without it, but not for all: RLIMIT_NPROC does not bind root, and a process that may make a namespace
    is its administrator, and may mount file systems without a limit there.

    Args:
        machine: as `platform.machine` returns it; an unknown one gives an empty program.
    """
    if machine not in MACHINES:
        return b""
    place = [*MACHINES].index(machine)
    steps = [(_LOAD, 0, 0, _AUDIT), (_EQUAL, 1, 0, MACHINES[machine]), (_RETURN, 0, 0, _KILL)]
    steps += [(_LOAD, 0, 0, _NUMBER)]
    for numbers in (number for calls in ALLOWED.values() for number in calls.values()):
        if (number := numbers[place]) is not None:
            steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    for numbers, commands in COMMANDS.values():
        inner = [(_LOAD, 0, 0, _SECOND)]
        for command in commands:
            inner += [(_EQUAL, 0, 1, command), (_RETURN, 0, 0, _ALLOW)]
        inner += [(_RETURN, 0, 0, _NOT_PERMITTED)]
        steps += [(_EQUAL, 0, len(inner), numbers[place]), *inner]
    steps += [(_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, _NO_SUCH_CALL)]
    steps += [(_AT_LEAST, 0, 2, _NEWER), (_AT_LEAST, 1, 0, _X32), (_RETURN, 0, 0, _NO_SUCH_CALL)]
    steps += [(_RETURN, 0, 0, _NOT_PERMITTED)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
