//! What a judge says, in words for somebody who has never seen a signature.

/// How it stands with one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is proven.
    Proven,
    /// The file does not prove it; nothing speaks against it either.
    Open,
    /// Something in the file is not what it says to be.
    Wrong,
}

impl Verdict {
    /// In Italian.
    pub const fn it(self) -> &'static str {
        match self {
            Self::Proven => "PROVATO",
            Self::Open => "NON PROVATO",
            Self::Wrong => "FALSO O ALTERATO",
        }
    }

    /// In English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Proven => "PROVEN",
            Self::Open => "NOT PROVEN",
            Self::Wrong => "FALSE OR ALTERED",
        }
    }
}

/// One thing that was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How it stands.
    pub verdict: Verdict,
    /// What was judged, as programs name it: `authority`, `chain`, `message`, `receipt`, `entry`, `history`.
    pub about: &'static str,
    /// In Italian.
    pub it: String,
    /// In English.
    pub en: String,
}

impl Finding {
    pub(super) fn proven(about: &'static str, it: String, en: String) -> Self {
        Self { verdict: Verdict::Proven, about, it, en }
    }

    pub(super) fn open(about: &'static str, it: String, en: String) -> Self {
        Self { verdict: Verdict::Open, about, it, en }
    }

    pub(super) fn wrong(about: &'static str, it: String, en: String) -> Self {
        Self { verdict: Verdict::Wrong, about, it, en }
    }
}
