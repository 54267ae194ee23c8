"""What `os` and its like have on other systems and the C library for WebAssembly has not."""

import collections
import os
import sys
import time
import zlib

STATVFS = "f_bsize f_frsize f_blocks f_bfree f_bavail f_files f_ffree f_favail f_flag f_namemax"
BLOCK_BYTES = 4096
# What `access` asks for, and the permissions that grant it to anyone.
PERMISSIONS = ((4, 0o444), (2, 0o222), (1, 0o111))


def install(put, file_room, file_set_mode, file_symlink, linux_error):
    statvfs_result = collections.namedtuple("statvfs_result", STATVFS)
    uname_result = collections.namedtuple("uname_result", "sysname nodename release version machine")
    times_result = collections.namedtuple("times_result", "user system children_user children_system elapsed")
    for kind in (statvfs_result, uname_result, times_result):
        kind.__module__ = "os"
        setattr(os, kind.__name__, kind)
    mask = [0o022]

    def chmod(path, mode, *, dir_fd=None, follow_symlinks=True):
        stat = os.stat(path) if isinstance(path, int) else os.stat(path, follow_symlinks=follow_symlinks)
        file_set_mode(stat.st_ino, mode & 0o7777)

    def access(path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True):
        try:
            found = os.stat(path, follow_symlinks=follow_symlinks)
        except (OSError, ValueError):
            return False
        return all(found.st_mode & bits for wanted, bits in PERMISSIONS if mode & wanted)

    def get_inheritable(fd):
        os.fstat(fd)
        return False

    def set_inheritable(fd, inheritable):
        os.fstat(fd)

    def symlink(src, dst, target_is_directory=False, *, dir_fd=None):
        path = os.path.join(os.getcwd(), os.fsdecode(dst))
        number = file_symlink(os.fsdecode(src), path)
        if number:
            number = linux_error(number)
            raise OSError(number, os.strerror(number), src, None, dst)

    def lchmod(path, mode):
        chmod(path, mode, follow_symlinks=False)

    def fchmod(fd, mode):
        chmod(fd, mode)

    def umask(mode):
        before, mask[0] = mask[0], mode & 0o777
        return before

    def statvfs(path):
        if not isinstance(path, int):
            os.stat(path)
        all_bytes, used_bytes = file_room()
        blocks, free = all_bytes // BLOCK_BYTES, max(all_bytes - used_bytes, 0) // BLOCK_BYTES
        return statvfs_result(BLOCK_BYTES, BLOCK_BYTES, blocks, free, free, blocks, free, free, 0, 255)

    def at(offset, act, fd, argument):
        here = os.lseek(fd, 0, os.SEEK_CUR)
        try:
            os.lseek(fd, offset, os.SEEK_SET)
            return act(fd, argument)
        finally:
            os.lseek(fd, here, os.SEEK_SET)

    def pread(fd, n, offset):
        return at(offset, os.read, fd, n)

    def pwrite(fd, data, offset):
        return at(offset, os.write, fd, data)

    def uname():
        return uname_result("WASI", "sandbox", "preview1", "sandlot", "wasm32")

    def times():
        used = time.process_time()
        return times_result(used, 0.0, 0.0, 0.0, time.monotonic())

    def sched_yield():
        time.sleep(0)

    def mkdir(path, mode=0o777, *, dir_fd=None):
        raw_mkdir(path)
        if mode & ~mask[0] & 0o777 != 0o755:
            chmod(path, mode & ~mask[0])

    def open(path, flags, mode=0o777, *, dir_fd=None):
        made = flags & os.O_CREAT and not os.path.lexists(path)
        fd = raw_open(path, flags)
        if made and mode & ~mask[0] & 0o777 != 0o644:
            chmod(fd, mode & ~mask[0])
        return fd

    def kill(pid, signal, /):
        if pid not in (0, os.getpid()):
            raise ProcessLookupError(3, "No such process")
        if signal:
            import _signal

            _signal.raise_signal(signal)

    def sync():
        pass

    raw_mkdir, raw_open = os.mkdir, os.open
    put(
        os, access, chmod, fchmod, get_inheritable, kill, lchmod, mkdir, open, pread, pwrite, sched_yield, set_inheritable,
        statvfs, symlink, sync, times, umask, uname,
    )
    os.fstatvfs = statvfs
    os.getppid = lambda: 0
    os.WNOHANG = 1
    # Named after its maker where a version of zlib is expected.
    zlib.ZLIB_RUNTIME_VERSION = zlib.ZLIB_VERSION
    os.cpu_count = os.process_cpu_count = lambda: 1
