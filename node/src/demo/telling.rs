//! What is told to whoever watches: a line for each step, and days as people say them.

use std::io::Write as _;
use std::time::Duration;

use chrono::{DateTime, Datelike, Timelike, Utc};
use chrono_tz::Europe::Rome;

use crate::error::{Error, Result};

/// A step of the story that takes longer did not hold.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
/// How long until somebody looks again whether something happened: at first, and at last, since a desk answers a few
/// requests a second to each account.
const GLANCES: [Duration; 2] = [Duration::from_millis(40), Duration::from_millis(640)];

/// Prints a line. That nobody reads any more stops nothing.
pub(super) fn say(line: impl AsRef<str>) {
    let _ = writeln!(std::io::stdout().lock(), "{}", line.as_ref());
}

/// Prints the heading of a chapter.
pub(super) fn chapter(title: &str) {
    say(format!("\n{title}"));
}

/// Does a step within [`PATIENCE`]. The sentence of a failure begins with what did not hold.
pub(super) async fn step<T>(what: &str, act: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout(PATIENCE, act).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(Error::Setup(why))) => Err(Error::Setup(format!("{what}: {why}"))),
        Ok(Err(why)) => Err(Error::Setup(format!("{what}: {why}"))),
        Err(_) => Err(Error::Setup(format!("{what}: non è successo entro {} secondi", PATIENCE.as_secs()))),
    }
}

/// Looks until there is something to see. Only inside [`step`], which ends it.
pub(super) async fn until<T, F: Future<Output = Result<Option<T>>>>(look: impl Fn() -> F) -> Result<T> {
    let mut glance = GLANCES[0];
    loop {
        if let Some(seen) = look().await? {
            return Ok(seen);
        }
        tokio::time::sleep(glance).await;
        glance = (glance * 2).min(GLANCES[1]);
    }
}

/// `1 dicembre 10:00`, as clocks in Italy show it.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    const MONTHS: [&str; 12] = [
        "gennaio",
        "febbraio",
        "marzo",
        "aprile",
        "maggio",
        "giugno",
        "luglio",
        "agosto",
        "settembre",
        "ottobre",
        "novembre",
        "dicembre",
    ];
    let there = at.with_timezone(&Rome);
    format!("{} {} {:02}:{:02}", there.day(), MONTHS[there.month0() as usize], there.hour(), there.minute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_as_clocks_in_italy_show_it() {
        let winter = "2026-12-01T09:00:00Z".parse().unwrap();
        assert_eq!(moment(winter), "1 dicembre 10:00");
        let summer = "2026-07-14T08:30:00Z".parse().unwrap();
        assert_eq!(moment(summer), "14 luglio 10:30");
    }

    #[actix_web::test]
    async fn a_step_that_does_not_hold_says_which() {
        let failed = step("il consenso è registrato", async { Err::<(), _>(Error::Setup("perché no".into())) }).await;
        assert_eq!(failed.unwrap_err().to_string(), "il consenso è registrato: perché no");
    }
}
