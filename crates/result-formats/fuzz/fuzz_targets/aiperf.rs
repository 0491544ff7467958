#![no_main]

use benchmark_result_formats_fuzz::survive;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| survive("aiperf", bytes));
