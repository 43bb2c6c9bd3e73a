//! Runs the examples as a user does.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The directory of the examples, which are built when it is first asked for.
static EXAMPLES: LazyLock<PathBuf> = LazyLock::new(|| {
    // As these tests were built: target/<profile>/deps/<this program>.
    let me = std::env::current_exe().unwrap();
    let profile = me.ancestors().nth(2).unwrap();
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--package", "barline", "--examples"]);
    build.arg("--target-dir").arg(profile.parent().unwrap());
    if profile.ends_with("release") {
        build.arg("--release");
    }
    let status = build.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap();
    assert!(status.success(), "the examples cannot be built");
    profile.join("examples")
});

/// A program that runs. It is killed when this is dropped.
pub struct Running {
    title: String,
    child: Child,
    readers: Vec<JoinHandle<()>>,
    output: Arc<Mutex<String>>,
}

/// A program that has ended, and what it had to say.
pub struct Finished {
    pub status: ExitStatus,
    pub output: String,
}

/// An example with its arguments, separated by blanks.
pub fn example(name: &str, args: &str) -> Command {
    let mut command = Command::new(EXAMPLES.join(name));
    command.args(args.split_whitespace());
    command
}

/// Runs an example to its end.
pub fn run(name: &str, args: &str) -> Finished {
    start(example(name, args)).finish()
}

/// Starts a program.
pub fn start(mut command: Command) -> Running {
    let title = format!("{command:?}");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{title}: {error}"));
    let output = Arc::new(Mutex::new(String::new()));
    let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let readers = vec![collect(out, &output), collect(err, &output)];
    Running { title, child, readers, output }
}

fn collect(from: impl Read + Send + 'static, to: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let to = to.clone();
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let mut output = to.lock().unwrap();
            output.push_str(&line);
            output.push('\n');
        }
    })
}

impl Running {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn output(&self) -> String {
        self.output.lock().unwrap().clone()
    }

    /// Waits until the program has said something.
    pub fn wait_for(&mut self, text: &str) -> &mut Running {
        self.wait_until(text, |output| output.contains(text))
    }

    /// Waits until its output is as wanted.
    pub fn wait_until(&mut self, what: &str, done: impl Fn(&str) -> bool) -> &mut Running {
        let end = Instant::now() + PATIENCE;
        while !done(&self.output()) {
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < end,
                "{}: no {what} ({ended:?}): {}",
                self.title,
                self.output()
            );
            thread::sleep(Duration::from_millis(10));
        }
        self
    }

    /// What Ctrl-C sends.
    pub fn interrupt(&self) {
        self.signal("INT");
    }

    pub fn kill(&self) {
        self.signal("KILL");
    }

    fn signal(&self, name: &str) {
        let line = format!("kill -{name} {}", self.id());
        assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success(), "{line}");
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Finished {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < end, "{}: does not end: {}", self.title, self.output());
            thread::sleep(Duration::from_millis(5));
        };
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        let output = self.output();
        assert!(!output.contains("panicked"), "{}: {output}", self.title);
        Finished { status, output }
    }

    /// Interrupts it; it must leave in order.
    pub fn stop(self) -> String {
        self.interrupt();
        let title = self.title.clone();
        let Finished { status, output } = self.finish();
        assert!(status.success(), "{title}: {status}: {output}");
        output
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Finished {
    /// The number before some words of its output.
    pub fn number(&self, words: &str) -> u64 {
        number(&self.output, words)
    }
}

/// The number before some words, the last time that they stand in a text.
pub fn number(text: &str, words: &str) -> u64 {
    let before = text.rfind(words).map(|at| text[..at].trim_end());
    let number = before.and_then(|before| before.rsplit([' ', '\n', '(']).next()?.parse().ok());
    number.unwrap_or_else(|| panic!("no number before `{words}`: {text}"))
}

/// Makes sure that a program is there, which a package of Debian's has.
pub fn need(program: &str, package: &str) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = std::env::split_paths(&path).any(|dir| dir.join(program).exists());
    assert!(there, "this test needs {program}: as root, apt-get install {package}");
}
