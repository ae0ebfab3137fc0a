//! Detects common mistakes in database URLs. The errors say what to write instead, without
//! repeating possible secrets.

use super::UrlError;

const POSTGRES_URL: &str = "postgres://user:password@host/database";
/// Delimiters of password placeholders in the sample URLs of database providers.
const PLACEHOLDERS: [(char, char); 3] = [('[', ']'), ('{', '}'), ('<', '>')];

/// Rejects text that is not exactly a PostgreSQL URL, such as a quoted URL, a `psql` command, a
/// list of settings or the URL of a Python driver.
pub(super) fn refuse_wrapping(text: &str) -> Result<(), UrlError> {
    let refuse = |text: String| Err(UrlError::Foreign(text));
    if text.trim() != text {
        return refuse("has spaces around it: write the URL without them".into());
    }
    if text.starts_with(['"', '\'', '`', '\u{201c}', '\u{2018}']) {
        return refuse("has quotation marks around it: write the URL without them".into());
    }
    if text.starts_with("psql ") {
        return refuse(
            "is a command: write the URL alone, without psql and quotation marks".into(),
        );
    }
    if let Some((scheme, _)) = text.split_once("://") {
        if scheme.starts_with("jdbc:") {
            return refuse(format!(
                "jdbc:postgresql: is for JDBC, which keeps user and password elsewhere: write \
                 {POSTGRES_URL}"
            ));
        }
        if let Some((_, driver)) =
            scheme.split_once("postgresql+").or(scheme.split_once("postgres+"))
        {
            let driver = shown(driver);
            return refuse(format!(
                "postgresql+{driver}:// names a Python driver: write postgresql://"
            ));
        }
    } else if ["host=", "user=", "dbname=", "Host=", "Server="].iter().any(|key| text.contains(key))
    {
        return refuse(format!("is a list of settings, not a URL: write {POSTGRES_URL}"));
    }
    Ok(())
}

/// Rejects an address with several `@`, of which all but the last are usually unescaped ones in the
/// user or password, and an address whose password is a placeholder.
pub(super) fn refuse_address(address: &str) -> Result<(), UrlError> {
    let refuse = |text: &str| Err(UrlError::Foreign(text.into()));
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let Some((credentials, server)) = rest.split_once('@') else { return Ok(()) };
    if server.contains('@') {
        return refuse("has an @ in user or password: write it as %40");
    }
    let password = credentials.split_once(':').map_or("", |(_, password)| password);
    let is_placeholder =
        |(first, last): &(char, char)| password.starts_with(*first) && password.ends_with(*last);
    if PLACEHOLDERS.iter().any(is_placeholder) {
        return refuse("has a placeholder where the password belongs: write the password");
    }
    Ok(())
}

/// Returns the error for a parameter that libpq does not have or that is not supported.
pub(super) fn unsupported(name: &str, value: &str) -> UrlError {
    let advice = match name {
        "schema" | "currentSchema" | "search_path" => {
            "set DATABASE_SCHEMA, or leave it out to use the schema public"
        }
        "pgbouncer"
        | "prepareThreshold"
        | "prepared_statements"
        | "statement_cache_size"
        | "prepared_statement_cache_size"
        | "default_query_exec_mode"
        | "workaround"
        | "supa"
        | "uselibpqcompat"
        | "pool_mode" => "leave it out",
        "connection_limit" | "pool_timeout" | "pool_size" | "max_connections"
        | "pool_max_conns" | "maxPoolSize" | "pool_min_conns" | "socket_timeout" => {
            "leave it out: it configures another program's pool"
        }
        "ssl" | "sslaccept" | "requiressl" | "tls" | "encrypt" | "sslfactory" => {
            "write sslmode=verify-full, which verifies the server's certificate, or \
             sslmode=require, which only encrypts"
        }
        "sslidentity" | "sslpassword" => {
            "write sslcert and sslkey with the paths of PEM files, and do not encrypt the key"
        }
        "sslca" | "sslrootcertificate" | "sslServerCert" => "write sslrootcert=PATH",
        "sslcrl"
        | "sslcrldir"
        | "sslcertmode"
        | "require_auth"
        | "requirepeer"
        | "krbsrvname"
        | "gssencmode"
        | "gsslib"
        | "gssdelegation"
        | "service"
        | "servicefile"
        | "passfile"
        | "replication"
        | "sslcompression"
        | "sslsni"
        | "ssl_min_protocol_version"
        | "ssl_max_protocol_version"
        | "min_protocol_version"
        | "max_protocol_version"
        | "fallback_application_name"
        | "client_encoding" => {
            return UrlError::Foreign(format!(
                "{name} is not supported with this value: leave it out"
            ));
        }
        "statement_timeout" | "lock_timeout" | "timezone" | "TimeZone" => {
            return UrlError::Foreign(format!(
                "{name} is a server setting: write options=-c%20{name}%3DVALUE"
            ));
        }
        _ => {
            let name = shown(name);
            return UrlError::Foreign(format!("unsupported parameter {name:?}"));
        }
    };
    let value = if name == "sslpassword" { "…".into() } else { shown(value) };
    UrlError::Foreign(format!("{name}={value} is a parameter of another program: {advice}"))
}

/// Returns the error for an unknown parameter after the password. Such a parameter is probably the
/// rest of a password that contains an unescaped `&`.
pub(super) fn after_password() -> UrlError {
    UrlError::Foreign(
        "an unsupported parameter follows password: write & in a password as %26".into(),
    )
}

/// Returns a word of the URL if it is plain enough to be repeated in an error, otherwise an
/// ellipsis.
pub(super) fn shown(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if word.len() <= 40 && word.chars().all(is_plain) { word.to_owned() } else { "…".to_owned() }
}
