//! The code lists of the card. `not_asked` means that nobody asked; `unknown` that the answer is not known.
//! The lists CL14, CL15, CL37, CL38 and CL39 are those of Europass and EURES, spelt in snake_case.

mod formal;
mod permit;
mod person;
mod skills;
mod wishes;

pub use formal::*;
pub use permit::*;
pub use person::*;
pub use skills::*;
pub use wishes::*;
