//! QEMU's monitor protocol: as much of it as the requests of a guest want.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;
use vmtest::{Context, Result, bail, ensure};

/// A connection, not greeted before the first command.
pub struct Qmp {
    stream: BufReader<UnixStream>,
    greeted: bool,
}

impl Qmp {
    /// A connection by that socket.
    pub fn new(stream: UnixStream) -> Result<Self> {
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self { stream: BufReader::new(stream), greeted: false })
    }

    /// Plugs or pulls the cable of a PF.
    pub fn set_link(&mut self, pf: u8, up: bool) -> Result {
        self.execute("set_link", json!({ "name": format!("pf{pf}"), "up": up })).map(|_| ())
    }

    /// Runs a command of the human monitor and returns what it prints.
    pub fn monitor(&mut self, command: &str) -> Result<String> {
        let answer = self.execute("human-monitor-command", json!({ "command-line": command }))?;
        Ok(answer.as_str().unwrap_or_default().replace('\r', ""))
    }

    /// Tells QEMU to end. It may do so before it answers.
    pub fn quit(&mut self) {
        let _ = self.execute("quit", json!({}));
    }

    fn execute(&mut self, command: &str, arguments: Value) -> Result<Value> {
        if !self.greeted {
            let greeting = self.read()?;
            ensure!(greeting.get("QMP").is_some(), "QEMU greets with {greeting}");
            self.greeted = true;
            self.call(json!({ "execute": "qmp_capabilities" }))?;
        }
        self.call(json!({ "execute": command, "arguments": arguments }))
    }

    fn call(&mut self, request: Value) -> Result<Value> {
        writeln!(self.stream.get_mut(), "{request}").context("QEMU's monitor")?;
        loop {
            let mut answer = self.read()?;
            if let Some(error) = answer.get("error") {
                bail!("QEMU refuses: {}", error["desc"].as_str().unwrap_or("no reason given"));
            }
            // Events come whenever they happen.
            if let Some(result) = answer.get_mut("return") {
                return Ok(result.take());
            }
        }
    }

    fn read(&mut self) -> Result<Value> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).context("QEMU's monitor")?;
        ensure!(read > 0, "QEMU's monitor is closed");
        serde_json::from_str(&line).context("QEMU's monitor")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_passed_over_and_errors_told() {
        let (here, there) = UnixStream::pair().unwrap();
        let answers = [
            r#"{"QMP": {"version": {}}}"#,
            r#"{"return": {}}"#,
            r#"{"event": "NIC_RX_FILTER_CHANGED"}"#,
            r#"{"return": {}}"#,
            r#"{"error": {"class": "GenericError", "desc": "no such device"}}"#,
        ];
        for answer in answers {
            writeln!(&there, "{answer}").unwrap();
        }
        let mut qmp = Qmp::new(here).unwrap();
        qmp.set_link(0, false).unwrap();
        let error = qmp.set_link(7, false).unwrap_err().to_string();
        assert_eq!(error, "QEMU refuses: no such device");
        let mut sent = String::new();
        let mut reader = BufReader::new(there);
        for _ in 0..2 {
            sent.clear();
            reader.read_line(&mut sent).unwrap();
        }
        let request: Value = serde_json::from_str(&sent).unwrap();
        assert_eq!(request["arguments"], json!({ "name": "pf0", "up": false }));
    }
}
