//! The programs of the workspace that this one builds and starts.

use crate::root;
use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

/// A program of the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// The product's command line.
    Product,
    /// The measurements.
    Bench,
}

/// The part of Cargo's messages that is looked at.
#[derive(Debug, Deserialize)]
struct Message {
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
}

impl Program {
    const fn name(self) -> &'static str {
        match self {
            Self::Product => "drr",
            Self::Bench => "drr-bench",
        }
    }

    /// Builds the program, and returns its path. Cargo's own lines go to standard error, and only where there is something
    /// to build.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be built; Cargo has said why.
    pub fn build(self) -> Result<PathBuf> {
        let name = self.name();
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(root()).args(["build", "--release", "--package", name, "--bin", name]);
        command.args(["--message-format", "json-render-diagnostics"]).stdout(Stdio::piped());
        let built_before = root().join("target/release").join(name).exists();
        if built_before {
            command.arg("--quiet");
        }
        let output = command.output_with_stderr().context("cannot start cargo")?;
        if !output.status.success() {
            bail!("{name} cannot be built: cargo's messages stand above");
        }
        executable(&String::from_utf8_lossy(&output.stdout), name)
            .with_context(|| format!("cargo did not say where {name} lies"))
    }
}

/// A command whose standard output is kept, while its standard error goes straight to ours.
trait Kept {
    fn output_with_stderr(&mut self) -> std::io::Result<std::process::Output>;
}

impl Kept for Command {
    fn output_with_stderr(&mut self) -> std::io::Result<std::process::Output> {
        self.stdin(Stdio::null()).stderr(Stdio::inherit()).spawn()?.wait_with_output()
    }
}

/// The path of the program `name` in Cargo's messages, one JSON object a line.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
    let mut of_program =
        messages.filter(|message| message.target.as_ref().is_some_and(|target| target.name == name));
    of_program.find_map(|message| message.executable)
}

/// Runs a program in the place of this one: signals and the exit code are its own.
///
/// # Errors
///
/// Fails if the program cannot be started.
#[cfg(unix)]
pub fn hand_over(mut command: Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt as _;
    let error = command.exec();
    Err(error).with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))
}

/// Runs a program, and takes over its exit code.
///
/// # Errors
///
/// Fails if the program cannot be started.
#[cfg(not(unix))]
pub fn hand_over(mut command: Command) -> Result<ExitCode> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_programs_path_is_found_among_cargos_messages() {
        let messages = "\
{\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"drr\",\"kind\":[\"lib\"]},\"executable\":null}
not json
{\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"drr\",\"kind\":[\"bin\"]},\"executable\":\"/t/drr\"}
{\"reason\":\"build-finished\",\"success\":true}";
        assert_eq!(executable(messages, "drr"), Some(PathBuf::from("/t/drr")));
        assert_eq!(executable(messages, "drr-bench"), None);
    }
}
