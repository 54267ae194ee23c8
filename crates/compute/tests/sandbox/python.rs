//! What a program finds: files of its own, an event loop, refusals that say why, and repeatable runs.

use super::{compute, limited, run, script, value};
use sandlot_compute::{Run, RunLimits};
use sandlot_protocol::Outcome;

/// Runs a script that checks itself with `assert`.
async fn check(program: &str) {
    let report = run(script(program)).await;
    let told = (report.outcome, report.exception.map(|exception| exception.traceback), report.stderr);
    assert_eq!(told.0, Outcome::Ok, "{told:?}");
}

/// The exception's type and message.
async fn raised(program: &str) -> (String, String) {
    let exception = run(script(program)).await.exception.expect("it raises");
    (exception.kind, exception.message)
}

#[tokio::test]
async fn files_are_the_tasks_own() {
    check(
        r#"
import os, pathlib, shutil, tempfile
assert os.getcwd() == "/work" and os.listdir() == []
pathlib.Path("a/b").mkdir(parents=True)
pathlib.Path("a/b/c.txt").write_text("grüße\n" * 3)
assert pathlib.Path("a/b/c.txt").read_text().splitlines() == ["grüße"] * 3
assert os.stat("a/b/c.txt").st_size == 24
with open("a/b/c.txt", "r+b") as file:
    file.seek(10); file.write(b"XY"); file.seek(0, 2); file.write(b"end"); file.truncate(26)
assert open("a/b/c.txt", "rb").read()[8:] == b"grXY\xc3\x9fe\ngr\xc3\xbc\xc3\x9fe\nen"
with open("a/log", "a") as file: file.write("1")
with open("a/log", "a") as file: file.write("2")
assert open("a/log").read() == "12"
os.rename("a/log", "a/moved"); os.symlink("moved", "a/link"); os.link("a/moved", "a/hard")
assert os.readlink("a/link") == "moved" and open("a/link").read() == "12" and os.stat("a/hard").st_nlink == 2
assert sorted(os.listdir("a")) == ["b", "hard", "link", "moved"]
assert [(r, sorted(d), sorted(f)) for r, d, f in os.walk("a")][0] == ("a", ["b"], ["hard", "link", "moved"])
for what, error in [
    (lambda: open("nowhere"), FileNotFoundError), (lambda: os.mkdir("a"), FileExistsError),
    (lambda: os.rmdir("a"), OSError), (lambda: open("a"), IsADirectoryError),
    (lambda: os.listdir("a/moved"), NotADirectoryError), (lambda: open("a/moved", "x"), FileExistsError),
    (lambda: os.remove("a"), (IsADirectoryError, PermissionError)),
]:
    try: what()
    except error: pass
    else: raise AssertionError(error)
shutil.copytree("a", "copy"); shutil.rmtree("a"); assert os.listdir() == ["copy"]
with tempfile.TemporaryDirectory() as folder:
    assert folder.startswith("/tmp/")
with tempfile.NamedTemporaryFile() as file:
    file.write(b"x"); file.flush(); assert os.path.getsize(file.name) == 1
assert not os.path.exists("/etc/passwd") and not os.path.exists("/proc")
os.chdir("/tmp"); assert os.getcwd() == "/tmp"
"#,
    )
    .await;
    // Another task sees nothing of it.
    assert_eq!(value("import os\ndef main(): return os.listdir('/work') + os.listdir('/tmp')").await, "[]");
}

#[tokio::test]
async fn the_quota_of_files_binds() {
    let limits = || RunLimits { files_bytes: 1 << 20, ..RunLimits::default() };
    let program = r#"
import errno
def main():
    try:
        with open("large", "wb", buffering=0) as file:
            for _ in range(100): file.write(bytes(100_000))
    except OSError as error:
        return [error.errno == errno.ENOSPC, open("large", "rb").read() == bytes(1_000_000)]
"#;
    let report = run(limited(program, limits())).await;
    assert_eq!(report.value.unwrap().get(), "[true,true]");
    let sparse = "def main():\n    f = open('x', 'wb', buffering=0)\n    f.seek(10**12)\n    f.write(b'x')\n";
    assert_eq!(run(limited(sparse, limits())).await.exception.unwrap().kind, "OSError");
    let sent = Run { files: vec![("a".to_owned(), vec![0; 2 << 20])], ..limited("def main(): pass", limits()) };
    let report = run(sent).await;
    assert!(report.error.unwrap().contains("limits.files_bytes"));
}

#[tokio::test]
async fn files_come_and_go_with_the_task() {
    let report = run(Run {
        files: vec![("in.txt".to_owned(), b"one".to_vec()), ("/packages/lib/__init__.py".to_owned(), b"X = 2".to_vec())],
        files_out: vec!["sub/out.txt".to_owned(), "never".to_owned()],
        ..script("import os, lib\nos.mkdir('sub')\nfile = open('sub/out.txt', 'w')\nfile.write(open('in.txt').read() * lib.X)")
    })
    .await;
    assert_eq!((report.outcome, report.error), (Outcome::Ok, None));
    assert_eq!(report.files, [("sub/out.txt".to_owned(), b"oneone".to_vec())]);
}

#[tokio::test]
async fn asyncio_runs_without_sockets() {
    check(
        r#"
import asyncio, time
async def main():
    queue = asyncio.Queue(1)
    async def put():
        for i in range(5): await queue.put(i)
    task = asyncio.create_task(put())
    got = [await queue.get() for _ in range(5)]
    await task
    assert got == [0, 1, 2, 3, 4]
    started = time.monotonic()
    await asyncio.gather(*(asyncio.sleep(0.05) for _ in range(20)))
    assert time.monotonic() - started < 5
    assert await asyncio.to_thread(sum, [1, 2]) == 3
    try:
        await asyncio.wait_for(asyncio.Event().wait(), 0.01)
    except TimeoutError: pass
    else: raise AssertionError
asyncio.run(main())
"#,
    )
    .await;
    let (kind, message) =
        raised("import asyncio\nasync def main(): await asyncio.Event().wait()\nasyncio.run(main())").await;
    assert!(kind == "RuntimeError" && message.contains("wait for ever"), "{kind}: {message}");
}

#[tokio::test]
async fn what_is_missing_says_so() {
    for (program, kind, text) in [
        ("import threading\nthreading.Thread(target=print).start()", "RuntimeError", "use asyncio"),
        ("import threading\nthreading.Timer(1, print).start()", "RuntimeError", "cannot start a thread"),
        ("import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()", "RuntimeError", "deadlock"),
        ("import queue\nqueue.Queue().get()", "RuntimeError", "deadlock"),
        (
            "import multiprocessing\nmultiprocessing.Process(target=print).start()",
            "RuntimeError",
            "cannot start a process",
        ),
        ("import socket", "ImportError", "sockets are not available in the sandbox"),
        ("import subprocess", "ImportError", "processes are not available in the sandbox"),
        ("import ssl", "ModuleNotFoundError", "not available in the sandbox"),
        ("import ctypes", "ModuleNotFoundError", "not available in the sandbox"),
        ("import sqlite3", "ModuleNotFoundError", "not available in the sandbox"),
        ("import numpy", "ModuleNotFoundError", "numpy is made of compiled code"),
        ("import nowhere", "ModuleNotFoundError", "No module named 'nowhere'"),
        ("import os\nos.fork()", "AttributeError", "processes are not available"),
        ("import urllib.request\nurllib.request.urlopen('http://localhost')", "URLError", "sockets are not available"),
    ] {
        let (found, message) = raised(program).await;
        assert!(
            found.eq_ignore_ascii_case(kind) && message.to_lowercase().contains(&text.to_lowercase()),
            "{program}: {found}: {message}"
        );
    }
}

#[tokio::test]
async fn executors_and_pools_call_at_once() {
    check(
        r#"
from concurrent.futures import ThreadPoolExecutor, ProcessPoolExecutor, as_completed
import multiprocessing
for kind in (ThreadPoolExecutor, ProcessPoolExecutor):
    with kind(max_workers=4) as pool:
        assert list(pool.map(pow, [2, 3], [3, 2])) == [8, 9]
        assert sorted(f.result() for f in as_completed([pool.submit(abs, -i) for i in range(3)])) == [0, 1, 2]
        assert isinstance(pool.submit(int, "x").exception(), ValueError)
with multiprocessing.Pool(2) as pool:
    assert pool.map(abs, [-1, 2]) == [1, 2] and pool.starmap(pow, [(2, 3)]) == [8]
    assert pool.apply_async(abs, (-5,)).get() == 5 and list(pool.imap(abs, [-3])) == [3]
"#,
    )
    .await;
}

/// As CPython tells them: sleeping takes none of it, others who have the processor neither.
#[tokio::test]
async fn processor_time_is_what_the_task_used() {
    let program = r#"
import time
def main():
    before, wall = time.process_time_ns(), time.perf_counter()
    time.sleep(0.3)
    assert time.process_time_ns() - before < 100_000_000 and time.perf_counter() - wall >= 0.3
    # Many turns.
    while time.thread_time() < 0.2: pass
    clocks = time.CLOCK_PROCESS_CPUTIME_ID, time.CLOCK_THREAD_CPUTIME_ID
    assert all(0.2 <= time.clock_gettime(clock) < 1 for clock in clocks)
    return time.process_time() * 1e3
"#;
    // Two threads take turns with the runs, and the first one begins in this thread.
    let compute = compute(2);
    let first = compute.submit_here(Run::new(program)).unwrap();
    for mut run in [(); 3].map(|()| compute.submit(Run::new(program)).unwrap()).into_iter().chain([first]) {
        let report = run.wait().await;
        let told: f64 = report.value.unwrap_or_else(|| panic!("{}", report.stderr)).get().parse().unwrap();
        assert!((200.0..=report.usage.cpu_ms).contains(&told), "{told} of {}", report.usage.cpu_ms);
    }
}

#[tokio::test]
async fn a_seed_makes_a_run_repeatable() {
    let program = r#"
import random, secrets, time, uuid, os, datetime
def main():
    started = time.monotonic(); time.sleep(100)
    return [random.random(), secrets.token_hex(), str(uuid.uuid4()), os.urandom(4).hex(), time.time(),
            str(datetime.datetime.now()), 100 <= time.monotonic() - started < 101, hash("x"), id(object()),
            time.process_time_ns(), time.clock_gettime(time.CLOCK_THREAD_CPUTIME_ID)]
"#;
    let seeded = |seed| Run { seed, ..Run::new(program) };
    let (one, two, other) = (run(seeded(Some(7))).await, run(seeded(Some(7))).await, run(seeded(Some(8))).await);
    let text = |report: &sandlot_compute::RunReport| report.value.as_ref().unwrap().get().to_owned();
    assert_eq!((text(&one), one.usage.fuel), (text(&two), two.usage.fuel));
    assert_ne!(text(&one), text(&other));
    assert!(text(&one).contains(",true,"), "sleeping moves the clock on: {}", text(&one));
    let seed_seven = value("import random\ndef main():\n    random.seed(7)\n    return random.random()").await;
    let implicit = run(Run { seed: Some(7), ..Run::new("import random\ndef main(): return random.random()") }).await;
    assert_eq!(text(&implicit), seed_seven);
}

/// Modules of the standard library that cannot be imported, each with why.
const NOT_THERE: &str = r#"
import _imp, contextlib, importlib, io, sys, warnings
warnings.simplefilter("ignore")
names = set(sys.stdlib_module_names) | set(_imp._frozen_module_names())
# They open a window, a browser or a terminal, or end the interpreter, when they are imported.
names -= {name for name in names if name.startswith(("idlelib", "turtledemo", "antigravity", "this", "__hello", "__phello"))
          or name.endswith("__main__")}
def main():
    told = {}
    for name in sorted(names):
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                importlib.import_module(name)
        except ImportError as error:
            told[name] = str(error)
        except BaseException as error:
            told[name] = f"{type(error).__name__}: {error}"
    return [len(names), told]
"#;

/// What modules of other systems say by themselves.
const ELSEWHERE: [&str; 3] = ["win32 only", "from 'codecs'", "sending fds between processes"];

#[tokio::test]
async fn every_module_can_be_imported_or_says_why_not() {
    let told: (usize, std::collections::BTreeMap<String, String>) =
        serde_json::from_str(&value(NOT_THERE).await).unwrap();
    assert!(told.0 > 250, "{}", told.0);
    let unclear: Vec<_> = told
        .1
        .iter()
        .filter(|(_, why)| {
            !why.contains("not available in the sandbox") && !ELSEWHERE.iter().any(|text| why.contains(text))
        })
        .collect();
    assert!(unclear.is_empty(), "{unclear:#?}");
}

#[tokio::test]
async fn what_the_review_found_stays_mended() {
    check(
        r#"
import importlib.util, io, logging, os, random, sys, tempfile, time
stream = io.StringIO()
logging.basicConfig(stream=stream, format="%(asctime)s %(relativeCreated)d %(message)s")
logging.warning("x")
assert stream.getvalue().endswith(" x\n") and 0 <= int(stream.getvalue().split()[2]) < 60_000, stream.getvalue()
class A: now = time.ctime
assert A().now() == time.ctime() and repr(time.gmtime).startswith("<built-in function")
for n in range(2000): open(f"f{n}", "w").close()
with os.scandir(".") as entries:
    for entry in entries: os.unlink(entry.path)
assert os.listdir() == []
assert 0 <= time.process_time() < 60 and os.times().elapsed >= 0 and time.get_clock_info("process_time").monotonic
assert importlib.util.find_spec("numpy") is importlib.util.find_spec("nosuch") is importlib.util.find_spec("resource") is None
try: import numpy
except ModuleNotFoundError: pass
with open(os.devnull, "w") as null: null.write("x" * 1000)
assert open(os.devnull).read() == "" and os.path.expanduser("~") == "/work"
os.mkdir("private", 0o700); assert os.stat("private").st_mode & 0o777 == 0o700
os.close(os.open("key", os.O_CREAT | os.O_WRONLY, 0o600)); assert os.stat("key").st_mode & 0o777 == 0o600
try: os.symlink("x" * 5000, "l")
except OSError as error: assert error.errno == 36, error
import multiprocessing
with multiprocessing.Pool(2, initializer=print, initargs=(multiprocessing.Lock(), multiprocessing.Value("i", 3).value)) as pool:
    assert pool.map(len, ["ab"]) == [2]
import urllib.parse
assert urllib.parse.quote("İ") == "%C4%B0" and "Ġ".encode().strip() == b"\xc4\xa0" and b"  a ".strip() == b"a"
assert bytearray("İx0".encode()).rstrip(b"0x") == "İ".encode()
from concurrent.futures import ThreadPoolExecutor
assert isinstance(ThreadPoolExecutor().submit(sys.exit, 3).exception(), SystemExit)
"#,
    )
    .await;
    let random = "import random, tempfile\ndef main(): return [random.Random().random(), tempfile.mktemp()]";
    let (one, two) = (value(random).await, value(random).await);
    assert_ne!(one, two);
    let report = run(script("class D:\n    def __del__(self): print('del', word)\nword = 'w'\nd = D()")).await;
    assert_eq!((report.stdout.as_str(), report.stderr.as_str()), ("del w\n", ""));
    let own = Run {
        files: vec![("token.py".to_owned(), b"MINE = 1".to_vec())],
        filename: "app.py".to_owned(),
        ..script("import token; assert token.MINE")
    };
    assert_eq!(run(own).await.outcome, Outcome::Ok);
}

#[tokio::test]
async fn xml_is_read_as_expat_reads_it() {
    check(
        r#"
import io, xml.sax
import xml.etree.ElementTree as ET
from xml.dom import minidom
for text, said in (
    ("<a>", "no element found: line 1, column 3"), ("", "no element found: line 1, column 0"),
    ("<a></b>", "mismatched tag: line 1, column 5"), ("<a>&x;</a>", "undefined entity: line 1, column 3"),
    ("<a b=1/>", "not well-formed (invalid token): line 1, column 5"), ("<a/><b/>", "junk after document element: line 1, column 4"),
):
    try:
        ET.fromstring(text)
    except ET.ParseError as error:
        assert str(error) == said, (text, str(error))
    else:
        raise AssertionError(text)
for encoding in ("utf-8", "utf-16", "iso-8859-1", "cp1252"):
    text = f'<?xml version="1.0" encoding="{encoding}"?><a b="ä">½</a>'
    root = ET.fromstring(text.encode(encoding))
    assert (root.text, root.attrib) == ("½", {"b": "ä"}), encoding
assert minidom.parseString("<r><i k='1'>t</i><!-- c --></r>").toxml() == '<?xml version="1.0" ?><r><i k="1">t</i><!-- c --></r>'
class Names(xml.sax.ContentHandler):
    seen = []
    def startElement(self, name, attributes): self.seen.append((name, dict(attributes)))
xml.sax.parse(io.StringIO("<!DOCTYPE a [<!ENTITY e 'x'><!ATTLIST b c CDATA 'd'>]><a>&e;<b/></a>"), Names())
assert Names.seen == [("a", {}), ("b", {"c": "d"})], Names.seen
laughs = "<!DOCTYPE l [<!ENTITY a '" + "ha" * 1000 + "'>" + "".join(
    f"<!ENTITY {n} '" + f"&{m};" * 100 + "'>" for m, n in ("ab", "bc", "cd")) + "]><l>&d;</l>"
try:
    ET.fromstring(laughs)
except ET.ParseError as error:
    assert "amplification" in str(error), error
else:
    raise AssertionError("it was expanded")
"#,
    )
    .await;
}

#[tokio::test]
async fn random_differs_from_run_to_run() {
    let program = "import statistics, random\ndef main():\n    \
                   return [random.random(), statistics.NormalDist().samples(1)[0]]";
    assert_ne!(value(program).await, value(program).await);
    assert_eq!(
        value("def main():\n    import random\n    random.seed(1)\n    return random.random()").await,
        "0.13436424411240122"
    );
}
