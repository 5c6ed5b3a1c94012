//! What can happen to a referral, and who makes it happen.

/// The two ends of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Sends the referral: reception centre, association, municipality. Owns `draft`, `sent` and the withdrawal.
    Opener,
    /// Answers it: job centre, association, training body. Owns `received` to `closed`.
    Taker,
}

impl Side {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Opener, Self::Taker];

    /// The end at the other node.
    pub fn other(self) -> Self {
        match self {
            Self::Opener => Self::Taker,
            Self::Taker => Self::Opener,
        }
    }

    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opener => "opener",
            Self::Taker => "taker",
        }
    }

    /// The inverse of [`Side::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|side| side.as_str() == text)
    }
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident $text:literal $side:ident $wire:expr;)*) => {
        /// What happened: the kind alone, as far as states depend on it. What it says travels in the message.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Event { $($(#[$doc])* $name,)* }

        impl Event {
            /// In the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// As stored, and as named in the answer to an illegal one.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The side that makes it happen; for what the link reports, the side that reads the receipts.
            pub fn side(self) -> Side {
                match self { $(Self::$name => Side::$side,)* }
            }

            /// The message type that carries it, without its version; `None` for what stays in the node.
            pub fn wire(self) -> Option<&'static str> {
                match self { $(Self::$name => $wire,)* }
            }
        }
    };
}

const PROGRESSED: Option<&str> = Some("referral.progressed");

events! {
    /// A draft is begun.
    Create "create" Opener None;
    /// The pseudonymous preview goes ahead.
    SendPreview "send_preview" Opener Some("card.preview");
    /// The referral itself goes.
    Send "send" Opener Some("referral.sent");
    /// The taker's receipt for `send` says accepted. A receipt that comes when the state has moved on changes nothing:
    /// that it is illegal there is no error.
    DeliveryAck "delivery_ack" Opener None;
    /// The taker's receipt for `send` says refused.
    TransportRefused "transport_refused" Opener None;
    /// `send` was not receipted before its own expiry.
    TransportExpired "transport_expired" Opener None;
    /// The taker asks for field groups or answers.
    RequestInfo "request_info" Taker Some("referral.info-requested");
    /// The opener answers with a new version of the card.
    ProvideInfo "provide_info" Opener Some("referral.info-provided");
    /// The taker takes the person on.
    Accept "accept" Taker Some("referral.accepted");
    /// The taker does not, and says why.
    Decline "decline" Taker Some("referral.declined");
    /// A first appointment, where acceptance left it open, or a further one.
    AppointmentSet "appointment_set" Taker PROGRESSED;
    /// By the taker or at the person's wish.
    AppointmentMoved "appointment_moved" Taker PROGRESSED;
    /// The person did not come; counted since acceptance.
    NoShow "no_show" Taker PROGRESSED;
    /// They met.
    FirstContact "first_contact" Taker PROGRESSED;
    /// The declaration of immediate availability (*DID*) is recorded.
    DidRecorded "did_recorded" Taker PROGRESSED;
    /// The *patto di servizio* is signed.
    PattoSigned "patto_signed" Taker PROGRESSED;
    /// A course, internship or certification begins.
    PathwayOpened "pathway_opened" Taker PROGRESSED;
    /// Ended with any outcome but want of contact.
    Close "close" Taker Some("referral.closed");
    /// Ended with the outcome `no_contact`: the only one that needs no work begun.
    CloseNoContact "close_no_contact" Taker Some("referral.closed");
    /// The opener or the person ends the thread.
    Withdraw "withdraw" Opener Some("referral.withdrawn");
    /// The opener asks for it to be taken up again.
    Reopen "reopen" Opener Some("referral.reopened");
    /// Another node holds the card now and goes on in a thread of its own.
    HolderChanged "holder_changed" Opener Some("referral.holder-changed");
}

impl Event {
    /// The inverse of [`Event::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|event| event.as_str() == text)
    }

    /// Told by the link, not done by anyone at the desk.
    pub fn is_transport(self) -> bool {
        matches!(self, Self::DeliveryAck | Self::TransportRefused | Self::TransportExpired)
    }

    /// Ends the thread whatever the other side does at the same time: it stands when it crosses a decision.
    pub fn stands(self) -> bool {
        matches!(self, Self::Withdraw | Self::HolderChanged)
    }

    /// An answer that the person must be told (*Dillo alla persona*). What happened in her presence she knows.
    pub fn concerns_person(self) -> bool {
        matches!(
            self,
            Self::RequestInfo
                | Self::Accept
                | Self::Decline
                | Self::AppointmentSet
                | Self::AppointmentMoved
                | Self::Close
                | Self::CloseNoContact
        )
    }
}
