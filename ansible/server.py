"""Plays playbooks by Ansible, each in a process of its own.

The imports take Ansible longer than a small playbook does: here they are done
once, and a fork plays on from there as the command ansible-playbook would. Over
each connection comes {"args": [...], "home": "..."}, with "dir" to play in a folder of
that name, and goes back {"code": ..., "out": "...", "err": "..."}. A code below zero says
that the process crashed, and "err" how.
"""

import gc
import importlib
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import traceback

from ansible import constants
from ansible.cli.playbook import PlaybookCLI


# What a first run imports, it imports for all.
FIRST = """
- hosts: localhost
  gather_facts: false
  tasks:
    - set_fact: {a: 1}
    - assert: {that: a | string == "1"}
    - include_vars: {file: missing.yml}
      ignore_errors: true
    - fail:
"""


def warm_up():
    """Imports what a first run imports, and what the connection plugins want."""
    came, went = os.pipe()
    if os.fork() == 0:
        home = tempfile.mkdtemp()
        try:
            with open(home + "/play.yml", "w") as file:
                file.write(FIRST)
            play({"args": ["-i", "localhost,", home + "/play.yml"], "home": home})
            os.write(went, json.dumps([name for name in sys.modules if name.split(".")[0] in ("ansible", "xml", "multiprocessing")]).encode())
        finally:
            shutil.rmtree(home, ignore_errors=True)
            os._exit(0)
    os.close(went)
    with open(came) as stream:
        names = json.loads(stream.read() or "[]")
    os.wait()
    for module in names + ["winrm"]:
        try:
            importlib.import_module(module)
        except Exception:  # whoever needs it says so
            pass
    gc.freeze()


def output(name, fd):
    """Lets a file have what is written to a descriptor."""
    file = open(name, "w+b")
    os.dup2(file.fileno(), fd)
    return file


def text(file):
    file.seek(0)
    return file.read().decode(errors="backslashreplace")


def play(request):
    home = request["home"]
    os.environ["HOME"] = home
    os.chdir(request.get("dir", "."))
    constants.DEFAULT_LOCAL_TMP = tempfile.mkdtemp(dir=home)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    out, err = output(home + "/out", 1), output(home + "/err", 2)
    try:
        PlaybookCLI.cli_executor(["ansible-playbook"] + request["args"])
        code = 0
    except SystemExit as end:
        code = end.code or 0
    sys.stdout.flush()
    sys.stderr.flush()
    shutil.rmtree(constants.DEFAULT_LOCAL_TMP, ignore_errors=True)
    return {"code": code, "out": text(out), "err": text(err)}


def answer(connection):
    """Plays in a process of its own: whatever becomes of that, there is a result."""
    with connection, connection.makefile("rw") as stream:
        request = json.loads(stream.readline())
        player = os.fork()
        if player == 0:
            try:
                stream.write(json.dumps(play(request)))
                stream.flush()
                os._exit(0)
            except BaseException:  # not SystemExit alone
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(1)
        _, status = os.waitpid(player, 0)
        if status != 0:
            stream.write(json.dumps({"code": -1, "out": "", "err": crashed(request["home"], status)}))


def crashed(home, status):
    """Says how a process ended that was to play, with what it wrote last."""
    if os.WIFSIGNALED(status):
        how = "signal %d" % os.WTERMSIG(status)
    else:
        how = "exit %d" % os.WEXITSTATUS(status)
    try:
        with open(home + "/err", errors="backslashreplace") as file:
            return "Ansible crashed: %s\n%s" % (how, file.read()[-4000:])
    except OSError:
        return "Ansible crashed: %s" % how


def serve(path):
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(100)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    print("ready", flush=True)
    while True:
        connection, _ = server.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # but Ansible for its own
            server.close()
            try:
                answer(connection)
            finally:
                os._exit(0)
        connection.close()


warm_up()
serve(sys.argv[1])
