//! The fields of spans as JSON.

use std::{fmt, mem};

use tracing::{
    field::{Field, Visit},
    span::Record,
};
use tracing_subscriber::{
    field::RecordFields,
    fmt::{
        FormatFields, FormattedFields,
        format::{JsonFields, Writer},
    },
};

/// A formatter like [`JsonFields`], but faster if the only field is a plain string, as in the span
/// that every request has. [`JsonFields`] is slow because it collects the fields in a map first.
#[derive(Debug, Default)]
pub(super) struct SpanFields(JsonFields);

impl<'writer> FormatFields<'writer> for SpanFields {
    fn format_fields<R: RecordFields>(
        &self,
        mut writer: Writer<'writer>,
        fields: R,
    ) -> fmt::Result {
        let mut only = OnlyText::default();
        fields.record(&mut only);
        match only.json {
            Some(json) if !only.has_others => writer.write_str(&json),
            _ => self.0.format_fields(writer, fields),
        }
    }

    fn add_fields(
        &self,
        current: &'writer mut FormattedFields<Self>,
        fields: &Record<'_>,
    ) -> fmt::Result {
        let mut all = FormattedFields::new(mem::take(&mut current.fields));
        let outcome = self.0.add_fields(&mut all, fields);
        current.fields = all.fields;
        outcome
    }
}

/// Visitor that collects the JSON of a span whose only field is a plain string: printable ASCII
/// characters without spaces, quotation marks and backslashes.
#[derive(Default)]
struct OnlyText {
    json: Option<String>,
    has_others: bool,
}

impl Visit for OnlyText {
    fn record_str(&mut self, field: &Field, value: &str) {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
        if self.json.is_none() && value.bytes().all(is_plain) {
            self.json = Some(["{\"", field.name(), "\":\"", value, "\"}"].concat());
        } else {
            self.has_others = true;
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {
        self.has_others = true;
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
    };

    use tracing::{field::Empty, info, info_span, subscriber};
    use tracing_subscriber::fmt;

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Logs an event in each of several spans.
    fn log_in_spans() {
        for id in ["0198c0a4", "a\"b\\c", ""] {
            let _in_span = info_span!("request", request.id = id).entered();
            info!("a message");
        }
        let later = info_span!("later", request.id = "1", status = Empty, number = 3);
        later.record("status", "ERROR");
        let _in_span = later.entered();
        info!("a message");
        let _in_span = info_span!("none").entered();
        info!("a message");
        let _in_span = info_span!("others", debug = ?Some(1), is_true = true).entered();
        info!("a message");
    }

    #[test]
    fn lines_are_those_of_the_generic_formatter() {
        let logged = |is_own: bool| {
            let log = Log::default();
            let writer = log.clone();
            let layer = fmt().json().without_time().with_writer(move || writer.clone());
            if is_own {
                let own = layer.fmt_fields(SpanFields::default()).finish();
                subscriber::with_default(own, log_in_spans);
            } else {
                subscriber::with_default(layer.finish(), log_in_spans);
            }
            String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
        };
        assert_eq!(logged(true), logged(false));
    }
}
