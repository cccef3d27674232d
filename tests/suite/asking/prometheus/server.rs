//! A Prometheus server of a test's own: in a temporary folder, on loopback, where it watches itself.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::server::{RealServer, program};

/// How long one question may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

/// A server, until it is dropped.
pub(super) struct Prometheus(RealServer);

impl Prometheus {
    /// Starts one, and waits until it has data of itself.
    #[track_caller]
    pub(super) fn start() -> Self {
        let program = program("prometheus", "prometheus");
        let command = |folder: &std::path::Path, address: SocketAddr| {
            let configuration = format!(
                "global: {{ scrape_interval: 1s }}\nscrape_configs:\n- job_name: self\n  \
                 static_configs: [{{ targets: [\"{address}\"] }}]\n"
            );
            let file = folder.join("prometheus.yml");
            fs::write(file, configuration).expect("its configuration");
            let mut command = Command::new(&program);
            command
                .arg("--config.file=prometheus.yml")
                .arg("--storage.tsdb.path=data")
                .arg(format!("--web.listen-address={address}"));
            command
        };
        Self(RealServer::start(command, has_data))
    }

    /// Where it is.
    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.0.address())
    }
}

/// Whether a server has found itself up by now, to the second, as a plugin would ask.
fn has_data(address: SocketAddr) -> bool {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.expect("a time after 1970").as_secs();
    let ask = || {
        let mut stream = TcpStream::connect_timeout(&address, ANSWER_TIME_MAX)?;
        stream.set_read_timeout(Some(ANSWER_TIME_MAX))?;
        write!(
            stream,
            "GET /api/v1/query?query=up&time={now} HTTP/1.0\r\nhost: {address}\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok::<_, std::io::Error>(answer)
    };
    ask().is_ok_and(|answer| answer.contains(&format!("\"value\":[{now},\"1\"]")))
}
