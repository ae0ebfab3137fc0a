//! A security events feed controlled by a test.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{App as WebApp, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, rt, web};
use jwks_auth::testing::Issuer;
use serde_json::{Map, Value, json};
use tokio::{sync::watch, time::timeout};

use crate::app::{AUDIENCE, ISSUER, now};

pub(crate) const SECRET: &str = "a secret that the feed and the service know";
pub(crate) const TOKEN_LIFETIME: i64 = 24 * 60 * 60;
const PAGE: usize = 500;
/// Duration of a long poll, which no test waits for.
const LONG: Duration = Duration::from_secs(20);

const SESSION_REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
const ACCOUNT_PURGED: &str = "https://schemas.openid.net/secevent/risc/event-type/account-purged";

pub(crate) struct Feed {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: ServerHandle,
}

struct Shared {
    issuer: Mutex<Issuer>,
    /// Type and token of each event.
    events: watch::Sender<Vec<(&'static str, String)>>,
    is_away: watch::Sender<bool>,
    polls: watch::Sender<Vec<Value>>,
}

impl Feed {
    pub(crate) fn start() -> Self {
        let shared = Arc::new(Shared {
            issuer: Mutex::new(Issuer::new("first", 1)),
            events: watch::Sender::default(),
            is_away: watch::Sender::new(false),
            polls: watch::Sender::default(),
        });
        let data = web::Data::from(Arc::clone(&shared));
        let server = HttpServer::new(move || {
            WebApp::new().app_data(data.clone()).default_service(web::post().to(serve))
        })
        .workers(1)
        .shutdown_timeout(0)
        .bind("127.0.0.1:0")
        .unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        rt::spawn(server);
        Self { address, shared, server: handle }
    }

    pub(crate) fn url(&self) -> url::Url {
        format!("http://{}/security-events", self.address).parse().unwrap()
    }

    pub(crate) fn end_session(&self, user: &str, session: &str) {
        let subject = json!({
            "format": "complex",
            "user": { "format": "iss_sub", "iss": ISSUER, "sub": user },
            "session": { "format": "opaque", "id": session },
        });
        self.add(SESSION_REVOKED, &subject);
    }

    pub(crate) fn revoke_token(&self, jti: &str) {
        self.add(SESSION_REVOKED, &json!({ "format": "jwt_id", "iss": ISSUER, "jti": jti }));
    }

    pub(crate) fn delete_user(&self, user: &str) {
        self.add(ACCOUNT_PURGED, &json!({ "format": "iss_sub", "iss": ISSUER, "sub": user }));
    }

    fn add(&self, kind: &'static str, subject: &Value) {
        let now = now().cast_signed();
        let issuer = self.shared.issuer.lock().unwrap().clone();
        self.shared.events.send_modify(|events| {
            let claims = json!({
                "iss": ISSUER, "aud": AUDIENCE, "jti": events.len().to_string(), "iat": now,
                "sub_id": subject, "events": { kind: { "tokens_expire_by": now + TOKEN_LIFETIME } },
            });
            let header = json!({ "alg": "EdDSA", "kid": "first", "typ": "secevent+jwt" });
            events.push((kind, issuer.sign_with_header(&header, &claims)));
        });
    }

    /// Signs events with the key of `issuer` from now on.
    pub(crate) fn sign_with(&self, issuer: Issuer) {
        *self.shared.issuer.lock().unwrap() = issuer;
    }

    /// Makes the feed return errors until [`Self::recover`] is called.
    pub(crate) fn fail(&self) {
        self.shared.is_away.send_replace(true);
    }

    pub(crate) fn recover(&self) {
        self.shared.is_away.send_replace(false);
    }

    /// Returns the bodies of all polls so far.
    pub(crate) fn polls(&self) -> Vec<Value> {
        self.shared.polls.borrow().clone()
    }

    /// Waits until there have been `count` more polls.
    pub(crate) async fn more_polls(&self, count: usize) {
        let wanted = self.polls().len() + count;
        let mut polls = self.shared.polls.subscribe();
        polls.wait_for(|polls| polls.len() >= wanted).await.unwrap();
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.fail();
        rt::spawn(self.server.stop(false));
    }
}

async fn serve(
    shared: web::Data<Shared>,
    req: HttpRequest,
    poll: web::Json<Value>,
) -> HttpResponse {
    let expected = format!("Bearer {SECRET}");
    if req.headers().get("authorization").and_then(|value| value.to_str().ok()) != Some(&expected) {
        return HttpResponse::Unauthorized().finish();
    }
    shared.polls.send_modify(|polls| polls.push(poll.clone()));
    let after = poll["cursor"].as_str().map_or(0, |cursor| cursor.parse().unwrap());
    let mut events = shared.events.subscribe();
    let mut is_away = shared.is_away.subscribe();
    let has_more = timeout(LONG, events.wait_for(|events| events.len() > after));
    tokio::select! {
        _ = is_away.wait_for(|is_away| *is_away) => {
            return HttpResponse::InternalServerError().finish();
        }
        _ = has_more => {}
    }
    let events = shared.events.borrow().clone();
    let until = events.len().min(after + PAGE);
    let is_wanted = |kind: &str| {
        poll["eventTypes"].as_array().is_none_or(|types| types.iter().any(|uri| uri == kind))
    };
    let sets: Map<String, Value> = events[after.min(until)..until]
        .iter()
        .enumerate()
        .filter(|(_, (kind, _))| is_wanted(kind))
        .map(|(place, (_, token))| (format!("{:06}", after + place), token.as_str().into()))
        .collect();
    HttpResponse::Ok().json(json!({
        "sets": sets, "moreAvailable": until < events.len(), "cursor": until.to_string(),
    }))
}
