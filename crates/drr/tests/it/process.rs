//! Processes of the real program, and how they end.

use crate::harness::until;
use std::fmt;
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A process of the program.
#[derive(Debug)]
pub struct Process {
    arguments: String,
    child: Child,
    output: [File; 2],
}

impl Process {
    /// Starts the program in a folder, with arguments that are separated by blanks.
    pub fn start(folder: &Path, arguments: &str) -> Self {
        let output = [(); 2].map(|()| tempfile::tempfile().unwrap());
        let stderr = output[1].try_clone().unwrap();
        Self::with_output(folder, arguments, output, stderr.into())
    }

    /// Starts it with a log that nobody reads: the pipe is closed.
    pub fn unheard(folder: &Path, arguments: &str) -> Self {
        let output = [(); 2].map(|()| tempfile::tempfile().unwrap());
        let (_, stderr) = std::io::pipe().unwrap();
        Self::with_output(folder, arguments, output, stderr.into())
    }

    fn with_output(folder: &Path, arguments: &str, output: [File; 2], stderr: Stdio) -> Self {
        let stdout = output[0].try_clone().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_drr"));
        command.args(arguments.split_whitespace()).current_dir(folder);
        command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
        // How whoever tests is called changes messages; and nothing is fetched: nobody listens at this proxy.
        command.env_remove("DRR_CALLED_AS").env_remove("NO_PROXY").env_remove("no_proxy");
        for variable in ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "https_proxy", "http_proxy"] {
            command.env(variable, "http://127.0.0.1:9");
        }
        Self { arguments: arguments.to_owned(), child: command.spawn().unwrap(), output }
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Kills it, in a way that it cannot notice.
    pub fn kill(mut self) -> Done {
        // It may have ended just now.
        let _ = self.child.kill();
        self.wait()
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Done {
        let what = format!("{} ends", self.arguments);
        until(&what, || self.has_ended());
        let code = self.child.wait().unwrap().code();
        let [stdout, stderr] = self.output.map(|mut file| {
            let mut bytes = Vec::new();
            file.rewind().unwrap();
            file.read_to_end(&mut bytes).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Done { arguments: self.arguments, id: self.child.id(), code, stdout, stderr }
    }
}

/// How a process ended.
#[derive(Debug)]
pub struct Done {
    arguments: String,
    /// The process's id.
    pub id: u32,
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// The answer.
    pub stdout: String,
    /// The log and the error.
    pub stderr: String,
}

impl fmt::Display for Done {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { arguments, id, code, stderr, .. } = self;
        write!(formatter, "`drr {arguments}` (process {id}) ended with {code:?}:\n{stderr}")
    }
}

impl Done {
    /// Fails unless it succeeded.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{self}");
        self
    }

    /// Fails unless it was refused with a message that has all of `words`.
    #[track_caller]
    pub fn refused(self, words: &[&str]) -> Self {
        assert_eq!(self.code, Some(1), "{self}\n{}", self.stdout);
        for word in words {
            assert!(self.error().contains(word), "{word} is not in the message of {self}");
        }
        self
    }

    /// The error message.
    pub fn error(&self) -> &str {
        self.stderr.split_once("error: ").map_or("", |(_, message)| message)
    }
}

/// Whether a message says that one of these processes is at work, and since when.
pub fn names_holder(message: &str, ids: &[u32]) -> bool {
    ids.iter().any(|id| message.contains(&format!("process {id} "))) && message.contains("since")
}
