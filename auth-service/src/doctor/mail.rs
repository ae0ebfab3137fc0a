//! Whether mails can leave.

use lettre::{AsyncSmtpTransport, Tokio1Executor};
use service_kit::doctor::{Finding, innermost, may_hold_files, shown};
use tokio::time::timeout;
use url::Url;

use super::PATIENCE;
use crate::{
    config::{MailArgs, SmtpUrl},
    mail::Templates,
};

pub(super) async fn check(args: &MailArgs, is_https: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Err(error) = Templates::load(args.mail_templates.as_deref()) {
        findings.push(Finding::fault("MAIL_TEMPLATES", error.to_string()));
    }
    findings.push(match &args.smtp_url {
        Some(url) => server(url).await,
        None => folder(args, is_https),
    });
    findings
}

fn folder(args: &MailArgs, is_https: bool) -> Finding {
    let folder = args.mail_dir.display();
    if let Err(reason) = may_hold_files(&args.mail_dir) {
        Finding::fault("MAIL_DIR", format!("cannot be {folder}: {reason}"))
    } else if is_https {
        let text = format!("is not set, so nobody gets a mail: they are files in {folder}");
        Finding::warn("SMTP_URL", text)
    } else {
        Finding::ok("mail", format!("mails are files in {folder}"))
    }
}

/// Goes as far as one can without sending a mail: encryption and login included.
async fn server(url: &SmtpUrl) -> Finding {
    let address = url.expose().parse().map(|url: Url| shown(&url)).unwrap_or_default();
    let fault = |reason: String| Finding::fault("SMTP_URL", format!("{address}: {reason}"));
    let from_url = AsyncSmtpTransport::<Tokio1Executor>::from_url;
    let transport: AsyncSmtpTransport<Tokio1Executor> = match from_url(url.expose()) {
        Ok(transport) => transport.timeout(Some(PATIENCE)).build(),
        Err(error) => return fault(innermost(&error)),
    };
    match timeout(PATIENCE, transport.test_connection()).await {
        Ok(Ok(true)) => Finding::ok("mail", format!("{address} takes mails")),
        Ok(Ok(false)) => fault("hangs up".to_owned()),
        Ok(Err(error)) => fault(innermost(&error)),
        Err(_elapsed) => fault(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}
