//! Checks of e-mail delivery.

use std::time::Duration;

use operator_tools::doctor::{Finding, innermost, may_hold_files, shown};
use tokio::time::timeout;
use url::Url;

use crate::{
    config::{MailArgs, SmtpUrl},
    domain::mail::{SmtpServer, Templates},
};

pub(super) async fn check(args: &MailArgs, is_https: bool, patience: Duration) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Err(error) = Templates::load(args.mail_templates.as_deref()) {
        findings.push(Finding::fault("MAIL_TEMPLATES", error.to_string()));
    }
    findings.push(match &args.smtp_url {
        Some(url) => server(url, patience).await,
        None => folder(args, is_https),
    });
    findings
}

fn folder(args: &MailArgs, is_https: bool) -> Finding {
    let folder = args.mail_dir.display();
    if let Err(reason) = may_hold_files(&args.mail_dir) {
        Finding::fault("MAIL_DIR", format!("cannot write to {folder}: {reason}"))
    } else if is_https {
        let text = format!("is not set: e-mails are written to {folder} instead of being sent");
        Finding::warn("SMTP_URL", text)
    } else {
        Finding::ok("mail", format!("e-mails are written to {folder}"))
    }
}

/// Connects to the server, with encryption and authentication as configured, without sending an
/// e-mail.
async fn server(url: &SmtpUrl, patience: Duration) -> Finding {
    let address = url.expose().parse().map(|url: Url| shown(&url)).unwrap_or_default();
    let fault = |reason: String| Finding::fault("SMTP_URL", format!("{address}: {reason}"));
    match timeout(patience, SmtpServer::new(url).connect()).await {
        Ok(Ok(_connection)) => Finding::ok("mail", format!("connected to {address}")),
        Ok(Err(error)) => fault(innermost(&error)),
        Err(_elapsed) => fault(format!("no response within {} s", patience.as_secs())),
    }
}
