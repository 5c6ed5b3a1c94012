//! Structured logs: one line for one event, RFC 3339 in UTC, and every line names its node.
//!
//! Several nodes may share a process, so the name is in no global state: it is the field of a span ([`node`]) that
//! everything a node does runs inside. The subscriber is installed once by whoever owns the process: `main`, the demo.
//! A panic is logged with its place only, since its text may hold a person's data.

use std::fmt;

use serde_json::{Map, Value};
use staffetta_protocol::id::EntityId;
use tracing::{Event, Span, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, JsonFields, Writer};
use tracing_subscriber::fmt::time::{ChronoUtc, FormatTime};
use tracing_subscriber::fmt::{FmtContext, FormattedFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogConfig, LogFormat};
use crate::error::{Error, Result};

/// Milliseconds are enough for people and machines that read logs.
const TIME: &str = "%Y-%m-%dT%H:%M:%S%.3fZ";

/// Installs the subscriber and the panic hook of this process, which write to standard error.
///
/// # Errors
/// [`Error::Setup`] when `level` is no filter, or when a subscriber is installed already.
pub fn init(config: &LogConfig) -> Result<()> {
    init_to(config, std::io::stderr)
}

/// The same, writing to `out`.
///
/// # Errors
/// As [`init`].
pub fn init_to<W>(config: &LogConfig, out: W) -> Result<()>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    subscriber(config, out)?.try_init().map_err(|cause| Error::Setup(format!("log: {cause}")))?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
        tracing::error!(place, thread, "a panic");
    }));
    Ok(())
}

/// The span that everything a node does runs inside.
pub fn node(entity_id: &EntityId) -> Span {
    tracing::info_span!("node", node = entity_id.as_str())
}

fn subscriber<W>(config: &LogConfig, out: W) -> Result<Box<dyn Subscriber + Send + Sync>>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&config.level).map_err(|cause| Error::Setup(format!("log.level: {cause}")))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(out);
    Ok(match config.format {
        LogFormat::Json => Box::new(lines.fmt_fields(JsonFields::new()).event_format(JsonLines).finish()),
        LogFormat::Text => Box::new(lines.with_timer(ChronoUtc::new(TIME.into())).with_ansi(false).finish()),
    })
}

/// One flat object a line: fields of the spans from the outermost in, then those of the event. What stands further in
/// wins, and nothing wins over time and level.
struct JsonLines;

impl<S> FormatEvent<S, JsonFields> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut time = String::new();
        ChronoUtc::new(TIME.into()).format_time(&mut Writer::new(&mut time))?;
        let mut line = Map::new();
        for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(fields) = span.extensions().get::<FormattedFields<JsonFields>>() {
                line.extend(object(&fields.fields));
            }
        }
        let mut fields = String::new();
        context.field_format().format_fields(Writer::new(&mut fields), event)?;
        line.extend(object(&fields));
        line.insert("timestamp".into(), time.into());
        line.insert("level".into(), event.metadata().level().as_str().into());
        line.insert("target".into(), event.metadata().target().into());
        writeln!(writer, "{}", Value::Object(line))
    }
}

fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, act: impl FnOnce()) -> String {
        let sink = Sink::default();
        let writer = sink.clone();
        let config = LogConfig { format, level: "info".into() };
        tracing::subscriber::with_default(subscriber(&config, move || writer.clone()).unwrap(), act);
        let bytes = sink.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn two_nodes() {
        for name in ["https://a.example", "https://b.example"] {
            node(&name.parse().unwrap()).in_scope(|| {
                tracing::info_span!("request", request_id = 7).in_scope(|| {
                    tracing::info!(duration_ms = 12, outcome = "accepted", "receipt");
                    tracing::debug!("not shown");
                });
            });
        }
    }

    #[test]
    fn each_line_is_an_object_that_names_its_node() {
        let text = logged(LogFormat::Json, two_nodes);
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!((&lines[0]["node"], &lines[1]["node"]), (&"https://a.example".into(), &"https://b.example".into()));
        let time = lines[0]["timestamp"].as_str().unwrap();
        assert!(time.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(time).is_ok(), "{time}");
        let mut line = lines[0].clone();
        line.as_object_mut().unwrap().remove("timestamp");
        insta::assert_snapshot!(line, @r#"{"duration_ms":12,"level":"INFO","message":"receipt","node":"https://a.example","outcome":"accepted","request_id":7,"target":"staffetta_node::log::tests"}"#);
    }

    #[test]
    fn as_text_each_line_names_its_node_too() {
        let text = logged(LogFormat::Text, two_nodes);
        assert_eq!(text.lines().count(), 2);
        assert!(text.lines().next().unwrap().contains(r#"node="https://a.example""#), "{text}");
    }

    #[test]
    fn a_level_that_is_none_is_refused() {
        let config = LogConfig { format: LogFormat::Text, level: "staffetta=loud".into() };
        assert!(matches!(subscriber(&config, io::sink), Err(Error::Setup(_))));
    }
}
