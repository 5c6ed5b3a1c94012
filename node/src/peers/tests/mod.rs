//! Whole nodes on loopback, and a stand-in for the authority that does what it is told.

mod calls;
mod members;
mod net;
