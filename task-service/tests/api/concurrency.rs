//! Concurrent writers and readers of one owner's tasks: nothing is lost, repeated or skipped.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
    time::{Duration, Instant},
};

use database::{on_both_engines, testing::TestDatabase};
use futures_util::future::{join, join_all};
use reqwest::StatusCode;
use serde_json::json;
use task_service::config::RateLimit;

use crate::app::TestApp;

on_both_engines!(task_service::MIGRATIONS;
    pages_are_whole_while_fifty_write,
);

const WRITERS: usize = 50;
const PAGERS: usize = 20;
const LONG_ENOUGH: Duration = Duration::from_secs(10);
/// Each writer deletes one in `ONE_IN` of its tasks.
const ONE_IN: usize = 5;

/// The tasks whose creation the service has confirmed: their ids, and whether their writers will
/// delete them.
#[derive(Default)]
struct Acknowledged(Mutex<BTreeMap<String, bool>>);

impl Acknowledged {
    /// Returns the ids of the tasks that exist now and will not be deleted.
    fn lasting(&self) -> BTreeSet<String> {
        let tasks = self.0.lock().unwrap();
        tasks.iter().filter(|(_, is_going)| !**is_going).map(|(id, _)| id.clone()).collect()
    }
}

async fn pages_are_whole_while_fifty_write(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        config.rate_limit = RateLimit::Off;
        config.max_searches_per_user = 20;
    })
    .await;
    let token = app.token("ada");
    let acknowledged = Acknowledged::default();
    let end = Instant::now() + LONG_ENOUGH;

    let writers = (0..WRITERS).map(|number| write(&app, &token, number, &acknowledged, end));
    let pagers = (0..PAGERS).map(|number| read(&app, &token, number, &acknowledged, end));
    let (_, walks) = join(join_all(writers), join_all(pagers)).await;

    let seen: BTreeSet<_> = ids(&app, &token, "limit=1000").await.into_iter().collect();
    assert_eq!(seen, acknowledged.lasting(), "nothing acknowledged is lost or comes back");
    assert!(walks.iter().all(|walks| *walks > 0), "every pager came to the end: {walks:?}");
}

async fn write(app: &TestApp, token: &str, number: usize, tasks: &Acknowledged, end: Instant) {
    for turn in 0.. {
        if Instant::now() > end {
            return;
        }
        let task = app.create(token, &json!({ "title": format!("{number} {turn}") })).await;
        let id = task["id"].as_str().unwrap().to_owned();
        let is_going = turn % ONE_IN == 0;
        tasks.0.lock().unwrap().insert(id.clone(), is_going);
        if is_going {
            assert_eq!(app.delete(&id, token).await.status(), StatusCode::NO_CONTENT);
        }
    }
}

/// Reads all pages repeatedly until `end`, and checks that no task is repeated or skipped. Returns
/// the number of rounds.
async fn read(
    app: &TestApp,
    token: &str,
    number: usize,
    tasks: &Acknowledged,
    end: Instant,
) -> usize {
    let orders = ["created_at&order=desc", "created_at&order=asc", "title&order=asc"];
    let query = format!("limit=100&sort={}", orders[number % orders.len()]);
    let mut walks = 0;
    while Instant::now() < end {
        let before = tasks.lasting();
        let seen = ids(app, token, &query).await;
        let unique: BTreeSet<_> = seen.iter().cloned().collect();
        assert_eq!(unique.len(), seen.len(), "a task was repeated");
        let skipped: Vec<_> = before.difference(&unique).collect();
        assert!(skipped.is_empty(), "{} tasks were skipped by {query}", skipped.len());
        walks += 1;
    }
    walks
}

async fn ids(app: &TestApp, token: &str, query: &str) -> Vec<String> {
    let tasks = app.pages(&format!("/api/tasks?{query}"), token).await;
    tasks.iter().map(|task| task["id"].as_str().unwrap().to_owned()).collect()
}
