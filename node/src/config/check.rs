//! What must hold between settings that are each well formed.

use staffetta_protocol::card::Email;
use staffetta_protocol::id::EntityId;

use super::Config;
use crate::error::{Error, Result};

/// Whether this is the name of a node whose configuration lies at the authority.
pub(crate) fn is_below(authority: &EntityId, node: &EntityId) -> bool {
    let name = node.as_str().strip_prefix(authority.as_str()).and_then(|rest| rest.strip_prefix("/nodes/"));
    name.is_some_and(|name| !name.is_empty() && !name.contains('/'))
}

/// Refuses a configuration that could not work, with every reason at once.
pub(super) fn check(config: &Config) -> Result<()> {
    let Config { node, database, listen, network, exchange, limits, door, oidc, retention, .. } = config;
    let rules = [
        (!node.organisation_name.trim().is_empty(), "node.organisation_name is empty"),
        (
            node.development_mode || !node.entity_id.is_plain_http(),
            "node.entity_id is plain http, which needs node.development_mode",
        ),
        (
            node.clock_off_by_seconds == 0 || node.development_mode,
            "node.clock_off_by_seconds needs node.development_mode",
        ),
        (node.dpo_label.is_none() || node.dpo_email.is_some(), "node.dpo_label needs node.dpo_email"),
        (
            node.dpo_email.as_deref().is_none_or(|email| Email::new(email).is_ok()),
            "node.dpo_email is no e-mail address",
        ),
        (database.read_connections > 0 && database.connections > 0, "[database] needs at least one connection"),
        (database.write_queue > 0, "database.write_queue is 0"),
        ((1..=3_600).contains(&database.busy_seconds), "database.busy_seconds must lie between 1 and 3600"),
        (
            listen.tls_certificate.is_some() == listen.tls_key.is_some(),
            "listen.tls_certificate and listen.tls_key go together",
        ),
        (
            network.connect_timeout_seconds > 0 && network.request_timeout_seconds > 0,
            "the time limits of [network] must be at least 1 second",
        ),
        ((1..=1_000).contains(&exchange.window), "exchange.window must lie between 1 and 1000"),
        (exchange.message_bytes <= exchange.batch_bytes, "exchange.message_bytes is larger than exchange.batch_bytes"),
        (exchange.batch_bytes < limits.body_bytes, "limits.body_bytes leaves no room for exchange.batch_bytes"),
        ((1..=64 << 20).contains(&limits.document_bytes), "limits.document_bytes must lie between 1 and 67108864"),
        (
            limits.document_bytes <= limits.person_documents_bytes,
            "limits.document_bytes is larger than limits.person_documents_bytes",
        ),
        (
            exchange.lease_seconds > network.request_timeout_seconds + network.connect_timeout_seconds,
            "exchange.lease_seconds must be longer than a request may take ([network])",
        ),
        (exchange.lease_seconds <= 600, "exchange.lease_seconds must be at most 600"),
        (
            (1..=exchange.retry_max_seconds).contains(&exchange.retry_first_seconds),
            "exchange.retry_first_seconds must lie between 1 and exchange.retry_max_seconds",
        ),
        ((1.0..=10.0).contains(&exchange.retry_growth), "exchange.retry_growth must lie between 1 and 10"),
        (exchange.requests_per_peer > 0, "exchange.requests_per_peer is 0"),
        ((4..=128).contains(&limits.json_depth), "limits.json_depth must lie between 4 and 128"),
        (
            limits.requests_per_minute_per_peer > 0 && limits.requests_per_minute_per_account > 0,
            "the rates of [limits] must be at least 1",
        ),
        ((5..=1_440).contains(&door.session_idle_minutes), "door.session_idle_minutes must lie between 5 and 1440"),
        ((1..=168).contains(&door.session_hours), "door.session_hours must lie between 1 and 168"),
        ((1..=90).contains(&door.temporary_password_days), "door.temporary_password_days must lie between 1 and 90"),
        ((5..=100).contains(&door.strangers_per_hour), "door.strangers_per_hour must lie between 5 and 100"),
        ((1..=64).contains(&door.hashes_at_once), "door.hashes_at_once must lie between 1 and 64"),
        (oidc.issuer.is_some() == oidc.client_id.is_some(), "oidc.issuer and oidc.client_id go together"),
        ((1..=3).contains(&oidc.minimum_level), "oidc.minimum_level must lie between 1 and 3"),
        ((1..=120).contains(&retention.draft_card_months), "retention.draft_card_months must lie between 1 and 120"),
        (
            (1..=60).contains(&retention.preview_received_days),
            "retention.preview_received_days must lie between 1 and 60",
        ),
        (
            (1..=120).contains(&retention.referral_ended_recipient_days),
            "retention.referral_ended_recipient_days must lie between 1 and 120",
        ),
        (
            (1..=24).contains(&retention.referral_ended_sender_months),
            "retention.referral_ended_sender_months must lie between 1 and 24",
        ),
        (
            (1..=120).contains(&retention.referral_closed_months),
            "retention.referral_closed_months must lie between 1 and 120",
        ),
        // What shows that a consent was given, and to whom what went, is not shortened.
        (
            (5..=30).contains(&retention.consent_record_years),
            "retention.consent_record_years must lie between 5 and 30",
        ),
        (
            (24..=120).contains(&retention.disclosure_log_months),
            "retention.disclosure_log_months must lie between 24 and 120",
        ),
        ((6..=120).contains(&retention.journal_months), "retention.journal_months must lie between 6 and 120"),
        (
            (1..=6).contains(&retention.counselling_note_months),
            "retention.counselling_note_months must lie between 1 and 6",
        ),
        ((1..=365).contains(&retention.message_bytes_days), "retention.message_bytes_days must lie between 1 and 365"),
        (
            [retention.own_policy_record_years, retention.own_patto_years, retention.own_did_years]
                .iter()
                .all(|years| (1..=10).contains(years)),
            "retention.own_policy_record_years, own_patto_years and own_did_years must lie between 1 and 10",
        ),
        (
            network.authority.as_ref().is_none_or(|authority| !node.mailbox || is_below(authority, &node.entity_id)),
            "node.mailbox needs an entity_id of the form AUTHORITY/nodes/NAME, with the authority of [network]",
        ),
        (oidc.scopes.iter().any(|scope| scope == "openid"), "oidc.scopes must contain openid"),
        (
            oidc.acr_levels.iter().all(|level| {
                level.split_once('=').is_some_and(|(n, acr)| "123".contains(n) && n.len() == 1 && !acr.is_empty())
            }),
            "oidc.acr_levels holds what is not LEVEL=VALUE with a level of 1 to 3",
        ),
    ];
    let broken: Vec<&str> = rules.iter().filter(|(holds, _)| !holds).map(|(_, sentence)| *sentence).collect();
    if broken.is_empty() { Ok(()) } else { Err(Error::Setup(format!("configuration: {}", broken.join("; ")))) }
}
