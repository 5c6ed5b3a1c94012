#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| staffetta_fuzz::run("entry", bytes));
