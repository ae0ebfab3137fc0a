//! The files in docs/observability use only metrics that the services export, and configure
//! Prometheus to scrape both services.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use std::{collections::BTreeSet, fs};

use e2e::{Engine, System};
use serde_json::Value;
use xtask::ports;

/// Starts both services, sends a few requests, and returns the metrics of each service.
fn scrapes() -> Vec<String> {
    let mut system = System::start(Engine::Sqlite).unwrap();
    let ports = [ports::free().unwrap(), ports::free().unwrap()];
    for (service, port) in [&mut system.auth, &mut system.tasks].into_iter().zip(ports) {
        service.set_variable("METRICS_ADDRESS", &format!("127.0.0.1:{port}"));
        service.stop().unwrap();
    }
    system.start_services();
    let token = system.token("ada@example.com");
    system.tasks_client().create_task(&token, "Buy milk").unwrap();
    let scrape = |port| ureq::get(format!("http://127.0.0.1:{port}/metrics")).call();
    ports.map(|port| scrape(port).unwrap().body_mut().read_to_string().unwrap()).into()
}

/// Returns the names of the series that the services export.
fn shown() -> BTreeSet<String> {
    let scrapes = scrapes();
    let lines = scrapes.iter().flat_map(|scrape| scrape.lines());
    let series = lines.filter(|line| !line.starts_with('#'));
    series.map(|line| line.split(['{', ' ']).next().unwrap().to_owned()).collect()
}

fn document(name: &str) -> String {
    fs::read_to_string(xtask::root().join("docs/observability").join(name)).unwrap()
}

/// Adds every `expr` in a dashboard to `found`.
fn expressions(dashboard: &Value, found: &mut Vec<String>) {
    match dashboard {
        Value::Array(values) => values.iter().for_each(|value| expressions(value, found)),
        Value::Object(members) => {
            found.extend(members.get("expr").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|value| expressions(value, found));
        }
        _ => {}
    }
}

/// Returns the names of the series in an expression: all words with an underscore, except
/// functions, keywords, variables and strings.
fn names(expression: &str) -> Vec<&str> {
    let outside_of_texts = expression.split('"').step_by(2);
    let words = outside_of_texts.flat_map(|part| {
        let is_in_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
        let ends = part.match_indices(|c: char| !is_in_name(c)).map(|(end, _)| end);
        let ends: Vec<_> = ends.chain([part.len()]).collect();
        let starts = [0].into_iter().chain(ends.iter().map(|end| end + 1));
        starts
            .zip(ends.clone())
            .map(|(start, end)| (&part[start..end], &part[end..]))
            .collect::<Vec<_>>()
    });
    let keywords = ["group_left", "group_right"];
    words
        .filter(|(word, after)| word.contains('_') && !after.starts_with('('))
        .filter(|(word, _)| !word.starts_with('$') && !keywords.contains(word))
        .map(|(word, _)| word)
        .collect()
}

#[test]
fn every_metric_in_the_documents_is_exported() {
    let shown = shown();
    let mut asked = Vec::new();
    expressions(&serde_json::from_str(&document("grafana-dashboard.json")).unwrap(), &mut asked);
    let of_dashboard = asked.len();
    let alerts = document("alerts.yml");
    let rules = alerts.lines().filter_map(|line| line.trim().strip_prefix("expr: "));
    asked.extend(rules.map(str::to_owned));
    assert!(of_dashboard > 10 && asked.len() > of_dashboard);

    for expression in &asked {
        let names = names(expression);
        assert!(!names.is_empty(), "{expression}");
        for name in names {
            assert!(shown.contains(name), "{name} of {expression} is not in {shown:#?}");
        }
    }
}

#[test]
fn the_example_scrapes_both_services_and_reads_the_alerts() {
    let example = document("prometheus.yml");
    for line in ["job_name: auth-service", "job_name: task-service", "- alerts.yml"] {
        assert!(example.contains(line), "{line}");
    }
}
