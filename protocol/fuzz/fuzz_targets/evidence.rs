#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| staffetta_fuzz::run("evidence", bytes));
