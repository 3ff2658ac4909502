//! Says something to an agent, loses the connection on the way, and goes on with the very next event.

mod stream;

use parley::apis::{configuration::Configuration, runs_api};
use parley::models::{AgentChoiceEvent, ChatRequest};
use serde_json::Value;
use std::error::Error;
use std::io::Write;
use stream::Events;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let server = arguments.next().ok_or("usage: cargo run -- http://127.0.0.1:8080 [message]")?;
    let message = arguments.next().unwrap_or("Hello from Rust!".into());
    let configuration = Configuration { base_path: server, ..Configuration::default() };

    let mut seen = Vec::new();
    let mut events = Events::start(&configuration, &ChatRequest::new(message)).await?;
    while seen.len() < 8 {
        let event = events.next().await?.ok_or("the run was over before the connection was cut")?;
        show(&event, &mut seen)?;
    }
    let (run, last) = (events.run().to_owned(), seen[seen.len() - 1]);
    drop(events);
    println!("\n-- cut off after event {last} --");
    let mut events = Events::resume(&configuration, &run, last).await?;
    let mut ended = false;
    while let Some(event) = events.next().await? {
        show(&event, &mut seen)?;
        ended = event["type"] == "stream_stopped";
    }

    if seen.windows(2).any(|pair| pair[1] != pair[0] + 1) {
        return Err(format!("an event was lost or came twice: {seen:?}").into());
    }
    if !ended {
        return Err("the stream ended before the run did".into());
    }
    let run = runs_api::get_run(&configuration, &run).await?;
    println!("\n{} events, {}: the run is {:?}", seen.len(), run.id, run.status);
    Ok(())
}

fn show(event: &Value, seen: &mut Vec<u64>) -> Result<(), Box<dyn Error>> {
    seen.push(event["seq"].as_u64().ok_or("an event without a seq")?);
    match event["type"].as_str() {
        Some("agent_choice") => {
            let choice: AgentChoiceEvent = serde_json::from_value(event.clone())?;
            print!("{}", choice.content);
        }
        Some("error") => return Err(format!("the run failed: {}", event["error"]).into()),
        Some(other) => print!("\n[{other}]"),
        None => return Err("an event without a type".into()),
    }
    Ok(std::io::stdout().flush()?)
}
