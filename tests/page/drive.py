"""Drives what people and programs see of a peer: see scripts/page. Each step says what it did; the first that fails
ends the run with what was there instead."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from playwright.sync_api import expect, sync_playwright

PATIENCE_MS = 30_000
REQUESTS_MIN = 2_000
PICTURES = pathlib.Path("docs/pictures")
expect.set_options(timeout=PATIENCE_MS)


class Network:
    """A tracker and three peers, on ports of their own, in a folder of their own."""

    def __init__(self, sandlot, folder):
        self.sandlot, self.folder, self.started = sandlot, folder, []
        self.tracker = self.start("tracker", "--port", "0").split()[2]
        self.peers, self.pages = [], []
        for number in range(3):
            data = str(folder / f"peer-{number}")
            greeting = self.start(
                "peer", "--port", "0", "--web-port", "0", "--workers", "1", "--tracker", self.tracker,
                "--data-dir", data, "--heartbeat-ms", "100",
            )
            self.peers.append(greeting.split()[2])
            self.pages.append(re.search(r"web page (http://\S+?)/\)", greeting).group(1))

    def start(self, *arguments):
        log = open(self.folder / f"log-{len(self.started)}", "wb")
        process = subprocess.Popen([self.sandlot, *arguments], stdout=subprocess.PIPE, stderr=log, text=True)
        self.started.append(process)
        greeting = process.stdout.readline()
        if "is ready" not in greeting:
            raise SystemExit(f"page: sandlot {arguments[0]} did not start: {greeting!r}")
        return greeting

    def stop(self):
        for process in self.started:
            process.terminate()
        for process in self.started:
            process.wait()


def request(method, url, body=None, **headers):
    """A request as no browser sends it: the status, and the answer's text."""
    kind = {"Content-Type": "application/json"} if body is not None else {}
    asked = urllib.request.Request(url, body, {**kind, **headers}, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def ask(method, url, body=None):
    status, text = request(method, url, None if body is None else json.dumps(body).encode())
    assert status < 300, (status, text)
    return json.loads(text)


STEPS = []


def step(function):
    STEPS.append(function)
    return function


class Shown:
    """A page in the browser, and whatever went wrong on it."""

    def __init__(self, browser, url, **options):
        self.context = browser.new_context(base_url=url, accept_downloads=True, **options)
        self.page = self.context.new_page()
        self.url, self.faults = url, []
        self.page.on("console", lambda said: said.type == "error" and self.faults.append(f"console: {said.text}"))
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: self.faults.append(f"dialog: {dialog.message}"))
        self.page.on("request", self.check)

    def check(self, asked):
        if not asked.url.startswith((self.url + "/", "data:", "blob:")):
            self.faults.append(f"a request to elsewhere: {asked.url}")

    def close(self):
        self.context.close()
        assert not self.faults, self.faults


@step
def a_program_runs_and_its_output_streams(network, shown):
    """runs a program and sees its output before its end"""
    page = shown.page
    page.goto("/run")
    page.get_by_role("textbox", name="Program").fill(
        "import time\nprint('first', flush=True)\ntime.sleep(2)\nprint('last')\n"
    )
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#output")).to_have_text("first\n")
    assert "Ended" not in page.locator("#state").inner_text(), "the first line comes while the program runs"
    expect(page.locator("#output")).to_have_text("first\nlast\n")
    expect(page.locator("#state")).to_have_text("Ended: ok")
    assert page.locator("#painted .k").first.inner_text() == "import", "keywords are highlighted"


@step
def a_function_is_called_and_its_arguments_are_checked(network, shown):
    """calls a function; wrong JSON is told while it is typed"""
    page = shown.page
    page.goto("/run")
    page.get_by_role("textbox", name="Program").fill("def main(a, b): return {'sum': a + b}\n")
    page.get_by_label("call a function").check()
    page.get_by_label("Arguments").fill("[10, 32")
    expect(page.locator("#args-said")).to_contain_text("not JSON")
    page.get_by_label("Arguments").fill("[10, 32]")
    expect(page.locator("#args-said")).to_have_text("")
    page.get_by_label("on this peer only").check()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#result")).to_have_text('{\n  "sum": 42\n}')
    expect(page.locator("#end")).to_contain_text(f"on {network.peers[0]}")


@step
def a_traceback_leads_to_the_line(network, shown):
    """finds a failing line from its traceback and mends it"""
    page = shown.page
    page.goto("/run")
    page.get_by_role("textbox", name="Program").fill("def half(n):\n    return n / 0\n\nprint(half(8))\n")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".traceback")).to_contain_text("ZeroDivisionError")
    expect(page.locator("#state")).to_have_text("Ended: exception")
    page.get_by_role("link", name='File "program.py", line 2').click()
    chosen = page.evaluate("document.getSelection().toString() || (() => { const p = document.getElementById('program'); return p.value.slice(p.selectionStart, p.selectionEnd); })()")
    assert chosen == "    return n / 0", chosen
    page.get_by_role("textbox", name="Program").fill("def half(n):\n    return n / 2\n\nprint(half(8))\n")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#output")).to_have_text("4.0\n")


@step
def an_endless_loop_is_cancelled(network, shown):
    """cancels an endless loop"""
    page = shown.page
    page.goto("/run")
    page.get_by_role("textbox", name="Program").fill("while True: pass\n")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#state")).to_have_text("Running …")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#state")).to_have_text("Ended: cancelled")


@step
def limits_bind(network, shown):
    """sets a limit and sees it bind"""
    page = shown.page
    page.goto("/run")
    page.get_by_role("textbox", name="Program").fill("while True: pass\n")
    page.get_by_text("Limits and priority").click()
    page.get_by_label("Wall time, seconds").fill("0.3")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#state")).to_have_text("Ended: timeout")
    expect(page.locator("#end")).to_contain_text("0.3")


@step
def slices_of_two_tasks_alternate(network, shown):
    """watches the slices of two tasks alternate on one worker"""
    page, url = shown.page, shown.url
    task = {"program": "while True: pass", "function": None, "confidential": True, "timeout": 60}
    ids = [ask("POST", f"{url}/api/v1/tasks", {**task, "task_id": f"loop-{name}"})["task_id"] for name in "ab"]
    page.goto("/slices")
    page.wait_for_function(
        "() => { const c = document.querySelector('canvas'); return c.dataset.tasks >= 2 && c.dataset.changes > 200; }",
        timeout=PATIENCE_MS,
    )
    expect(page.locator("tr[data-task=loop-a]")).to_be_visible()
    expect(page.locator("tr[data-task=loop-b] .swatch")).to_have_css("background-color", re.compile(r"rgb\(\d+"))
    if "--pictures" in sys.argv:
        page.wait_for_timeout(15_000)
    page.get_by_role("button", name="Pause").click()
    for _ in range(6):
        page.get_by_role("button", name="Closer").click()
    expect(page.locator("[data-window]")).to_have_text("100 ms wide, standing still")
    # A turn of a long task has 6 ms.
    page.wait_for_function("() => document.querySelector('canvas').dataset.changes > 8", timeout=PATIENCE_MS)
    width = page.locator("canvas").bounding_box()["width"]
    page.locator("canvas").hover(position={"x": width - 60, "y": 30})
    expect(page.locator(".pointed")).to_have_text(re.compile(r"loop-[ab] on worker 0: [\d,]+ ns"))
    if "--pictures" in sys.argv:
        take(page, "slices")
    # The shares are what the scheduler promises: equal ones.
    turns = ask("GET", f"{url}/api/v1/timeline?limit=400")["turns"]
    order = [turn["task_id"] for turn in turns if turn["task_id"] in ids]
    changes = sum(one != other for one, other in zip(order, order[1:]))
    assert changes > 0.8 * len(order), (changes, len(order))
    page.goto("/tasks?state=live")
    expect(page.get_by_role("link", name="loop-a")).to_be_visible()
    page.get_by_role("link", name="loop-a").click()
    expect(page.locator("#task")).to_contain_text("running")
    for name in "ab":
        page.goto(f"/tasks/loop-{name}")
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("#task .badge")).to_have_text("cancelled")


@step
def a_file_goes_in_by_dragging_and_comes_back(network, shown):
    """drags a file in, downloads it, and deletes it after a question"""
    page = shown.page
    page.goto("/files")
    local = network.folder / "dragged & dropped.bin"
    local.write_bytes(os.urandom(20_000_001))
    box = page.locator("#drop").bounding_box()
    point = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    session = shown.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        data = {"items": [], "files": [str(local)], "dragOperationsMask": 1}
        session.send("Input.dispatchDragEvent", {"type": kind, **point, "data": data})
    expect(page.locator("#uploads")).to_contain_text("stored, 20,000,001 bytes")
    expect(page.get_by_role("row", name=local.name)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert pathlib.Path(download.value.path()).read_bytes() == local.read_bytes()
    assert download.value.suggested_filename == local.name
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("row", name=local.name)).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("row", name=local.name)).to_have_count(0)


@step
def a_key_is_set_and_read(network, shown):
    """sets a key and reads it, with a number that JavaScript would round"""
    page = shown.page
    page.goto("/memory")
    page.get_by_label("Key", exact=True).fill("user/1 ü")
    page.get_by_label("Value (JSON)").fill("{nothing}")
    expect(page.locator("#value-said")).to_contain_text("not JSON")
    page.get_by_label("Value (JSON)").fill('{"big": 12345678901234567890}')
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.locator("#set-said")).to_contain_text("has version")
    page.get_by_role("link", name="View").click()
    expect(page.locator("#value-text")).to_have_text('{"big": 12345678901234567890}')
    page.get_by_label("Keys that start with").fill("nobody")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#keys")).to_contain_text("0 keys")


@step
def hostile_words_are_words(network, shown):
    """shows names, output and errors that look like a page as the text that they are"""
    page, url = shown.page, shown.url
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>\u202eevil"
    ask("PUT", f"{url}/api/v1/memory/{urllib.parse.quote(evil, safe='')}", 1)
    page.goto("/memory")
    expect(page.get_by_role("row", name="<img src=x")).to_be_visible()
    program = f"print({evil!r})\nraise ValueError({evil!r})"
    task = {"program": program, "function": None, "task_id": "</title>'\"><b>", "submitter": "<i>"}
    ask("POST", f"{url}/api/v1/run", task)
    page.goto("/tasks")
    page.get_by_role("link", name="</title>").click()
    expect(page.locator("#printed")).to_contain_text("<script>alert(2)</script>")
    expect(page.locator(".traceback")).to_contain_text("<img src=x")
    page.goto("/run")
    page.get_by_role("textbox", name="Program").fill(program)
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#output")).to_contain_text("<script>alert(2)</script>")
    assert page.locator("main img, main script, #output b").count() == 0
    ask("DELETE", f"{url}/api/v1/memory/{urllib.parse.quote(evil, safe='')}")


@step
def the_api_is_tried_from_its_page(network, shown):
    """tries an operation from the API's page"""
    page = shown.page
    page.goto("/api")
    operation = page.locator("#runTask")
    operation.locator("summary").click()
    operation.get_by_role("button", name="Try it").click()
    expect(operation.locator("output")).to_have_text("200 OK")
    expect(operation.locator(".answer")).to_contain_text('"result": 42')


@step
def the_network_is_shown_live(network, shown):
    """sees load change without asking again"""
    page, url = shown.page, shown.url
    page.goto("/")
    expect(page.get_by_role("row", name=network.peers[2])).to_be_visible()
    loop = {"program": "while True: pass", "function": None, "confidential": True, "task_id": "busy"}
    ask("POST", f"{url}/api/v1/tasks", loop)
    expect(page.locator("#peer")).to_contain_text("1 live")
    expect(page.locator("#peer")).to_contain_text(re.compile(r"\b(9\d|100) % of"))
    ask("DELETE", f"{url}/api/v1/tasks/busy")
    expect(page.locator("#peer")).to_contain_text("0 live")


@step
def a_hidden_page_asks_for_nothing(network, shown):
    """closes its stream while nobody sees it"""
    page, url = shown.page, shown.url

    def streams():
        return int(re.search(r"^sandlot_event_streams (\d+)$", request("GET", f"{url}/metrics")[1], re.M).group(1))

    def until(count):
        began = time.monotonic()
        while streams() != count:
            assert time.monotonic() - began < PATIENCE_MS / 1000, f"{streams()} streams, not {count}"
            page.wait_for_timeout(50)

    for path, count in (("/", 1), ("/slices", 2)):
        page.goto(path)
        until(count)
        for is_hidden, now in ((True, 0), (False, count)):
            page.evaluate(
                "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
                " document.dispatchEvent(new Event('visibilitychange')); }", is_hidden,
            )
            until(now)


@step
def a_refused_stream_is_opened_again(network, shown):
    """opens a stream again that the peer refused"""
    page, refused = shown.page, []

    def refuse(route):
        refused.append(route.request.url)
        route.fulfill(status=503, body="the peer has too many streams")

    page.route("**/api/v1/tasks/*/events", refuse, times=1)
    page.goto("/run")
    page.get_by_role("textbox", name="Program").fill("print('once')\n")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#output")).to_have_text("once\n")
    expect(page.locator("#state")).to_have_text("Ended: ok")
    assert len(refused) == 1, refused
    # The browser tells of the refusal that was asked for.
    shown.faults = [fault for fault in shown.faults if "503" not in fault]


def without_javascript(network, browser):
    shown = Shown(browser, network.pages[0], java_script_enabled=False)
    for path, text in [("/", "The network"), ("/tasks", "loop-a"), ("/slices", "The last minute"), ("/memory", "user/1"), ("/run", "needs JavaScript"), ("/api", "listTasks")]:
        shown.page.goto(path)
        content = shown.page.content()
        assert text in content, (path, text)
    shown.close()


def without_barriers(network, browser, axe):
    """axe-core: what keeps people out who use a keyboard or a screen reader, or see little."""
    for options in [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"viewport": {"width": 360, "height": 700}}]:
        shown = Shown(browser, network.pages[0], bypass_csp=True, **options)
        for path in ["/", "/run", "/tasks", "/tasks/loop-a", "/slices", "/memory", "/files", "/api"]:
            shown.page.goto(path)
            if path == "/api":
                shown.page.locator("#submitTask summary").click()
            shown.page.add_script_tag(content=axe)
            found = shown.page.evaluate("axe.run().then((result) => result.violations)")
            serious = [
                (fault["id"], fault["impact"], [node["html"] for node in fault["nodes"]][:3])
                for fault in found if fault["impact"] in ("serious", "critical")
            ]
            assert not serious, (path, options, serious)
            width = shown.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert width <= 0, (path, options, f"{width} pixels too wide")
        shown.close()


def only_this_page_changes_things(network):
    """Another page, or a name that somebody points here, gets nothing done."""
    url = f"{network.pages[0]}/api/v1/memory/forged"
    assert request("PUT", url, b"1", Origin="http://elsewhere.example")[0] == 403
    assert request("PUT", url, b"1", Origin=network.pages[1])[0] == 403
    assert request("DELETE", url, **{"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert request("PUT", url, b"1", **{"Content-Type": "text/plain"})[0] == 415
    assert request("GET", f"{network.pages[0]}/", Host="elsewhere.example")[0] == 421
    assert request("GET", url)[0] == 404
    assert request("PUT", url, b"1", Origin=network.pages[0])[0] == 200
    assert request("DELETE", url)[0] == 200


def take(page, name):
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png")


def pictures(network, browser):
    shown = Shown(browser, network.pages[0], viewport={"width": 1100, "height": 720})
    page = shown.page
    page.goto("/run")
    page.get_by_role("textbox", name="Program").fill(pathlib.Path("examples/primes.py").read_text())
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#state")).to_contain_text("Ended")
    page.screenshot(path=PICTURES / "run.png", full_page=True)
    page.goto("/")
    take(page, "now")
    page.goto("/tasks")
    take(page, "tasks")
    shown.close()


def metrics(network, root):
    promtool = root / "usr/bin/promtool"
    _, text = request("GET", f"{network.pages[0]}/metrics")
    checked = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True)
    assert checked.returncode == 0 and not checked.stderr, (checked.stdout, checked.stderr)
    assert 'sandlot_tasks_total{outcome="cancelled"}' in text
    for path in ("/healthz", "/readyz"):
        assert request("GET", f"{network.pages[0]}{path}")[0] == 200


def schemathesis(network, tools):
    """The API as the OpenAPI document describes it: first with names that exist, then with any."""
    url = network.pages[1]
    ask("PUT", f"{url}/api/v1/memory/known", {"a": 1})
    request("PUT", f"{url}/api/v1/files/known", b"x" * 5000)
    ask("POST", f"{url}/api/v1/run", {"program": "def main(): print('out'); return 1", "task_id": "known"})
    # What is no HTTP at all is not the API's to answer.
    hooks = network.folder / "hooks.py"
    hooks.write_text(
        "import schemathesis\n\n@schemathesis.hook\ndef filter_case(context, case):\n"
        "    return all(' ' <= char <= '~' for value in (case.headers or {}).values() for char in str(value))\n"
    )
    total = 0
    for config in ('[parameters]\ntask_id = "known"\nkey = "known"\nfilename = "known"\n', ""):
        file = network.folder / "schemathesis.toml"
        file.write_text(config)
        command = [
            tools / "venv/bin/schemathesis", "--config-file", file, "run", f"{url}/api/v1/openapi.json",
            "--exclude-operation-id", "followTimeline", "--phases", "fuzzing", "--max-examples", "80",
            "--request-timeout", "20", "--seed", "1", "--no-color", "--workers", "2", "--generation-database", "none",
            "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        ]
        ran = subprocess.run(command, capture_output=True, text=True, cwd=network.folder, env={**os.environ, "SCHEMATHESIS_HOOKS": "hooks"})
        count = re.search(r"(\d+) generated", ran.stdout)
        assert ran.returncode == 0 and count, ran.stdout[-6000:] + ran.stderr[-2000:]
        total += int(count.group(1))
    assert total >= REQUESTS_MIN, f"{total} requests are fewer than {REQUESTS_MIN}"
    return total


def browser_environment(root):
    libraries = sorted({file.parent for folder in ("usr/lib", "lib") for file in (root / folder).rglob("*.so*")})
    fonts = root / "fonts.conf"
    fonts.write_text(f"<?xml version='1.0'?><fontconfig><dir>{root}/usr/share/fonts</dir><dir>/usr/share/fonts</dir><cachedir>{root}/fonts-cache</cachedir></fontconfig>")
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, libraries)), "FONTCONFIG_FILE": str(fonts)}


def main():
    tools, sandlot = pathlib.Path(sys.argv[1]), str(pathlib.Path(sys.argv[2]).resolve())
    root = tools / "root"
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sandlot-page-"))
    os.environ.setdefault("SANDLOT_CACHE_DIR", str(pathlib.Path("guest/target/cache").resolve()))
    network = Network(sandlot, folder)

    def told(text, function, *arguments):
        began = time.monotonic()
        said = function(*arguments)
        extra = f" ({said} requests)" if isinstance(said, int) else ""
        print(f"page: {text}{extra}: {time.monotonic() - began:.1f} s", file=sys.stderr)

    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=root / "usr/lib/chromium/chromium", env=browser_environment(root),
                args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
            )
            for function in STEPS:
                shown = Shown(browser, network.pages[0], viewport={"width": 1100, "height": 720})
                told(function.__doc__, function, network, shown)
                shown.close()
            axe = (tools / "package/axe.min.js").read_text()
            told("is read without JavaScript", without_javascript, network, browser)
            told("finds no serious barrier with axe-core", without_barriers, network, browser, axe)
            if "--pictures" in sys.argv:
                told("takes the pictures", pictures, network, browser)
            browser.close()
        told("only the page itself changes things", only_this_page_changes_things, network)
        told("promtool has no complaint", metrics, network, root)
        if "--pictures" in sys.argv:
            return
        told("schemathesis finds no server error and no undocumented answer", schemathesis, network, tools)
    finally:
        network.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
