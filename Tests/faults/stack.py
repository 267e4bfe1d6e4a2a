"""A whole product of its own: PostgreSQL that keeps its promises (fsync on), the mail sink,
responder and nginx with their real configuration, and as many workers as a test asks for."""
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile

import processes
from checks import eventually

READY = '"message":"ready"'
ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))


class Stack:
    def __init__(self, random_delay_ms=0, delay_ms=0):
        self.dir = tempfile.mkdtemp(prefix="cf-faults-", dir="/tmp")
        os.chmod(self.dir, 0o755)
        self.binaries = os.environ["PG_BIN"]
        self.database_dir = f"{self.dir}/db"
        self.socket_dir = processes.own_dir(f"{self.dir}/run", 0o755)
        self.socket = f"{processes.own_dir(f'{self.dir}/web', 0o750)}/responder.sock"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.postgres = self.nginx = self.responder = None
        self.workers = []
        self.migrations = f"{self.dir}/migrations"
        self.sink = Sink(self, random_delay_ms, delay_ms)

    def __enter__(self):
        try:
            self._copy_program()
            self._make_database()
            self.sink.start()
        except BaseException:
            self.__exit__(None)
            raise
        return self

    def __exit__(self, kind, *_):
        for process in [*self.workers, self.nginx, self.responder, self.sink.process]:
            if process and process.poll() is None:
                # nginx asks its own workers to end; killed, it would leave them listening.
                process.terminate() if process is self.nginx else process.kill()
                process.wait()
        if self.postgres and self.postgres.poll() is None:
            self.stop_postgres(signal.SIGQUIT)
        if kind:
            print(f"    logs: {self.dir}/*.log", flush=True)
            shutil.rmtree(self.database_dir, ignore_errors=True)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    # ---------------------------------------------------------------- the program

    def _copy_program(self):
        """A copy: readable for the user it runs as, and later builds do not disturb it."""
        self.program = processes.install(os.environ["CLOSERFLOW"], f"{self.dir}/closerflow")
        for part in ("Templates", "migrations"):
            shutil.copytree(f"{ROOT}/{part}", f"{self.dir}/{part}")
        script = ('ROOT=$0 && cd "$ROOT/deploy/lib" && . ./common.sh && . ./assets.sh'
                  ' && . ./nginx.sh && stage_assets "$ROOT/Public" "$1/public"'
                  ' && render_nginx "$1/nginx" "$1/nginx-run" "$2" "$3" "$1/public"')
        subprocess.run(["bash", "-c", script, ROOT, self.dir, str(self.port), self.socket],
                       check=True)
        processes.own_dir(f"{self.dir}/nginx-run", 0o755)

    def environment(self, more=None):
        return {
            "DATABASE_URL": f"postgresql:///closerflow?host={self.socket_dir}",
            "PUBLIC_URL": self.url, "TEMPLATES": f"{self.dir}/Templates",
            "MIGRATIONS": self.migrations, "ASSETS": f"{self.dir}/public/manifest.txt",
            "SMTP_URL": f"smtp://127.0.0.1:{self.sink.port}", **(more or {})}

    def closerflow(self, *arguments, given=None, fails=False, **more):
        return processes.run(
            [self.program, *arguments], self.environment(more), given=given, fails=fails)

    def worker(self, *options, lease=3, threads=1, **more):
        """A resident worker; it is killed with the stack unless that happens before."""
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        self.workers.append(processes.start(
            [self.program, "work", "--lease-seconds", lease, "--threads", threads, *options],
            f"{self.dir}/worker.log", self.environment(more)))
        return self.workers[-1]

    def work_once(self, lease=2, fails=False, **more):
        return self.closerflow("work", "--once", "--lease-seconds", lease, fails=fails, **more)

    def serve(self):
        """A responder on the socket; the one before it, if any, still runs."""
        log = f"{self.dir}/responder.log"
        ready = log_count(log, READY)
        process = processes.start(
            [self.program, "serve", "--socket", self.socket, "--workers", "6"], log,
            self.environment())
        eventually(lambda: log_count(log, READY) > ready or process.poll() is not None, 20)
        if process.poll() is not None or log_count(log, READY) == ready:
            raise RuntimeError(f"the responder does not start: {read(log)[-1000:]}")
        return process

    def open_site(self):
        self.responder = self.serve()
        self.nginx = processes.start(
            ["nginx", "-p", f"{self.dir}/nginx-run/", "-e", "stderr", "-c",
             f"{self.dir}/nginx/nginx.conf"], f"{self.dir}/nginx.log")
        eventually(lambda: os.path.exists(f"{self.dir}/nginx-run/nginx.pid"), 10)

    # ---------------------------------------------------------------- PostgreSQL

    def _make_database(self):
        processes.own_dir(self.database_dir, 0o700)
        processes.run(
            [f"{self.binaries}/initdb", "-D", self.database_dir, "-U", "postgres", "-A", "trust",
             "-E", "UTF8", "--no-instructions", "--locale-provider=builtin",
             "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"])
        self.start_postgres()
        self.sql("create database closerflow", database="postgres")
        processes.run([*self._psql("closerflow"), "-f", "-"],
                      given=read(f"{ROOT}/deploy/postgres/bootstrap.sql"))
        self.closerflow("migrate", "up")

    def start_postgres(self):
        """Durable as in production: what is committed is on disk."""
        self.postgres = processes.start(
            [f"{self.binaries}/postgres", "-D", self.database_dir, "-k", self.socket_dir, "-c",
             "listen_addresses=", "-c", "fsync=on", "-c", "synchronous_commit=on"],
            f"{self.dir}/postgres.log")
        if not eventually(self._postgres_answers, 60):
            raise RuntimeError(f"PostgreSQL does not start, see {self.dir}/postgres.log")

    def _postgres_answers(self):
        return subprocess.run([f"{self.binaries}/pg_isready", "-q", "-h", self.socket_dir]
                              ).returncode == 0

    def stop_postgres(self, number=signal.SIGINT):
        """SIGINT ends it in order ("fast"), SIGQUIT as a power cut would ("immediate")."""
        self.postgres.send_signal(number)
        self.postgres.wait(60)

    def _psql(self, database):
        return [f"{self.binaries}/psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-h",
                self.socket_dir, "-U", "postgres", "-d", database]

    def sql(self, text, database="closerflow"):
        """As the superuser: to look, and for what nobody else may do."""
        return processes.run([*self._psql(database), "-c", text]).stdout

    @contextlib.contextmanager
    def locked(self, query):
        """Holds the rows of a `select … for update` until the end of the block."""
        psql = subprocess.Popen(self._psql("closerflow"), stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True)
        psql.stdin.write(f"begin; {query}; select 'held';\n")
        psql.stdin.flush()
        while psql.stdout.readline() not in ("held\n", ""):
            pass
        try:
            yield
        finally:
            psql.communicate("commit;\n")

    def rows(self, query):
        return json.loads(self.sql(f"select coalesce(json_agg(t), '[]') from ({query}) t"))

    def row(self, query):
        return self.rows(query)[0]

    def value(self, query):
        return next(iter(self.row(query).values()))


class Sink:
    """deploy/mail-sink with its journal: what the other side really got."""

    def __init__(self, stack, random_delay_ms, delay_ms):
        self.stack, self.random_delay_ms, self.delay_ms = stack, random_delay_ms, delay_ms
        self.dir = processes.own_dir(f"{stack.dir}/mail", 0o755)
        self.journal_path = f"{processes.own_dir(f'{stack.dir}/sink', 0o755)}/journal"
        self.port, self.process = 0, None
        self._lines, self._offset = [], 0
        processes.install(f"{ROOT}/deploy/mail-sink", f"{stack.dir}/mail-sink")

    def start(self):
        """On the port it had before, where it had one."""
        port_file = f"{self.stack.dir}/sink/port"
        if os.path.exists(port_file):
            os.unlink(port_file)
        self.process = processes.start(
            ["/usr/bin/python3", f"{self.stack.dir}/mail-sink", "--port", self.port, "--dir",
             self.dir, "--port-file", port_file, "--journal", self.journal_path,
             "--random-delay-ms", self.random_delay_ms, "--delay-ms", self.delay_ms],
            f"{self.stack.dir}/sink.log")
        if not eventually(lambda: os.path.exists(port_file), 10):
            raise RuntimeError("the mail sink does not start")
        self.port = int(read(port_file))

    def stop(self):
        processes.stop(self.process)

    def journal(self):
        """A record for each message, in the order of their arrival."""
        if os.path.exists(self.journal_path):
            with open(self.journal_path, "rb") as file:
                file.seek(self._offset)
                whole, newline, _ = file.read().rpartition(b"\n")
            self._offset += len(whole + newline)
            self._lines += [json.loads(line) for line in whole.splitlines()]
        return self._lines

    def received(self, message_id):
        return sum(line["message_id"] == message_id for line in self.journal())

    def message(self, line):
        with open(f"{self.dir}/{line['file']}", "rb") as file:
            return file.read()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def read(path):
    with open(path) as file:
        return file.read()


def log_count(path, text):
    return read(path).count(text) if os.path.exists(path) else 0
