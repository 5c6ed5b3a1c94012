//! What the desk shows of the paper of a referral.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Serialize;
use staffetta_protocol::card::Prose;
use staffetta_protocol::consent::Group;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{SheetKind, rows};
use crate::consents::recalls::LetterChannel;
use crate::error::Result;
use crate::store::Conn;
use crate::vault::Vault;

/// The office to which a referral goes, and its sheets.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ReferralOffice)]
pub struct OfficeView {
    /// The office, in the address book.
    pub office: Uuid,
    /// The office that was proposed instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub proposed: Option<Uuid>,
    /// Why another than that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<Prose<500>>,
    /// The referral that could not be delivered before this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub follows: Option<Uuid>,
    /// The sheets that were made, if it goes on paper.
    pub sheets: Vec<SheetView>,
}

/// A sheet, without what it says.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ReferralSheet)]
pub struct SheetView {
    /// Its id, and that of its line in the log of disclosures.
    pub id: Uuid,
    /// What it says.
    pub kind: SheetKind,
    /// The groups that it shows.
    pub groups: BTreeSet<Group>,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// When it left.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub sent_at: Option<DateTime<Utc>>,
    /// How it left.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub channel: Option<LetterChannel>,
}

/// The office of a referral; nothing where nobody named one.
pub(in crate::referrals) fn of(conn: &mut Conn, vault: &Vault, referral: Uuid) -> Result<Option<OfficeView>> {
    let Some(chosen) = rows::chosen(conn, vault, referral)? else { return Ok(None) };
    let sheets = rows::sheets(conn, referral)?.into_iter().map(|sheet| SheetView {
        id: sheet.id,
        kind: sheet.kind,
        groups: sheet.groups,
        made_at: sheet.made_at,
        sent_at: sheet.sent.map(|(at, _)| at),
        channel: sheet.sent.map(|(_, channel)| channel),
    });
    Ok(Some(OfficeView {
        office: chosen.office,
        proposed: chosen.proposed,
        reason: chosen.reason,
        follows: chosen.follows,
        sheets: sheets.collect(),
    }))
}
