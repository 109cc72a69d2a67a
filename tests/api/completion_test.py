"""Completion in real shells: what TAB makes of a line, typed at a terminal, with a real apiserver to ask for setting keys."""

import http.server
import json
import os
import pty
import re
import select
import shutil
import socketserver
import subprocess
import tempfile
import threading
import time
import unittest

from apiserver import Server

CLIENT = os.environ["BULKHEAD_APICLIENT"]
TAB, ALL, SHOW, CLEAR = "\t", "\x18\x09", "\x18\x10", "\x15"  # ^X^I: insert every completion; ^X^P: print the line
LONGEST = 300

BASHRC = r"""
PS1='$ '
source "$RC_DIRECTORY/apiclient.bash"
bind 'set bell-style none'
bind 'set enable-bracketed-paste off'
bind '"\C-x\C-i": insert-completions'
bind -x '"\C-x\C-p": printf "\n<<%s>>\n" "$READLINE_LINE"'
printf '\n<<ready>>\n'
"""
ZSHRC = r"""
PS1='$ '
fpath=("$RC_DIRECTORY" $fpath)
autoload -Uz compinit && compinit -u -D
setopt no_beep
unsetopt zle_bracketed_paste
show() { printf '\n<<%s>>\n' "$BUFFER"; }
zle -N show
bindkey '^X^P' show
bindkey '^U' kill-whole-line
printf '\n<<ready>>\n'
"""


class Shell:
    """An interactive shell on a terminal of its own, which has read a completion script."""

    def __init__(self, name, config):
        self.directory = tempfile.mkdtemp(prefix="bulkhead-shell-")
        script = subprocess.run([CLIENT, f"--generate={name}"], check=True, capture_output=True, text=True).stdout
        self.write("apiclient.bash" if name == "bash" else "_apiclient", script)
        self.write("bashrc" if name == "bash" else ".zshrc", BASHRC if name == "bash" else ZSHRC)
        environment = {**os.environ, "HOME": self.directory, "ZDOTDIR": self.directory, "RC_DIRECTORY": self.directory,
                       "PATH": os.path.dirname(CLIENT) + ":" + os.environ["PATH"], "XDG_CONFIG_HOME": config,
                       "TERM": "dumb", "INPUTRC": "/dev/null", "HISTFILE": "/dev/null", "COLUMNS": "500"}
        words = ["bash", "--noprofile", "--rcfile", self.directory + "/bashrc", "-i"] if name == "bash" else ["zsh", "-i"]
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.execvpe(words[0], words, environment)
        self.text = ""
        assert self.answer() == "ready"

    def write(self, name, text):
        with open(os.path.join(self.directory, name), "w") as file:
            file.write(text)

    def answer(self):
        end = time.monotonic() + LONGEST
        while not (found := re.search(r"\n<<(.*?)>>\r?\n", self.text, re.DOTALL)):
            if not select.select([self.terminal], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError(self.text)
            self.text += os.read(self.terminal, 65536).decode(errors="replace")
        self.text = self.text[found.end():]
        return found[1].replace("\r\n", "\n")

    def typed(self, *keys):
        """What the line is after these keys."""
        os.write(self.terminal, ("".join(keys) + SHOW).encode())
        line = self.answer()
        os.write(self.terminal, CLEAR.encode())
        return line

    def close(self):
        os.close(self.terminal)
        os.waitpid(self.process, 0)
        shutil.rmtree(self.directory)


class Liar(socketserver.ThreadingUnixStreamServer):
    """A node whose keys are what an attacker would like a shell to read."""

    keys = {"motd": "", "$(touch ran)": "", "a;touch ran": "", "b`touch ran`": "", "c\n$(touch ran)": "", "d e": ""}

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def address_string(self):
            return "client"

        def log_message(self, *_):
            pass

        def do_GET(self):
            body = json.dumps(Liar.keys).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def __init__(self, path):
        super().__init__(path, self.Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Completion:
    """The same for every shell."""

    @classmethod
    def setUpClass(cls):
        if shutil.which(cls.shell_name) is None:
            raise unittest.SkipTest(f"there is no {cls.shell_name} here")
        cls.config = tempfile.mkdtemp(prefix="bulkhead-profiles-")
        for name in ("web1", "web2", "db-main"):
            subprocess.run([CLIENT, "profile", "add", name, "--host", "127.0.0.1:1"], check=True, capture_output=True,
                           env={**os.environ, "XDG_CONFIG_HOME": cls.config})
        cls.server = Server().start()
        cls.shell = Shell(cls.shell_name, cls.config)
        cls.node = f"apiclient -s {cls.server.socket}"

    @classmethod
    def tearDownClass(cls):
        cls.shell.close()
        cls.server.stop()
        shutil.rmtree(cls.server.root)
        shutil.rmtree(cls.config)

    def completes(self, line, result, keys=TAB):
        self.assertEqual(self.shell.typed(line, keys), result)

    def test_keys_of_settings(self):
        for verb in ("get", "unset", "explain"):
            self.completes(f"{self.node} {verb} mot", f"{self.node} {verb} motd ")
            self.completes(f"{self.node} {verb} network.host", f"{self.node} {verb} network.host")  # hostname and hosts
        self.completes(f"{self.node} get motd network.hostn", f"{self.node} get motd network.hostname ")
        self.completes(f"{self.node} get --exclude ntp.time", f"{self.node} get --exclude ntp.time-servers ")

    def test_keys_that_get_a_value(self):
        for verb in ("set", "plan"):
            self.completes(f"{self.node} {verb} mot", f"{self.node} {verb} motd=")
            self.completes(f"{self.node} {verb} motd=x ntp.ti", f"{self.node} {verb} motd=x ntp.time-servers=")
            self.completes(f"{self.node} {verb} motd=mot", f"{self.node} {verb} motd=mot")

    def test_completion_stops_before_a_name_that_the_user_chooses(self):
        self.completes(f"{self.node} set network.int", f"{self.node} set network.interfaces.")
        self.completes(f"{self.node} unset kernel.sys", f"{self.node} unset kernel.sysctl.")

    def test_the_node_asked_is_the_one_on_the_line(self):
        for asked in (f"--socket-path {self.server.socket}", f"--socket-path={self.server.socket}", f"-v -s {self.server.socket}"):
            self.completes(f"apiclient {asked} get mot", f"apiclient {asked} get motd ")
            self.completes(f"apiclient get {asked} mot", f"apiclient get {asked} motd ")
        self.completes(f"apiclient -s ~{self.home(self.server.socket)} get mot",
                       f"apiclient -s ~{self.home(self.server.socket)} get motd ")

    def home(self, path):
        link = os.path.join(self.shell.directory, "sock")
        if not os.path.islink(link):
            os.symlink(path, link)
        return "/sock"

    def test_where_nobody_answers_there_is_nothing_and_no_message(self):
        for asked in ("-s /nonexistent/api.sock", "-n web1", "-n 127.0.0.1:1", "-n nobody"):
            self.completes(f"apiclient {asked} get mot", f"apiclient {asked} get mot")
        self.assertNotIn("cannot connect", self.shell.text)

    def test_profiles(self):
        self.completes("apiclient -n d", "apiclient -n db-main ")
        self.completes("apiclient --node w", "apiclient --node web")
        self.completes("apiclient get -n d", "apiclient get -n db-main ")
        self.completes("apiclient profile show d", "apiclient profile show db-main ")
        self.completes("apiclient logs -n d", "apiclient logs -n d")  # there it is a number of lines

    def test_what_a_node_says_is_never_run(self):
        directory = os.path.join(self.shell.directory, "liar")
        os.makedirs(directory, exist_ok=True)
        with Liar(directory + "/sock") as liar:
            self.completes(f"apiclient -s {directory}/sock get m", f"apiclient -s {directory}/sock get motd ")
            for start in ("$", "a", "b", "c", "d"):
                self.completes(f"apiclient -s {directory}/sock get {start}", f"apiclient -s {directory}/sock get {start}")
            liar.shutdown()
        self.assertFalse(os.path.exists("ran") or os.path.exists(os.path.join(self.shell.directory, "ran")))

    def test_verbs_and_options_as_before(self):
        self.completes("apiclient expl", "apiclient explain ")
        self.completes(f"{self.node} set --dry", f"{self.node} set --dry-run ")


class Bash(Completion, unittest.TestCase):
    shell_name = "bash"

    def test_every_key_is_offered_once(self):
        known = subprocess.run([CLIENT, "-s", self.server.socket, "schema", "--keys"], check=True, capture_output=True,
                               text=True).stdout.split()
        settable = {key.split("<")[0] for key in known if "[" not in key.split("<")[0]}
        words = self.shell.typed(f"{self.node} get ", ALL).split()[4:]
        self.assertEqual(sorted(words), sorted(settable))
        self.assertGreater(len(words), 80)


class Zsh(Completion, unittest.TestCase):
    shell_name = "zsh"


del Completion

if __name__ == "__main__":
    unittest.main()
