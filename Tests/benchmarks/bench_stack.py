"""A demo in a folder of its own, its processes, and wrk: what the benchmarks of this folder share."""
import base64, json, os, re, signal, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TICK = os.sysconf("SC_CLK_TCK")


class Stack:
    """A demo in a folder of its own, stopped at the end."""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="closerflow-bench-")
        self.process = subprocess.Popen(
            [f"{ROOT}/deploy/demo", "--dir", self.dir, "--port", "0"], stdout=subprocess.DEVNULL)
        path = f"{self.dir}/demo.json"
        for _ in range(1200):
            if os.path.exists(path):
                break
            if self.process.poll() is not None:
                sys.exit("the demo did not start")
            time.sleep(0.5)
        self.demo = json.load(open(path))
        self.socket_dir = re.search(r"host=(.*)", self.demo["database_url"]).group(1)
        postgres = self.pids("postgres", f"-D {self.dir}/db")[0]
        self.pg_bin = os.path.dirname(os.readlink(f"/proc/{postgres}/exe"))
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def psql(self, *args):
        done = subprocess.run(
            [f"{self.pg_bin}/psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-h", self.socket_dir,
             "-U", "postgres", "-d", "closerflow", *args], capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr)
        return done.stdout

    def pids(self, *marks):
        """Processes whose command line holds every mark."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                line = open(f"/proc/{pid}/cmdline", "rb").read().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if all(mark in line for mark in marks):
                found.append(int(pid))
        return found

    def groups(self):
        responder = self.pids("closerflow serve", self.dir)
        nginx_master = self.pids("nginx: master", self.dir)
        nginx = [p for p in self.pids("nginx: worker") if parent(p) in nginx_master]
        postmaster = self.pids("postgres", f"-D {self.dir}/db")
        backends = [p for p in self.pids("postgres: ") if parent(p) in postmaster]
        return {"responder": responder, "nginx": nginx, "postgres": backends}


def parent(pid):
    try:
        return int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        try:
            fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) / TICK
        except OSError:
            pass
    return total


def memory_mb(pids, field):
    for line in open(f"/proc/{pids[0]}/status"):
        if line.startswith(field):
            return int(line.split()[1]) / 1024


def session_cookie(tenant):
    """The token of seed.sql's session: the tenant's number in 32 bytes."""
    return base64.urlsafe_b64encode(tenant.to_bytes(32, "big")).decode().rstrip("=")


def wrk(url, seconds, connections, script=None):
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", url]
    if script:
        command[1:1] = ["-s", script]
    out = subprocess.run(command, check=False, capture_output=True, text=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        sys.exit(f"not every answer was good:\n{out}")
    unit = {"us": 1e-3, "ms": 1.0, "s": 1e3}

    def latency(percent):
        value, suffix = re.search(rf"{percent}%\s+([\d.]+)(us|ms|s)", out).groups()
        return float(value) * unit[suffix]

    return (float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)), latency(50), latency(99),
            int(re.search(r"(\d+) requests in", out).group(1)))
