"""Starting processes the way deploy/demo does: as a user without rights, dead when we are."""
import os
import pwd
import shutil
import signal
import subprocess

RUN_USER = "closerflow-demo"  # deploy/lib/common.sh makes it


def run_user():
    """Whom root's processes run as; nobody else can change."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    try:
        return pwd.getpwnam(RUN_USER)
    except KeyError:
        return pwd.getpwnam("nobody")


def _as_run_user(extra=()):
    command = ["setpriv", *extra]
    if os.geteuid() == 0:
        user = run_user()
        command += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups",
                    "--no-new-privs"]
    return command + ["--"]


def environment(more):
    return {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "LANG": "C.UTF-8", "TZ": "UTC",
            "HOME": "/", **more}


def start(command, log, more=None):
    """A child in the background; `log` gets what it says. Only from the main thread: the kernel
    ends the child with the thread that started it."""
    with open(log, "ab") as out:
        return subprocess.Popen(
            _as_run_user(["--pdeathsig", "KILL"]) + [str(part) for part in command], stdout=out,
            stderr=out, stdin=subprocess.DEVNULL, cwd="/", env=environment(more or {}),
            start_new_session=True)


def run(command, more=None, given=None, fails=False, seconds=120):
    """A command to its end; what it printed."""
    done = subprocess.run(
        _as_run_user() + [str(part) for part in command], input=given, text=True, cwd="/",
        env=environment(more or {}), capture_output=True, timeout=seconds)
    if done.returncode != 0 and not fails:
        raise RuntimeError(
            f"{' '.join(map(str, command))[:300]} ended with {done.returncode}:\n"
            + done.stdout[-1000:] + done.stderr[-2000:])
    return done


def stop(process, number=signal.SIGTERM, seconds=15):
    """Asks, waits, insists; the exit status."""
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def children(pid):
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as stat:
                    fields = stat.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == pid:
                found.append(int(name))
    return found


def peak_memory(pid):
    """The most memory the process ever held, in MiB."""
    with open(f"/proc/{pid}/status") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def own_dir(path, mode):
    os.makedirs(path, exist_ok=True)
    os.chmod(path, mode)
    if os.geteuid() == 0:
        user = run_user()
        os.chown(path, user.pw_uid, user.pw_gid)
    return path


def install(source, target):
    shutil.copy(source, target)
    os.chmod(target, 0o755)
    return target
