//! One file over HTTPS, into a temporary file.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use super::fetch::FetchProgress;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a name may take to be looked up.
const RESOLVE: Duration = Duration::from_secs(5);
/// How long a server may stay silent.
const SILENCE: Duration = Duration::from_secs(30);
/// How long one file may take in all.
const TOTAL: Duration = Duration::from_secs(3600);

/// An agent with the time limits above. It uses the proxy that the environment
/// names, if any.
pub(super) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_resolve(Some(RESOLVE))
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE))
        .timeout_global(Some(TOTAL))
        .user_agent("jem")
        .build()
        .new_agent()
}

/// Writes what `url` has to `path`, at most `limit` bytes of it. The error is a
/// reason in words; `path` may then hold a part, which nobody believes.
pub(super) fn download(
    agent: &ureq::Agent,
    url: &str,
    path: &Path,
    limit: u64,
    progress: &mut dyn FetchProgress,
) -> Result<(), String> {
    let secure = url.starts_with("https://");
    let request = agent.get(url).config().https_only(secure).build();
    let response = request.call().map_err(|error| error.to_string())?;
    let body = response.into_body();
    let total = body.content_length();
    if total.is_some_and(|total| total > limit) {
        return Err(format!(
            "the server offers {} bytes where at most {limit} can be right",
            total.unwrap_or_default()
        ));
    }
    progress.begin(url, total);
    let done = copy(body.into_reader(), path, limit, progress);
    progress.end();
    match (done?, total) {
        (done, Some(total)) if done < total => {
            Err(format!("the connection was cut after {done} of {total} bytes"))
        }
        _ => Ok(()),
    }
}

fn copy(
    mut reader: impl Read,
    path: &Path,
    limit: u64,
    progress: &mut dyn FetchProgress,
) -> Result<u64, String> {
    let mut file = File::create(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut buffer = vec![0; 1 << 16];
    let mut done = 0u64;
    loop {
        let n = reader
            .read(&mut buffer)
            .map_err(|error| format!("the connection failed after {done} bytes: {error}"))?;
        if n == 0 {
            break;
        }
        if done + n as u64 > limit {
            return Err(format!("the server sends more than the {limit} bytes that can be right"));
        }
        file.write_all(&buffer[..n]).map_err(|error| format!("{}: {error}", path.display()))?;
        done += n as u64;
        progress.advance(n as u64);
    }
    Ok(done)
}
