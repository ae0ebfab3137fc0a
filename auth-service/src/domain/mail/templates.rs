//! E-mail templates as plain text and HTML. Files in a directory can replace the built-in ones.

use std::{fs, io, path::Path};

use minijinja::{AutoEscape, Environment, context};

use super::kind::Kind;

/// Prefix of the first line of a plain-text template.
const SUBJECT: &str = "Subject: ";

macro_rules! built_in {
    ($($kind:literal),+) => {
        [$(
            (concat!($kind, ".txt"), include_str!(concat!("../../../templates/mail/", $kind, ".txt"))),
            (concat!($kind, ".html"), include_str!(concat!("../../../templates/mail/", $kind, ".html"))),
        )+]
    };
}

const BUILT_IN: [(&str, &str); 18] = built_in![
    "verify-email",
    "reset-password",
    "change-email",
    "confirm-change-email",
    "delete-user",
    "change-email-notice",
    "email-changed",
    "password-changed",
    "new-sign-in"
];

#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("cannot read {0}: {1}")]
    Read(String, io::Error),
    #[error("{0} must start with a line `Subject: …`")]
    NoSubject(String),
    #[error(transparent)]
    Template(#[from] minijinja::Error),
}

/// All templates, validated.
pub(crate) struct Templates(Environment<'static>);

/// Variables of a template.
pub(crate) struct Context<'a> {
    /// The user's name. The built-in templates do not use it: anybody can sign up with somebody
    /// else's address, and the name would let them control part of the e-mail.
    pub(crate) name: &'a str,
    /// The account's address when the e-mail was requested; in a change of address, the old one.
    pub(crate) email: &'a str,
    /// The new address; empty if the e-mail is not about a change of address.
    pub(crate) new_email: &'a str,
    /// The link; empty in notices, except in the notice of a changed address if the change can be
    /// undone.
    pub(crate) link: &'a str,
    /// Lifetime of the link, such as `1 hour`; empty without a link.
    pub(crate) valid_for: &'a str,
    /// The public base URL.
    pub(crate) site: &'a str,
    /// Time at which the e-mail was requested.
    pub(crate) time: &'a str,
    /// IP address of the client that signed in; empty if it is unknown, and in other e-mails.
    pub(crate) ip_address: &'a str,
}

const SAMPLE: Context<'_> = Context {
    name: "Ada",
    email: "ada@example.com",
    new_email: "ada@example.org",
    link: "http://localhost:3000/api/auth/verify-email?token=x&callbackURL=%2F",
    valid_for: "1 hour",
    site: "http://localhost:3000",
    time: "2026-01-02 03:04 UTC",
    ip_address: "192.0.2.7",
};

pub(crate) struct Rendered {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

impl Templates {
    pub(crate) fn load(folder: Option<&Path>) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|name| match name.rsplit_once('.') {
            Some((_, "html")) => AutoEscape::Html,
            _ => AutoEscape::None,
        });
        for (name, built_in) in BUILT_IN {
            let source = match folder.map(|folder| fs::read_to_string(folder.join(name))) {
                Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(TemplateError::Read(name.to_owned(), error));
                }
                Some(Ok(source)) => source,
                _ => built_in.to_owned(),
            };
            let Some(kind) = name.strip_suffix(".txt") else {
                environment.add_template_owned(name, source)?;
                continue;
            };
            let (subject, text) = source
                .strip_prefix(SUBJECT)
                .and_then(|rest| rest.split_once('\n'))
                .ok_or_else(|| TemplateError::NoSubject(name.to_owned()))?;
            environment.add_template_owned(format!("{kind}.subject"), subject.trim().to_owned())?;
            environment.add_template_owned(name, text.trim_start().to_owned())?;
        }
        let templates = Self(environment);
        // Unusable templates are detected now, rather than when an e-mail is sent.
        for kind in Kind::ALL {
            templates.render(kind, &SAMPLE)?;
        }
        Ok(templates)
    }

    pub(crate) fn render(
        &self,
        kind: Kind,
        context: &Context<'_>,
    ) -> Result<Rendered, minijinja::Error> {
        let Context { name, email, new_email, link, valid_for, site, time, ip_address } = *context;
        let context = context! { name, email, new_email, link, valid_for, site, time, ip_address };
        let render = |part: &str| {
            self.0.get_template(&format!("{}.{part}", kind.as_str()))?.render(&context)
        };
        Ok(Rendered {
            // Keeps the subject on one line, even if a name contains control characters.
            subject: render("subject")?.replace(char::is_control, " "),
            text: render("txt")?,
            html: render("html")?,
        })
    }
}
