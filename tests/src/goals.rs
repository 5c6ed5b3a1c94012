//! The goals of a report, and how a benchmark ends that has missed one.

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

/// How a benchmark ends.
#[derive(Debug, Clone, Copy, Args)]
pub struct Ending {
    /// End with 1 where a goal of the report is missed, and name it. Without it goals are told and no more: on a machine
    /// that does other things figures say little.
    #[arg(long)]
    pub strict: bool,
}

impl Ending {
    /// Prints the report.
    pub fn with(self, report: &Value) -> ExitCode {
        println!("{report:#}");
        let missed = missed(report);
        if !self.strict || missed.is_empty() {
            return ExitCode::SUCCESS;
        }
        for goal in missed {
            eprintln!("missed: {goal}");
        }
        ExitCode::FAILURE
    }
}

/// Where goals stand that are not met, as pointers.
pub fn missed(report: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(report, String::new(), &mut found);
    found
}

fn walk(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(members) if members.get("met") == Some(&Value::Bool(false)) => found.push(at),
        Value::Object(members) => members.iter().for_each(|(name, value)| walk(value, format!("{at}/{name}"), found)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| walk(value, format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_missed_goal_is_found_wherever_it_stands_and_ends_a_strict_run_with_1() {
        let goal = |met: bool| json!({"is": 1.0, "goal": 2.0, "met": met});
        let good = json!({"goals": {"page_median_ms": goal(true)}, "machine": {"cpus": 2}});
        let bad = json!({"goals": {"page": goal(true)}, "links": {"idle": {"goals": {"rate": goal(false)}}},
            "runs": [{"goals": {"rate": goal(false)}}]});
        assert_eq!(missed(&good), [""; 0]);
        assert_eq!(missed(&bad), ["/links/idle/goals/rate", "/runs/0/goals/rate"]);
        let ends = |strict: bool, report: &Value| Ending { strict }.with(report);
        assert_eq!((ends(false, &bad), ends(true, &good)), (ExitCode::SUCCESS, ExitCode::SUCCESS));
        assert_eq!(ends(true, &bad), ExitCode::FAILURE);
    }
}
