//! Three nodes in one process, on every kind of database; messages are carried by hand, without HTTP.

mod api;
mod consent;
mod crossing;
mod paper;
mod recalled;
mod rectified;
mod relay;
mod sap;
mod transfer;
mod world;
