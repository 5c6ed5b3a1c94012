//! The targets, by what is read.

mod calls;
mod card;
mod exchange;
mod log;
mod plain;
mod trust;

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use staffetta_protocol::card::Check;
use staffetta_protocol::json;

use crate::Target;

macro_rules! targets {
    ($($room:ident::$name:ident),+ $(,)?) => {
        /// Every target that needs nothing but the protocol.
        pub const TARGETS: &[Target] = &[$(Target {
            name: stringify!($name),
            run: $room::$name,
            seeds: $room::seeds::$name,
        }),+];
    };
}

targets! {
    exchange::message, exchange::message_signed, exchange::header_signed, exchange::receipt, exchange::receipt_signed,
    exchange::batch, exchange::data,
    trust::chain, trust::chain_signed, trust::statement_signed, trust::mark_signed, trust::admission,
    calls::call, calls::call_signed, calls::answer_signed, calls::id_token,
    card::held_card, card::consent_signed, card::portability,
    log::checkpoint_signed, log::entry, log::proof, log::evidence,
    plain::strict_json, plain::identifiers, plain::problem,
}

/// The target of that name.
pub fn named(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// What parses serialises and parses to the same.
fn again<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let text = serde_json::to_vec(value).expect("what was read can be written");
    let same: T = json::from_slice(&text).expect("what was written can be read");
    assert_eq!(&same, value, "written and read again it is something else");
}

/// The same for what is read strictly, with its rules; its `Debug` tells nothing, so neither does the panic.
fn again_strictly<T: Serialize + DeserializeOwned + PartialEq + Check>(value: &T) {
    let text = serde_json::to_string(value).expect("what was read can be written");
    let same = staffetta_protocol::card::read::<T>(&text)
        .unwrap_or_else(|errors| panic!("what was written is refused: {errors:?}"));
    assert!(same == *value, "written and read again it is something else");
}

/// Reads a closed type of a stranger and holds what was read.
fn closed<T: Serialize + DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) {
    if let Ok(value) = json::from_slice::<T>(bytes) {
        again(&value);
    }
}
