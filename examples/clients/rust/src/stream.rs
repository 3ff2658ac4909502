//! The events of a run, while they happen.

use parley::apis::configuration::Configuration;
use parley::models::ChatRequest;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::Value;
use std::error::Error;

/// Dropping it closes the connection; the run goes on.
pub struct Events {
    response: Response,
    /// What has come and is not a whole frame yet.
    buffer: Vec<u8>,
    run: String,
}

impl Events {
    /// Starts a run and gives its events. A generated method could only wait for the run's end.
    pub async fn start(to: &Configuration, body: &ChatRequest) -> Result<Self, Box<dyn Error>> {
        let body = serde_json::to_string(body)?;
        let request = to.client.post(format!("{}/api/chat", to.base_path));
        Self::open(request.header("content-type", "application/json").body(body), to, "").await
    }

    /// The events of a run after the one with the seq `after`.
    pub async fn resume(to: &Configuration, run: &str, after: u64) -> Result<Self, Box<dyn Error>> {
        let request = to.client.get(format!("{}/api/runs/{run}/events", to.base_path));
        Self::open(request.header("last-event-id", after), to, run).await
    }

    async fn open(request: RequestBuilder, to: &Configuration, run: &str) -> Result<Self, Box<dyn Error>> {
        let mut request = request.header("accept", "text/event-stream");
        if let Some(key) = &to.bearer_access_token {
            request = request.bearer_auth(key);
        }
        let response = request.send().await?;
        if !response.status().is_success() {
            return Err(format!("{}: {}", response.status(), response.text().await?).into());
        }
        Ok(Self { response, buffer: Vec::new(), run: run.to_owned() })
    }

    /// The run that the events belong to; known from the first one.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// The next event, or None after the last. Half a frame does not count: it comes again.
    pub async fn next(&mut self) -> Result<Option<Value>, Box<dyn Error>> {
        if self.response.status() == StatusCode::NO_CONTENT {
            return Ok(None); // Everything was seen already.
        }
        loop {
            while let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let frame: Vec<u8> = self.buffer.drain(..end + 2).collect();
                if let Some(event) = read_frame(std::str::from_utf8(&frame)?)? {
                    self.run = event["run_id"].as_str().unwrap_or(&self.run).to_owned();
                    return Ok(Some(event));
                }
            }
            match self.response.chunk().await? {
                Some(bytes) => self.buffer.extend_from_slice(&bytes),
                None => return Ok(None),
            }
        }
    }
}

/// A frame's `data`; comments only keep the connection alive.
fn read_frame(frame: &str) -> Result<Option<Value>, serde_json::Error> {
    let data: Vec<&str> = frame.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    if data.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(&data.join("\n")).map(Some)
}
